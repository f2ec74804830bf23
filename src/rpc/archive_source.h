// SPDX-License-Identifier: Apache-2.0
// The archives that pods fetch. Implemented over the server's disk.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace leoflow {

class ArchiveSource {
 public:
  virtual ~ArchiveSource() = default;
  // The file whose bytes have this SHA-256 (64 hex digits). Worker threads, several at once.
  // `not_found` when there is none (any more): the attempt that names it is placed again.
  virtual Result<fs::path> find(const std::string& sha256) = 0;
};

}  // namespace leoflow
