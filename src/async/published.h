// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "async/guarded.h"

namespace leoflow {

// A value that one thread replaces as a whole while others read it; a reader keeps what it got.
// Instead of std::atomic<std::shared_ptr>: reading that of GCC 12 ends without release, which is a
// data race with the next replacement.
template <typename T>
class Published {
 public:
  Published() : value_(std::make_shared<const T>()) {}

  void set(T value) {
    auto next = std::make_shared<const T>(std::move(value));
    value_.with([&](auto& current) { current.swap(next); });  // the old one goes outside the lock
  }
  std::shared_ptr<const T> get() const {
    return value_.with([](auto& current) { return current; });
  }

 private:
  Guarded<std::shared_ptr<const T>> value_;
};

}  // namespace leoflow
