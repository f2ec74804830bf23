// SPDX-License-Identifier: Apache-2.0
// Where the volumes of runs live. A backend only makes, removes and lists them; when that happens
// is decided elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "exec/staging_name.h"

namespace leoflow {

constexpr size_t kStagingListMax = 100'000;

// A volume as the backend finds it.
struct StagingFound {
  std::string name;
  std::string path;  // local folder; empty when it is not local
  Time created_at{};
};

// Any thread. Blocks: worker threads only.
class StagingBackend {
 public:
  virtual ~StagingBackend() = default;
  // Makes the volume, or finds the one of that name again with what is in it (clear re-attaches).
  // Returns the path where tasks find it. `invalid` for a name that staging_name()
  // cannot have made, `exhausted` when the place is full.
  virtual Result<std::string> create(const std::string& name, uint64_t size_bytes) = 0;
  // Removes the volume and what is in it; a missing one is success. The name is free when this
  // returns, the space may take longer to come back.
  virtual Status remove(const std::string& name) = 0;
  // All volumes there are, also those no run knows (orphans), by name.
  virtual Result<std::vector<StagingFound>> list() = 0;
  // Bytes in use. `not_found` for an unknown name.
  virtual Result<uint64_t> size(const std::string& name) = 0;
};

}  // namespace leoflow
