// SPDX-License-Identifier: Apache-2.0
// Lets the API take deployments, and writes the audit log of what became of them.
#pragma once

#include "api/deploy_port.h"
#include "authoring/deployments.h"
#include "store/admin_store.h"

namespace leoflow {

// Any thread. The deployments outlive it.
class DeployView : public api::DeployPort {
 public:
  explicit DeployView(Deployments& deployments) : deployments_(deployments) {}
  Result<UploadState> append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                             std::string_view part) override {
    return deployments_.append(sha256, bytes, offset, part);
  }
  Result<UploadState> upload(const std::string& sha256) override {
    return deployments_.upload(sha256);
  }
  Result<std::string> begin(DeploymentRequest request) override {
    return deployments_.begin(std::move(request));
  }
  std::optional<Deployment> find(const std::string& id) override { return deployments_.find(id); }

 private:
  Deployments& deployments_;
};

// The row of a version that was registered, made current or taken away.
EventLog audit_of(const DeploymentRequest& request, const DeployedDag& dag, Time now);

}  // namespace leoflow
