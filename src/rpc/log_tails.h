// SPDX-License-Identifier: Apache-2.0
// Which logs still grow although their attempt is settled: an outcome is known before the agent has
// sent the last lines. In memory only: after a restart agents say again what they hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "async/guarded.h"
#include "model/ids.h"

namespace leoflow {

// A log nobody has written to for so long counts as complete: its agent may be lost.
constexpr auto kLogTailQuietMax = std::chrono::seconds(5);

// Any thread.
class LogTails {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // An agent has the attempt, `stored` bytes of its log are here.
  void begun(AttemptId attempt, uint64_t stored);
  void grew(AttemptId attempt, uint64_t stored);
  // The agent's log has so many bytes and gets no more.
  void ended(AttemptId attempt, uint64_t bytes);
  // Whether all of the log is stored. To be asked only of settled attempts: the first question
  // begins the wait for its end. Attempts that were never begun are complete.
  bool complete(AttemptId attempt, Time now);
  size_t size() const;

 private:
  static constexpr size_t kTailsMax = 50'000;  // of lost agents, mostly; all are dropped past it
  struct Tail {
    uint64_t stored = 0;
    std::optional<uint64_t> end;
    std::optional<Time> quiet_since;
    bool complete() const { return end && stored >= *end; }
  };
  using Tails = std::map<AttemptId, Tail>;
  Guarded<Tails> tails_;
};

}  // namespace leoflow
