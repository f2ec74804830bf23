// SPDX-License-Identifier: Apache-2.0
// One cluster: its API client and the thread they all share. Outlives who uses it.
#pragma once

#include <functional>
#include <memory>

#include "exec/kubernetes/api_client.h"

namespace leoflow::kube {

constexpr Duration kBlockingCallMax = std::chrono::seconds(60);

class Cluster {
 public:
  // Errors: those of ApiClient::create. Nothing is asked of the cluster yet.
  static Result<std::unique_ptr<Cluster>> connect(ClusterAccess access, const Clock& clock,
                                                  ApiClient::Options options);
  // Ends the thread; no reply or callback follows. Idempotent, any other thread.
  void stop();
  ~Cluster();

  Loop& loop() { return thread_.loop(); }
  ApiClient& api() { return *api_; }  // on the loop's thread
  // Runs task on the loop's thread and returns when it is done. Any other thread, not after stop().
  void run(std::function<void()> task);
  // Blocks until the reply of what `begin` starts; any other thread. `timeout` after
  // kBlockingCallMax, `unavailable` after stop().
  ApiResult<json::object> call(std::function<void(ApiClient&, ApiClient::Reply)> begin);

 private:
  explicit Cluster() : thread_("kubernetes") {}

  std::unique_ptr<ApiClient> api_;
  std::atomic<bool> stopped_ = false;
  LoopThread thread_;  // last: its tasks use the rest
};

}  // namespace leoflow::kube
