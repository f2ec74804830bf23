// SPDX-License-Identifier: Apache-2.0
// The label of a version: which commit it came from, or when it was made.
#pragma once

#include <string>

#include "base/file.h"
#include "base/time.h"

namespace leoflow {

constexpr Duration kGitTimeMax = std::chrono::seconds(2);

// `git describe --tags --always --dirty` of the folder, or "dev-20240229T130509Z" when it is in no
// repository, the repository has no commit, or git is missing or slow. Blocks, at most kGitTimeMax.
std::string version_label(const fs::path& folder, Time now);

}  // namespace leoflow
