// SPDX-License-Identifier: Apache-2.0
// Committed changes as server-sent events: id = sequence number, so that a client resumes where it
// was cut off.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/http.h"
#include "engine/engine.h"

namespace leoflow::api {

constexpr size_t kEventQueueMax = 4096;  // changes waiting for a client; beyond: reset
constexpr Duration kEventHeartbeat = std::chrono::seconds(15);

struct EventFilter {
  std::string dag_id, run_id;  // empty = all
};

class EventStream : public StreamSource {
 public:
  // last_seen: resume after this sequence number. engine and clock outlive this.
  EventStream(Engine& engine, const Clock& clock, EventFilter filter,
              std::optional<uint64_t> last_seen);

  void start(std::function<void()> wake) override;
  Next pull(std::string& out) override;
  Duration interval() const override { return kEventHeartbeat; }

 private:
  struct Queue;
  void write(const Change& change, std::string& out);
  void catch_up(std::string& out);

  Engine& engine_;
  const Clock& clock_;
  EventFilter filter_;
  std::optional<uint64_t> last_seen_;
  bool opened_ = false;
  Time last_output_{};
  std::shared_ptr<Queue>
      queue_;  // shared with the engine's listener, which may still run when we are gone
  std::shared_ptr<void> subscription_;
};

}  // namespace leoflow::api
