// SPDX-License-Identifier: Apache-2.0
// A claim in which the pods of a cluster of one node share what they fetch. With more nodes it
// would tie all pods to one of them, so there is none.
#pragma once

#include <functional>
#include <string>

#include "exec/kubernetes/cluster.h"

namespace leoflow::kube {

constexpr uint64_t kOwnCacheBytes = uint64_t(10) << 30;  // asked for; agents keep less

struct OwnCacheSettings {
  std::string namespace_name, instance;
  std::string storage_class;                      // empty = the cluster's default
  Duration look_every = std::chrono::seconds(1);  // at a claim that is not bound yet
  Duration look_for = std::chrono::minutes(5);
};

// The claim as JSON, for the node of that name: said here, a class that waits for a first consumer
// does not. Pure.
json::object make_cache_claim(const OwnCacheSettings& settings, const std::string& node);

// Owned by who owns the cluster, which ends before it.
class OwnCache {
 public:
  // `ready` is told the claim's name when pods may mount it; the cluster's thread. It never is
  // where there are several nodes, none of our business, or no volume: the log says so.
  using Ready = std::function<void(const std::string& claim)>;
  OwnCache(Cluster& cluster, OwnCacheSettings settings, Ready ready)
      : cluster_(cluster), settings_(std::move(settings)), ready_(std::move(ready)) {}

  void start();  // any thread, once

 private:
  void find_node();
  void make(const std::string& node);
  void look();
  void look_later();
  static void do_without(const std::string& why);

  Cluster& cluster_;
  const OwnCacheSettings settings_;
  const Ready ready_;
  Duration looked_{0};  // cluster's thread
};

}  // namespace leoflow::kube
