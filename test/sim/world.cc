// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <sstream>

#include "base/check.h"

namespace leoflow::sim {
namespace {

constexpr auto kAgentRetry = std::chrono::milliseconds(200);   // an unacknowledged outcome is repeated
constexpr auto kRestart = std::chrono::milliseconds(300);
constexpr auto kHeldGrace = std::chrono::seconds(3);  // of places that nobody wants after a restart
constexpr int kAheadMax = 4;
constexpr int64_t kReturnedLengths = 4;  // of what tasks are mapped over: 0 to 3
constexpr int kTraceMax = 200'000;

}  // namespace

World::World(uint64_t seed, Faults faults, Behaviour behaviour)
    : random_(seed), faults_(faults), behaviour_(behaviour), now_(from_micros(1'700'000'000'000'000)) {
  auto store = open_sqlite_store({.synchronous_full = false});
  CHECK(store.has_value());
  store_ = std::move(*store);
  start_server();
  if (faults_.agent_dies_every.count() > 0) at(up_to(faults_.agent_dies_every), [this] { agent_dies(); });
  if (faults_.server_dies_every.count() > 0) at(up_to(faults_.server_dies_every), [this] { crash_server(); });
}

World::~World() = default;

Duration World::up_to(Duration most) {
  return Duration(std::uniform_int_distribution<int64_t>(1, std::max<int64_t>(1, most.count()))(random_));
}

void World::at(Duration delay, std::function<void()> action) { agenda_.emplace(now_ + delay, std::move(action)); }

void World::send(std::function<void()> action) {
  if (chance(faults_.message_lost)) return;
  int copies = chance(faults_.message_doubled) ? 2 : 1;
  for (int i = 0; i < copies; ++i) at(up_to(faults_.message_delay_max), action);
}

void World::breached(const std::string& what) {
  if (breach_.empty()) breach_ = what + " (at " + format_time(now_) + ")";
}

void World::add_dag(const std::string& dag_id, const std::string& edges, const std::function<void(DagSpec&)>& edit) {
  DagSpec spec;
  spec.dag_id = spec.display_name = dag_id;
  spec.relative_fileloc = "dag.py";
  std::map<std::string, TaskSpec> tasks;
  auto task = [&](const std::string& id) -> TaskSpec& {
    TaskSpec& one = tasks[id];
    one.task_id = one.display_name = id;
    one.operator_name = "Simulated";
    one.retry_delay = std::chrono::seconds(1);
    one.retries = 2;
    return one;
  };
  std::istringstream words(edges);
  for (std::string word; words >> word;) {
    size_t arrow = word.find('>');
    TaskSpec& from = task(word.substr(0, arrow));
    if (arrow == std::string::npos) continue;
    from.downstream.push_back(word.substr(arrow + 1));
    task(word.substr(arrow + 1));
  }
  for (auto& [id, one] : tasks) spec.tasks.push_back(one);
  if (edit) edit(spec);
  CHECK(spec.finish().has_value());
  for (const TaskSpec& one : spec.tasks) {
    for (const AssetExpression& outlet : one.outlets)
      outlets_[{dag_id, one.task_id}].push_back(outlet.key);
  }
  DagVersion version{.dag_id = dag_id, .label = "sim", .content_hash = dag_id + edges, .dag_json = dump_dag_spec(spec),
                     .created_at = now_};
  Dag dag{.dag_id = dag_id, .is_paused = false, .fileloc = "dag.py", .last_parsed_time = now_};
  auto registered = store_->dags().register_version(version, dag, {.paused = false});
  CHECK(registered.has_value());
  deliver(event::DagChanged{dag_id});
}

void World::trigger(const std::string& dag_id, const std::string& run_id, std::optional<Time> logical_date) {
  TriggerRequest request{.dag_id = dag_id, .run_id = run_id, .logical_date = logical_date};
  // A person repeats a request that got no clear answer; `exists` then tells that the first one was heard.
  auto reply = [this, dag_id, run_id, logical_date](Result<DagRun> run) {
    bool unclear = !run && run.error().code() != Code::exists;
    if (unclear) repeat_trigger(dag_id, run_id, logical_date);
  };
  if (!core_) return repeat_trigger(dag_id, run_id, logical_date);
  deliver(event::Trigger{std::move(request), reply});
}

void World::repeat_trigger(const std::string& dag_id, const std::string& run_id, std::optional<Time> logical_date) {
  ++triggers_waiting_;
  at(std::chrono::seconds(1), [=, this] {
    --triggers_waiting_;
    trigger(dag_id, run_id, logical_date);
  });
}

void World::ask(Event event) {
  asked_ = true;
  deliver(std::move(event));
}

void World::start_server() {
  ++server_life_;
  core_ = std::make_unique<Core>(*store_, CoreOptions{.parallelism = 8,
                                                     .start_ahead = behaviour_.start_ahead,
                                                     .ahead_max = kAheadMax});
  auto loaded = core_->load(now_);
  CHECK(loaded.has_value());
  server_turn();
  agent_connects();
  uint64_t life = server_life_;
  at(kHeldGrace, [this, life] {
    if (life == server_life_) end_unwanted();
  });
}

void World::crash_server() {
  if (core_) {
    ++crashes_;
    ++server_life_;
    core_.reset();
    for (auto& [key, held] : held_) held.wanted = false, held.item.attempt = {};
    // What waited in the server's memory is gone; requests among it are repeated by those who asked.
    std::vector<Event> lost = std::exchange(inbox_, {});
    for (Event& event : lost) {
      if (auto* asked = std::get_if<event::Trigger>(&event)) asked->reply(fail(Code::unavailable, "server died"));
    }
    at(kRestart, [this] {
      if (!core_) start_server();
    });
  }
  if (faults_.server_dies_every.count() > 0) at(up_to(faults_.server_dies_every), [this] { crash_server(); });
}

void World::deliver(Event event) {
  if (!core_) return;
  inbox_.push_back(std::move(event));
  if (turn_planned_) return;
  turn_planned_ = true;
  at(Duration(up_to(std::chrono::microseconds(300))), [this] {
    turn_planned_ = false;
    if (core_) server_turn();
  });
}

void World::server_turn() {
  for (Event& event : std::exchange(inbox_, {})) core_->handle(std::move(event), now_);
  core_->advance(now_);
  Step step = core_->take_step(now_);
  auto die = [&](bool written) {
    for (auto& answer : step.effects.answers) answer(fail(Code::unavailable, "server died"));
    trace_ += written ? "!" : "?";
    crash_server();
  };
  if (!step.batch.empty()) {
    ++commits_;
    bool exactly = faults_.crash_at_commit == commits_;
    if ((exactly && !faults_.crash_at_commit_after) || chance(faults_.crash_before_commit)) return die(false);
    bool refused = chance(faults_.commit_refused);
    while (refused && chance(0.5)) now_ += std::chrono::milliseconds(20);  // the runner waits and tries again
    auto committed = store_->engine().commit(step.batch);
    if (!committed) return breached("commit failed: " + committed.error().message());
    if ((exactly && faults_.crash_at_commit_after) || chance(faults_.crash_after_commit)) return die(true);
    if (chance(faults_.commit_unknown)) {
      for (auto& answer : step.effects.answers) answer(fail(Code::outcome_unknown, "commit"));
      if (auto loaded = core_->load(now_); !loaded) return breached(loaded.error().message());
      for (auto& [key, held] : held_) held.wanted = held.item.attempt.value != 0;
      uint64_t life = server_life_;
      at(kHeldGrace, [this, life] {
        if (life == server_life_) end_unwanted();
      });
      server_turn();
      agent_connects();
      return;
    }
    check_store();
  }
  core_->committed();
  perform(std::move(step.effects));
  if (auto next = core_->next_timer()) {
    uint64_t life = server_life_;
    at(std::max(*next - now_, Duration(1)), [this, life] {
      if (core_ && life == server_life_ && !turn_planned_) server_turn();
    });
  }
}

void World::perform(Effects effects) {
  for (const WorkItem& item : effects.placed) place(item);
  for (auto [attempt, reason] : effects.cancelled) {
    send([this, attempt = attempt] { agent_cancelled(attempt); });
  }
  for (AttemptId attempt : effects.acknowledged) {
    acknowledged_.insert(attempt);
    send([this, attempt] { places_.erase(attempt); });
  }
  for (HeldKey key : effects.forgotten) {
    auto held = held_.find(key);
    if (held != held_.end() && !held->second.item.attempt) held_.erase(held);
  }
  for (const WorkItem& item : effects.expected) expect(item);
  for (auto& answer : effects.answers) answer(Status{});
}

// ---- the executor ----

void World::place(const WorkItem& item) {
  HeldKey key{item.task_instance, item.try_number};
  auto held = held_.find(key);
  bool usable = held != held_.end() && held->second.item.version == item.version &&
                (!held->second.item.attempt || held->second.item.attempt == item.attempt);
  if (!usable) return send([this, item] { agent_assigned(item); });
  held->second.item = item;
  held->second.wanted = true;
  if (held->second.connected) hand_over(key);
}

void World::expect(const WorkItem& item) {
  HeldKey key{item.task_instance, item.try_number};
  auto record = store_->engine().load_run(item.dag_id, item.run_id);
  for (const TaskInstance& row : (*record)->task_instances) {
    bool late = row.key == item.task_instance && row.state != TaskState::none;
    if (late) breached(item.task_id + " is expected and " + std::string(to_string(row.state)));
  }
  auto [held, fresh] = held_.try_emplace(key, Held{.item = item});
  held->second.wanted = true;
  auto open = std::ranges::count_if(
      held_, [](const auto& one) { return one.second.wanted && !one.second.item.attempt; });
  if (open > kAheadMax) breached("more places are held than the budget allows");
  if (!fresh) return;
  at(up_to(faults_.held_connects_max), [this, key] { held_connects(key); });
  if (chance(faults_.held_dies)) at(up_to(behaviour_.work_max), [this, key] { held_dies(key); });
}

void World::held_connects(HeldKey key) {
  auto held = held_.find(key);
  if (held == held_.end() || held->second.connected) return;
  held->second.connected = true;
  if (held->second.item.attempt) hand_over(key);
}

// Its pod is gone. What was bound to it and not handed over is lost, which costs no retry.
void World::held_dies(HeldKey key) {
  auto held = held_.find(key);
  if (held == held_.end()) return;
  AttemptId attempt = held->second.item.attempt;
  held_.erase(held);
  Outcome outcome{.attempt = attempt, .kind = OutcomeKind::lost, .ended_at = now_};
  if (attempt) deliver(event::OutcomeReported{outcome});
}

// The binding is a call inside the server, perhaps made twice; the assignment crosses the network.
void World::hand_over(HeldKey key) {
  WorkItem item = held_.at(key).item;
  held_.erase(key);
  ++held_used_;
  send([this, item] { agent_assigned(item); });
}

void World::end_unwanted() {
  std::erase_if(held_, [](const auto& one) { return !one.second.wanted; });
}

// ---- the agent ----

void World::agent_connects() {
  // A session is a stream: hello arrives whole or the connection is tried again.
  uint64_t server = server_life_, agent = agent_life_;
  at(up_to(faults_.message_delay_max), [this, server, agent] {
    if (!core_ || server != server_life_ || agent != agent_life_) return;
    std::vector<HeldAttempt> held;
    for (auto& [id, place] : places_) held.push_back({id, place.finished, place.running, 1, place.started});
    deliver(event::AgentConnected{"agent" + std::to_string(agent_life_), std::move(held)});
    for (auto& [id, place] : places_) {
      if (place.finished) agent_reports(id);
    }
    // Losing messages means losing the session: both sides meet again soon.
    if (faults_.message_lost > 0) {
      at(std::chrono::seconds(2), [this, server, agent] {
        if (core_ && server == server_life_ && agent == agent_life_) agent_connects();
      });
    }
  });
}

void World::agent_dies() {
  ++agent_life_;
  trace_ += "A";
  for (auto& [id, place] : places_) {
    if (place.finished) continue;                       // its outcome is on disk
    place.running = false, place.finished = true;
    live_.erase(place.item.task_instance);
    place.outcome = Outcome{.attempt = id, .kind = OutcomeKind::lost, .reason = "agent ended", .ended_at = now_};
  }
  at(kRestart, [this] { agent_connects(); });
  if (faults_.agent_dies_every.count() > 0) at(up_to(faults_.agent_dies_every), [this] { agent_dies(); });
}

void World::agent_assigned(WorkItem item) {
  if (places_.contains(item.attempt) || acknowledged_.contains(item.attempt)) return;
  AttemptId id = item.attempt;
  places_.emplace(id, Place{.item = item});
  uint64_t agent = agent_life_;
  send([this, id, agent] { deliver(event::AttemptClaimed{id, "agent" + std::to_string(agent), "host"}); });
  at(up_to(std::chrono::milliseconds(3)), [this, id, agent] {
    auto it = places_.find(id);
    if (agent != agent_life_ || it == places_.end() || it->second.finished) return;
    Place& place = it->second;
    check_started(place.item);
    place.running = true;
    place.started = now_;
    live_[place.item.task_instance] = id;
    send([this, id, started = now_] { deliver(event::AttemptRunning{id, 1, started}); });
    double dice = std::uniform_real_distribution<double>()(random_);
    Outcome outcome{.attempt = id, .kind = OutcomeKind::succeeded, .started_at = now_};
    if (dice < behaviour_.fails_for_good) {
      outcome.kind = OutcomeKind::failed, outcome.retryable = false, outcome.reason = "for good";
    } else if (dice < behaviour_.fails_for_good + behaviour_.fails) {
      outcome.kind = OutcomeKind::failed, outcome.reason = "as it happens";
    } else if (dice < behaviour_.fails_for_good + behaviour_.fails + behaviour_.skips) {
      outcome.kind = OutcomeKind::skipped;
    } else {
      outcome.xcoms.push_back({.map_index = place.item.map_index,
                               .key = std::string(kReturnValue),
                               .value = std::to_string(id.value),
                               .length = id.value % kReturnedLengths});
      for (const AssetKey& asset : outlets_[{place.item.dag_id, place.item.task_id}])
        outcome.asset_events.push_back({.asset = {.key = asset}});
    }
    at(up_to(behaviour_.work_max), [this, id, agent, outcome] {
      if (agent == agent_life_) agent_finishes(id, outcome);
    });
  });
}

void World::agent_cancelled(AttemptId attempt) {
  auto it = places_.find(attempt);
  if (it == places_.end() || it->second.finished) return;
  agent_finishes(attempt, {.attempt = attempt, .kind = OutcomeKind::cancelled, .reason = "cancelled"});
}

void World::agent_finishes(AttemptId attempt, Outcome outcome) {
  auto it = places_.find(attempt);
  if (it == places_.end() || it->second.finished) return;
  Place& place = it->second;
  outcome.ended_at = now_;
  place.finished = true, place.running = false;
  live_.erase(place.item.task_instance);
  if (outcome.kind == OutcomeKind::failed) ++failures_[{place.item.task_instance, place.item.try_number}];
  place.outcome = std::move(outcome);
  agent_reports(attempt);
}

void World::agent_reports(AttemptId attempt) {
  auto it = places_.find(attempt);
  if (it == places_.end() || !it->second.finished) return;
  Outcome outcome = *it->second.outcome;
  send([this, outcome] { deliver(event::OutcomeReported{outcome}); });
  at(kAgentRetry, [this, attempt] { agent_reports(attempt); });
}

// ---- the invariants ----

// DESIGN.md 1.1: user code begins only after a committed decision that its trigger rule holds, and never twice at once.
void World::check_started(const WorkItem& item) {
  if (item.kind != AttemptKind::task) return;
  std::string name = item.dag_id + "/" + item.run_id + "/" + item.task_id;
  auto other = live_.find(item.task_instance);
  if (other != live_.end()) breached("two live attempts of " + name);
  auto attempt = store_->runs().get_attempt(item.attempt);
  if (!attempt || !*attempt) return breached("attempt of " + name + " started without a committed decision");
  auto record = store_->engine().load_run(item.dag_id, item.run_id);
  if (!record || !*record) return;
  auto version = store_->dags().get_version((*record)->run.version);
  auto spec = parse_dag_spec((*version)->dag_json);
  UpstreamCounts counts;
  const TaskSpec& task = spec->tasks[*spec->index_of(item.task_id)];
  for (const TaskSpec& up : spec->tasks) {
    if (std::ranges::find(up.downstream, item.task_id) == up.downstream.end()) continue;
    bool index_wise = !task.mapped_group.empty() && task.mapped_group == up.mapped_group;
    for (const TaskInstance& row : (*record)->task_instances) {
      if (row.task_id != up.task_id || (index_wise && row.map_index != item.map_index)) continue;
      ++counts.total;
      count_state(counts, row.state, 1);
    }
  }
  if (task.depends_on_past && !asked_ && !past_went_well((*record)->run, task))
    breached("the run before does not let " + name + " start");
  bool current = false;
  for (const TaskInstance& row : (*record)->task_instances) current = current || row.attempt == item.attempt;
  // People may clear or mark what is upstream after the decision.
  if (current && !asked_ && evaluate(task.trigger_rule, counts) != Verdict::run)
    breached("trigger rule does not hold for " + name);
}

// depends_on_past: so the run before it says, if it is not younger than the decision.
bool World::past_went_well(const DagRun& run, const TaskSpec& task) {
  auto before = store_->engine().previous_run(run.dag_id, *run.logical_date, false);
  if (!before || !*before || (*before)->key > run.key) return before.has_value();
  auto rows = store_->engine().task_instances_of((*before)->key, task.task_id);
  return rows && std::ranges::all_of(*rows, [](const TaskInstance& row) {
           return row.state == TaskState::success || row.state == TaskState::skipped;
         });
}

const DagSpec& World::spec_of(const DagRun& run) {
  auto known = specs_.find(run.version);
  if (known != specs_.end()) return known->second;
  auto version = store_->dags().get_version(run.version);
  return specs_[run.version] = *parse_dag_spec((*version)->dag_json);
}

// Each task has its instances: one, or those of map index 0 and up without a gap.
bool World::is_whole(const RunRecord& record) {
  std::map<std::string, std::set<int>> indexes;
  for (const TaskInstance& row : record.task_instances) indexes[row.task_id].insert(row.map_index);
  const DagSpec& spec = spec_of(record.run);
  return std::ranges::all_of(spec.tasks, [&](const TaskSpec& task) {
    const std::set<int>& found = indexes[task.task_id];
    if (found.empty()) return false;
    bool mapped = *found.begin() == 0 && *found.rbegin() == int(found.size()) - 1;
    bool single = found.size() == 1 && *found.begin() == kUnmapped;
    return single || (mapped && !spec.mapping_of(task).empty());
  });
}

// What the store says is consistent in itself (DESIGN.md 1.2, 1.4, 1.5).
void World::check_store() {
  auto active = store_->engine().load_active();
  if (!active) return breached("load_active: " + active.error().message());
  for (const RunRecord& record : *active) {
    if (!is_whole(record))
      breached(record.run.run_id + " is not finished and lacks task instances");
    for (const TaskInstance& row : record.task_instances) {
      std::string name = record.run.dag_id + "/" + record.run.run_id + "/" + row.task_id;
      int open = 0;
      for (const Attempt& attempt : record.open_attempts) {
        open += attempt.task_instance == row.key && attempt.id == row.attempt;
      }
      bool placed = row.state == TaskState::queued || row.state == TaskState::running;
      if (placed && open != 1) breached(name + " is " + std::string(to_string(row.state)) + " without an open attempt");
      // Each try beyond the first was paid for by a failure of user code (or a clear).
      for (int n = 1; n < row.try_number && !asked_; ++n) {
        if (!failures_.contains({row.key, n})) breached(name + " spent a retry without a failure of its code");
      }
    }
  }
}

bool World::all_finished() {
  auto active = store_->engine().load_active();
  return active && active->empty();
}

void World::run(Duration limit) {
  Time end = now_ + limit;
  while (!agenda_.empty() && breach_.empty()) {
    auto next = agenda_.begin();
    if (next->first > end) break;
    now_ = std::max(now_, next->first);
    auto action = std::move(next->second);
    agenda_.erase(next);
    action();
    if (trace_.size() > kTraceMax) break;
    bool quiet = core_ && inbox_.empty() && !turn_planned_ && places_.empty() && held_.empty() &&
                 triggers_waiting_ == 0;
    if (quiet && all_finished()) break;
  }
}

}  // namespace leoflow::sim
