// SPDX-License-Identifier: Apache-2.0
// Pushed projects as the API takes them; main puts authoring behind it. Blocking; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/deployment.h"

namespace leoflow::api {

class DeployPort {
 public:
  virtual ~DeployPort() = default;
  // Takes the next part of an archive. `invalid` for a part or a hash that is wrong, `conflict`
  // when another part comes next, `exhausted` when there are too many archives.
  virtual Result<UploadState> append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                                     std::string_view part) = 0;
  // `not_found` when nothing of it has arrived.
  virtual Result<UploadState> upload(const std::string& sha256) = 0;
  // Takes a deployment in: its id. `invalid`, `not_found` (its archive), `exhausted`.
  virtual Result<std::string> begin(DeploymentRequest request) = 0;
  // Nothing when it is not known, or not any more.
  virtual std::optional<Deployment> find(const std::string& id) = 0;
};

}  // namespace leoflow::api
