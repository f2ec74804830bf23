// SPDX-License-Identifier: Apache-2.0
// Committed changes as server-sent events: id = sequence number, so that a client resumes where it
// was cut off.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "async/guarded.h"
#include "engine/engine.h"

namespace leoflow::api {

constexpr size_t kEventQueueMax = 4096;  // changes waiting for a client; beyond: reset
constexpr Duration kEventHeartbeat = std::chrono::seconds(15);
// The first change is told at once; what follows it closely waits for company, the longer the more
// streams there are to write to.
constexpr Duration kEventPacePerStream = std::chrono::microseconds(400);
constexpr Duration kEventPaceMax = std::chrono::milliseconds(80);
constexpr size_t kChangeTextsKept = 256;

struct EventFilter {
  std::string dag_id, run_id;  // empty = all
};

using Changes = std::shared_ptr<const std::vector<Change>>;

// What the streams share: how many they are, the changes of one commit, and the text of each of the
// last changes, made once. Any thread.
class SharedChanges {
 public:
  // A copy, the same one for all who are told the same.
  Changes of(const std::vector<Change>& changes);

 private:
  Guarded<Changes> last_;
};

class ChangeTexts {
 public:
  void append(const Change& change, std::string& out);
  // Listeners of the engine may still hold it when this is gone.
  const std::shared_ptr<SharedChanges>& shared() const { return shared_; }

  void stream_opened() { ++streams_; }
  void stream_closed() { --streams_; }
  Duration pace() const { return std::min(streams_.load() * kEventPacePerStream, kEventPaceMax); }

 private:
  struct Slot {
    uint64_t sequence = 0;
    std::string text;  // empty: nothing is kept here
  };
  Guarded<std::vector<Slot>> slots_{kChangeTextsKept};
  const std::shared_ptr<SharedChanges> shared_ = std::make_shared<SharedChanges>();
  std::atomic<int> streams_ = 0;
};

class EventStream : public StreamSource {
 public:
  // last_seen: resume after this sequence number. engine, clock and texts outlive this.
  EventStream(Engine& engine, const Clock& clock, ChangeTexts& texts, EventFilter filter,
              std::optional<uint64_t> last_seen);
  ~EventStream() override { texts_.stream_closed(); }

  void start(std::function<void()> wake) override;
  Next pull(std::string& out) override;
  Duration interval() const override { return kEventHeartbeat; }
  Duration pace() const override { return texts_.pace(); }
  bool blocks() const override { return !opened_; }

 private:
  struct Queue;
  void write(const Change& change, std::string& out);
  void catch_up(std::string& out);

  Engine& engine_;
  const Clock& clock_;
  ChangeTexts& texts_;
  EventFilter filter_;
  std::optional<uint64_t> last_seen_;
  bool opened_ = false;
  Time last_output_{};
  std::shared_ptr<Queue>
      queue_;  // shared with the engine's listener, which may still run when we are gone
  std::shared_ptr<void> subscription_;
};

}  // namespace leoflow::api
