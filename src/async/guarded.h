// SPDX-License-Identifier: Apache-2.0
// A value that several threads share: reachable only while its lock is held.
#pragma once

#include <mutex>
#include <utility>

namespace leoflow {

// Any thread. Keep the function short; never call out of the component from inside it.
template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Runs function(value) under the lock and returns what it returns.
  template <typename Function>
  auto with(Function&& function) {
    std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(value_);
  }
  template <typename Function>
  auto with(Function&& function) const {
    std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(static_cast<const T&>(value_));
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace leoflow
