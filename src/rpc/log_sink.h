// SPDX-License-Identifier: Apache-2.0
// Where the logs of attempts are stored. Implemented over the log store; called on the service's
// session thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "model/ids.h"

namespace leoflow {

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Stores bytes that begin at `offset` of the attempt's log and returns how far the log is stored
  // now. Bytes before that are known and skipped; when offset lies past the end nothing is stored
  // (the agent sends again from there). Chunks are whole lines except inside lines longer than a
  // chunk. Nothing is durable before sync() says so.
  virtual Result<uint64_t> append(AttemptId attempt, uint64_t offset, std::string_view bytes) = 0;
  // Makes what was appended durable soon and then says how far that is, from any thread or from
  // within the call. A later call for the same attempt may take the place of one that has not
  // begun; when the sink ends first, nobody is told.
  virtual void sync(AttemptId attempt, std::function<void(Result<uint64_t>)> done) {
    done(stored(attempt));
  }
  // An agent has the attempt (again): its log, of which `stored` bytes are here, will get an end.
  virtual void log_begun(AttemptId attempt, uint64_t stored) {
    static_cast<void>(attempt);
    static_cast<void>(stored);
  }
  // The log is complete once it has so many bytes.
  virtual void log_ended(AttemptId attempt, uint64_t bytes) {
    static_cast<void>(attempt);
    static_cast<void>(bytes);
  }
  // How far the log is durably stored; 0 for an unknown attempt.
  virtual uint64_t stored(AttemptId attempt) = 0;
};

}  // namespace leoflow
