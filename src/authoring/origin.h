// SPDX-License-Identifier: Apache-2.0
// Where the files of a version come from: a commit, or a moment on somebody's disk.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "base/time.h"

namespace leoflow {

constexpr Duration kGitTimeMax = std::chrono::seconds(2);
constexpr size_t kLabelBytesMax = 200;

struct Origin {
  std::string label;   // `git describe --tags --always --dirty`, else "dev-20240229T130509Z"
  std::string commit;  // hex; empty = in no repository
  std::string url;     // where people see the folder at that commit; empty = unknown
};

// Of a folder. Without a repository, a commit or git itself, or when git is slow, there is only the
// label of the moment. Blocks, at most kGitTimeMax for each of three questions to git.
Origin origin_of(const fs::path& folder, Time now);

// The page of a folder at a commit, by a repository's remote: GitHub, GitLab and Bitbucket, also
// one's own when its host says so. Empty for others. Credentials in the remote are left out. Pure.
std::string browse_url(std::string_view remote, std::string_view commit, std::string_view folder);

}  // namespace leoflow
