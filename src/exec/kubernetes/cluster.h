// SPDX-License-Identifier: Apache-2.0
// One cluster: its API client and the thread they all share. Outlives who uses it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <set>

#include "async/guarded.h"
#include "exec/kubernetes/api_client.h"

namespace leoflow::kube {

constexpr Duration kBlockingCallMax = std::chrono::seconds(60);

class Cluster {
 public:
  // Errors: those of ApiClient::create. Nothing is asked of the cluster yet.
  static Result<std::unique_ptr<Cluster>> connect(ClusterAccess access, const Clock& clock,
                                                  ApiClient::Options options);
  // Ends blocked calls and refuses further ones; replies and callbacks go on. Any thread.
  void refuse_calls();
  // Ends the thread as well; no reply or callback follows. Idempotent, any other thread.
  void stop();
  ~Cluster();

  Loop& loop() { return thread_->loop(); }
  // To run on it what talks to the cluster's users often: handing over within a thread wakes
  // nobody. Must not block on call() or run().
  std::shared_ptr<LoopThread> thread() { return thread_; }
  ApiClient& api() { return *api_; }  // on the loop's thread
  // Runs task on the loop's thread and returns when it is done. Any other thread, not after stop().
  void run(std::function<void()> task);
  // Blocks until the reply of what `begin` starts; any other thread. `timeout` after
  // kBlockingCallMax, `unavailable` after refuse_calls().
  ApiResult<json::object> call(std::function<void(ApiClient&, ApiClient::Reply)> begin);

 private:
  using Answer = std::promise<ApiResult<json::object>>;
  struct Waiting {
    std::set<std::shared_ptr<Answer>> calls;
    bool refused = false;
  };
  explicit Cluster() : thread_(std::make_shared<LoopThread>("kubernetes")) {}
  // Whether it waited; only who is told so may answer.
  bool take(const std::shared_ptr<Answer>& call);

  std::unique_ptr<ApiClient> api_;
  Guarded<Waiting> waiting_;
  std::atomic<bool> stopped_ = false;
  std::shared_ptr<LoopThread> thread_;  // last: its tasks use the rest
};

}  // namespace leoflow::kube
