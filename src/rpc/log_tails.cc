// SPDX-License-Identifier: Apache-2.0
#include "rpc/log_tails.h"

#include <algorithm>

namespace leoflow {

void LogTails::begun(AttemptId attempt, uint64_t stored) {
  tails_.with([&](Tails& tails) {
    if (tails.size() >= kTailsMax) tails.clear();
    Tail& tail = tails[attempt];
    tail.stored = std::max(tail.stored, stored);
    tail.quiet_since.reset();
  });
}

void LogTails::grew(AttemptId attempt, uint64_t stored) {
  tails_.with([&](Tails& tails) {
    auto found = tails.find(attempt);
    if (found == tails.end()) return;
    Tail& tail = found->second;
    tail.stored = std::max(tail.stored, stored);
    tail.quiet_since.reset();
    if (tail.complete()) tails.erase(found);
  });
}

void LogTails::ended(AttemptId attempt, uint64_t bytes) {
  tails_.with([&](Tails& tails) {
    auto found = tails.find(attempt);
    if (found == tails.end()) return;
    found->second.end = bytes;
    if (found->second.complete()) tails.erase(found);
  });
}

bool LogTails::complete(AttemptId attempt, Time now) {
  return tails_.with([&](Tails& tails) {
    auto found = tails.find(attempt);
    if (found == tails.end()) return true;
    Tail& tail = found->second;
    if (!tail.quiet_since) tail.quiet_since = now;
    if (now - *tail.quiet_since < kLogTailQuietMax) return false;
    tails.erase(found);
    return true;
  });
}

size_t LogTails::size() const {
  return tails_.with([](const Tails& tails) { return tails.size(); });
}

}  // namespace leoflow
