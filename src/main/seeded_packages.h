// SPDX-License-Identifier: Apache-2.0
// pip and setuptools, which `python -m venv` puts into an environment that nobody asked them for:
// nine of ten files of a small one, and each pod would unpack them. An environment that `uv` made
// has neither.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace leoflow {

constexpr size_t kMetadataBytesMax = size_t(4) << 20;  // of METADATA and RECORD of one package

// Names right below `site_packages` that only belong to them. Nothing of a package that
// `dependencies` or another installed package names, whatever the version or extra.
std::set<std::string> seeded_packages(const fs::path& site_packages,
                                      const std::vector<std::string>& dependencies);

}  // namespace leoflow
