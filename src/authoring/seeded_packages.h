// SPDX-License-Identifier: Apache-2.0
// pip and setuptools, which `python -m venv` puts into an environment that nobody asked them for:
// nine of ten files of a small one, which each pod would unpack. An environment that `uv` makes has
// neither, and what a DAG finds shall not depend on what made its environment.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace leoflow {

constexpr size_t kMetadataBytesMax = size_t(4) << 20;  // of METADATA and RECORD of one package

// Paths from `site_packages` that only belong to them: names right below it, and their scripts.
// Nothing of a package that `dependencies` or another installed package names, whatever the version
// or extra.
std::set<std::string> seeded_packages(const fs::path& site_packages,
                                      const std::vector<std::string>& dependencies);

}  // namespace leoflow
