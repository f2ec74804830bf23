// SPDX-License-Identifier: Apache-2.0
// A fixed number of threads that run blocking work. The queue is bounded.
#pragma once

#include <functional>
#include <memory>

namespace leoflow::api {

class WorkerPool {
 public:
  using Work = std::move_only_function<void()>;

  WorkerPool(size_t threads, size_t queue_max);
  ~WorkerPool();  // stop(), then destroys work that never ran

  // Any thread. False when queue_max pieces of work wait or run already: the work is dropped.
  bool post(Work work);
  // Starts nothing new and joins the threads after the work they are in. Not from a worker.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow::api
