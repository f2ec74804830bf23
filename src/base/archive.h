// SPDX-License-Identifier: Apache-2.0
// Folders that travel inside the program: cmake/LeoflowEmbed.cmake packs them, this reads them.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"

namespace leoflow {

// Views into the archive's bytes, which outlive it.
struct ArchiveFile {
  std::string_view path;  // relative, with slashes
  std::string_view content;
};

// The files of an archive, sorted by path. `internal` when it is damaged.
Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes);

}  // namespace leoflow
