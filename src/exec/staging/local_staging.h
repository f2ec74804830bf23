// SPDX-License-Identifier: Apache-2.0
// Staging volumes as folders of this host: ROOT/<name>. Removing renames the folder to
// ROOT/.deleted-* at once and empties it on a worker; what a crash leaves of that is removed by the
// next start.
#pragma once

#include <memory>

#include "async/loop.h"
#include "base/file.h"
#include "exec/staging/staging_backend.h"

namespace leoflow {

class LocalStaging final : public StagingBackend {
 public:
  explicit LocalStaging(fs::path root);
  ~LocalStaging()
      override;  // waits for the removal in progress; the rest is done by the next start

  // Makes the volume, or finds the one of that name again with what is in it (clear re-attaches).
  // Returns the path where tasks find it. `invalid` for a name that staging_name() cannot have
  // made, `exhausted` when the place is full.
  Result<std::string> create(const std::string& name, uint64_t size_bytes);
  Status remove(const std::string& name) override;
  Result<std::vector<StagingFound>> list() override;
  Result<uint64_t> size(const std::string& name) override;

  // Returns when everything removed so far is gone from the disk.
  void wait_removed();

 private:
  void remove_later(fs::path aside);

  fs::path root_;
  LoopThread remover_;
};

}  // namespace leoflow
