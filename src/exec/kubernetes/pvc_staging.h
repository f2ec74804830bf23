// SPDX-License-Identifier: Apache-2.0
// Staging volumes as PersistentVolumeClaims, one per run, found again by label.
#pragma once

#include <functional>
#include <set>

#include "async/guarded.h"
#include "exec/kubernetes/cluster.h"
#include "exec/staging/staging_backend.h"

namespace leoflow::kube {

constexpr Duration kRemovalPause = std::chrono::seconds(10);
constexpr size_t kRemovalsLeftMax = 10'000;  // past it, the sweep has them

struct PvcSettings {
  std::string namespace_name, instance;
  std::string storage_class;  // of volumes that name none; empty = the cluster's default
  std::string access_mode = "ReadWriteOnce";
  Duration removal_pause = kRemovalPause;  // between tries
};

struct PvcRequest {
  std::string name;
  uint64_t size_bytes = 0;
  std::string storage_class;  // empty = the settings'
  std::string dag_id, run_id;
};

// The claim as JSON. Pure.
json::object make_claim(const PvcSettings& settings, const PvcRequest& request);
// Whether a class fits: the named one exists, or there is a default. `invalid` with advice when
// not. Pure; `classes` are the cluster's StorageClass objects.
Status class_fits(const std::string& wanted, const json::array& classes);

class PvcStaging final : public StagingBackend {
 public:
  using Done = std::move_only_function<void(Status)>;
  PvcStaging(Cluster& cluster, PvcSettings settings)
      : cluster_(cluster), settings_(std::move(settings)) {}

  // Makes the claim or finds it. The cluster's thread, where the reply comes too, perhaps within
  // the call. `invalid` when no class fits; what may pass is `unavailable` or `exhausted`.
  void ensure(PvcRequest request, Done done);
  // Removes without waiting, and again for as long as the API is away; what else fails is logged
  // and left to the sweep of orphans, as is what a server did not remove before it ended. Any
  // thread.
  void remove_later(const std::string& name);
  const PvcSettings& settings() const { return settings_; }

  std::vector<StagingFound> found(const json::array& claims) const;

  Status remove(const std::string& name) override;
  Result<std::vector<StagingFound>> list() override;
  // Not known to the API: `unavailable` for a volume that exists.
  Result<uint64_t> size(const std::string& name) override;

 private:
  void check_class(PvcRequest request, Done done);
  void make(PvcRequest request, Done done);
  void remove_now(const std::string& name);
  void removed(const std::string& name, const ApiResult<json::object>& gone);
  void remove_next();

  Cluster& cluster_;
  const PvcSettings settings_;
  Guarded<std::set<std::string>> made_;  // known to exist
  // All below: cluster's thread.
  std::set<std::string> classes_checked_;
  std::set<std::string> left_;  // what could not be removed yet; tried one by one
  Loop::TimerId removal_timer_ = 0;
};

}  // namespace leoflow::kube
