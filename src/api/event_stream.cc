// SPDX-License-Identifier: Apache-2.0
#include "api/event_stream.h"

#include "api/present.h"
#include "base/json.h"

namespace leoflow::api {
namespace {

std::string_view kind_name(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::run: return "run";
    case Change::Kind::task_instance: return "task_instance";
    case Change::Kind::dag: return "dag";
    case Change::Kind::import_error: return "import_error";
    case Change::Kind::asset: return "asset";
    case Change::Kind::staging: break;
  }
  return "staging";
}

std::string change_json(const Change& change) {
  json::Writer w;
  w.begin_object()
      .member("sequence", int64_t(change.sequence))
      .member("kind", kind_name(change.kind));
  w.member("at", api_time(change.at));
  member_text(w, "dag_id", change.dag_id);
  member_text(w, "run_id", change.run_id);
  member_text(w, "task_id", change.task_id);
  w.member("map_index", change.map_index).member("try_number", change.try_number);
  member_text(w, "state", change.state);
  bool dated = change.kind == Change::Kind::run || change.kind == Change::Kind::task_instance;
  if (dated && !change.deleted) {
    member_time(w, "queued_at", change.queued_at);
    member_time(w, "start_date", change.start_date);
    member_time(w, "end_date", change.end_date);
    member_duration(w, change.start_date, change.end_date);
    w.member("version_number", change.version_number);
    member_text(w, "reason", change.reason);
  }
  w.member("deleted", change.deleted).end_object();
  return w.take();
}

struct Waiting {
  std::vector<Changes> changes;
  size_t count = 0;  // of all of them
  bool overflow = false;
};

}  // namespace

struct EventStream::Queue {
  Guarded<Waiting> waiting;
};

void ChangeTexts::append(const Change& change, std::string& out) {
  slots_.with([&](std::vector<Slot>& slots) {
    Slot& slot = slots[change.sequence % slots.size()];
    if (slot.sequence != change.sequence || slot.text.empty()) {
      slot.sequence = change.sequence;
      slot.text = "id: " + std::to_string(change.sequence) + "\nevent: ";
      slot.text.append(kind_name(change.kind)).append("\ndata: ");
      slot.text.append(change_json(change)).append("\n\n");
    }
    out += slot.text;
  });
}

Changes SharedChanges::of(const std::vector<Change>& changes) {
  return last_.with([&](Changes& last) {
    // Callers that see some DAGs only are told a part of a commit.
    if (!last || !std::ranges::equal(*last, changes, {}, &Change::sequence, &Change::sequence))
      last = std::make_shared<const std::vector<Change>>(changes);
    return last;
  });
}

EventStream::EventStream(Engine& engine, const Clock& clock, ChangeTexts& texts, EventFilter filter,
                         std::optional<uint64_t> last_seen)
    : engine_(engine),
      clock_(clock),
      texts_(texts),
      filter_(std::move(filter)),
      last_seen_(last_seen),
      queue_(std::make_shared<Queue>()) {
  texts_.stream_opened();
}

void EventStream::start(std::function<void()> wake) {
  subscription_ = engine_.subscribe([queue = queue_, shared = texts_.shared(),
                                     wake = std::move(wake)](const std::vector<Change>& told) {
    Changes changes = shared->of(told);
    bool first = queue->waiting.with([&](Waiting& waiting) {
      bool empty = waiting.changes.empty() && !waiting.overflow;
      waiting.count += changes->size();
      if (waiting.count > kEventQueueMax) waiting = {.overflow = true};
      if (!waiting.overflow) waiting.changes.push_back(std::move(changes));
      return empty;
    });
    if (first) wake();
  });
}

// Changes that come in by both ways, the history and the subscription, are told once.
void EventStream::write(const Change& change, std::string& out) {
  if (last_seen_ && change.sequence <= *last_seen_) return;
  last_seen_ = change.sequence;
  if (!filter_.dag_id.empty() && change.dag_id != filter_.dag_id) return;
  if (!filter_.run_id.empty() && change.run_id != filter_.run_id) return;
  texts_.append(change, out);
}

void EventStream::catch_up(std::string& out) {
  out += "retry: 2000\n: connected\n\n";
  if (!last_seen_) return;
  auto missed = engine_.changes_since(*last_seen_);
  if (!missed) {
    // The numbers may have started anew (another server process): whatever comes next is news.
    last_seen_.reset();
    out += "event: reset\ndata: {}\n\n";
    return;
  }
  for (const Change& change : *missed) write(change, out);
}

StreamSource::Next EventStream::pull(std::string& out) {
  if (!opened_) catch_up(out);
  opened_ = true;
  Waiting waiting = queue_->waiting.with([](Waiting& shared) { return std::exchange(shared, {}); });
  if (waiting.overflow) out += "event: reset\ndata: {}\n\n";
  for (const Changes& changes : waiting.changes) {
    for (const Change& change : *changes) write(change, out);
  }
  Time now = clock_.now();
  if (out.empty() && now - last_output_ >= kEventHeartbeat) {
    // The id lets a client that sees nothing of its filter resume from here.
    if (last_seen_) out += "id: " + std::to_string(*last_seen_) + "\n";
    out += ": heartbeat\n\n";
  }
  if (!out.empty()) last_output_ = now;
  return Next::wait;
}

}  // namespace leoflow::api
