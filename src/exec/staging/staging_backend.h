// SPDX-License-Identifier: Apache-2.0
// Where the volumes of runs live. A backend only removes and lists them, and makes them in a way of
// its own; when that happens is decided elsewhere.
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
  // Removes the volume and what is in it; a missing one is success. The name is free when this
  // returns, the space may take longer to come back. `invalid` for a name that staging_name()
  // cannot have made.
  virtual Status remove(const std::string& name) = 0;
  // All volumes there are, also those no run knows (orphans), by name.
  virtual Result<std::vector<StagingFound>> list() = 0;
  // Bytes in use. `not_found` for an unknown name.
  virtual Result<uint64_t> size(const std::string& name) = 0;
};

}  // namespace leoflow
