// SPDX-License-Identifier: Apache-2.0
// Counters of the API and the Prometheus text of everything the server counts. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/time.h"
#include "engine/engine.h"

namespace leoflow::api {

class Metrics {
 public:
  // One finished request: operation id ("unmatched" for unknown paths), status, time in the
  // handler.
  void request(const std::string& operation, int status, std::chrono::steady_clock::duration took);
  void stream_opened() { ++streams_; }
  void stream_closed() { --streams_; }

  // Prometheus text exposition, version 0.0.4.
  std::string text(const EngineStats& engine, Time now) const;

 private:
  // Upper bounds in milliseconds; one more bucket takes the rest.
  static constexpr std::array<int, 11> kBounds{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000};

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, uint64_t>
      requests_;  // by operation and status; guarded by mutex_
  std::array<uint64_t, kBounds.size() + 1> buckets_{};  // guarded by mutex_
  double seconds_ = 0;                                  // guarded by mutex_
  std::atomic<int64_t> streams_ = 0;
};

}  // namespace leoflow::api
