// SPDX-License-Identifier: Apache-2.0
#include "api/worker_pool.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace leoflow::api {

struct WorkerPool::Impl {
  Impl(size_t threads, size_t queue_max) : queue_max(queue_max), pool(threads) {}

  const size_t queue_max;
  std::atomic<size_t> pending = 0;
  boost::asio::thread_pool pool;
};

WorkerPool::WorkerPool(size_t threads, size_t queue_max)
    : impl_(std::make_unique<Impl>(threads, queue_max)) {}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::post(Work work) {
  if (++impl_->pending > impl_->queue_max) {
    --impl_->pending;
    return false;
  }
  boost::asio::post(impl_->pool, [impl = impl_.get(), work = std::move(work)]() mutable {
    work();
    --impl->pending;
  });
  return true;
}

void WorkerPool::stop() {
  impl_->pool.stop();
  impl_->pool.join();
}

}  // namespace leoflow::api
