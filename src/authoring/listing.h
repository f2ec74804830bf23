// SPDX-License-Identifier: Apache-2.0
// The entries of a folder, without exceptions.
#pragma once

#include <system_error>
#include <vector>

#include "base/file.h"

namespace leoflow {

// In the order of the file system. After an error: what was read until then.
inline std::vector<fs::directory_entry> list_folder(const fs::path& folder,
                                                    std::error_code& error) {
  std::vector<fs::directory_entry> entries;
  fs::directory_iterator at(folder, error);
  while (!error && at != fs::directory_iterator()) {
    entries.push_back(*at);
    at.increment(error);
  }
  return entries;
}

}  // namespace leoflow
