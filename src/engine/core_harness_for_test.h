// SPDX-License-Identifier: Apache-2.0
// A Core over an in-memory database, driven by hand: time moves when a test says so, outcomes are what a test says.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "base/check.h"
#include "engine/core.h"

namespace leoflow {

class CoreHarness {
 public:
  explicit CoreHarness(CoreOptions options = {}) : now(from_micros(1'700'000'000'000'000)) {
    auto opened = open_sqlite_store({.synchronous_full = false});
    CHECK(opened.has_value());
    store = std::move(*opened);
    options.staging_root = "volumes";
    core = std::make_unique<Core>(*store, options);
    CHECK(core->load(now).has_value());
    step();
  }

  // "a>b c": edges and lone tasks, all named by one word.
  void dag(const std::string& id, const std::string& edges, const std::function<void(DagSpec&)>& edit = {}) {
    DagSpec spec;
    spec.dag_id = spec.display_name = id;
    spec.relative_fileloc = "dag.py";
    std::map<std::string, TaskSpec> tasks;
    auto task = [&](const std::string& name) -> TaskSpec& {
      tasks[name].task_id = tasks[name].display_name = name;
      return tasks[name];
    };
    std::istringstream words(edges);
    for (std::string word; words >> word;) {
      size_t arrow = word.find('>');
      TaskSpec& from = task(word.substr(0, arrow));
      if (arrow == std::string::npos) continue;
      from.downstream.push_back(word.substr(arrow + 1));
      task(word.substr(arrow + 1));
    }
    for (auto& [name, one] : tasks) spec.tasks.push_back(one);
    if (edit) edit(spec);
    CHECK(spec.finish().has_value());
    std::string text = dump_dag_spec(spec);
    DagVersion version{.dag_id = id, .label = "v", .content_hash = text, .dag_json = text, .created_at = now};
    Dag row{.dag_id = id, .fileloc = "dag.py", .last_parsed_time = now};
    CHECK(store->dags().register_version(version, row, {.paused = false}).has_value());
    core->handle(event::DagChanged{id}, now);
    step();
  }

  // "a", of a mapped instance "a[1]".
  static std::string name_of(const std::string& task_id, int map_index) {
    return map_index == kUnmapped ? task_id : task_id + "[" + std::to_string(map_index) + "]";
  }

  static TaskSpec& task(DagSpec& spec, const std::string& id) {
    for (TaskSpec& one : spec.tasks) {
      if (one.task_id == id) return one;
    }
    CHECK(false);
    return spec.tasks.front();
  }

  void forget(TaskInstanceKey key, int try_number) {
    size_t gone = std::erase_if(expected, [&](const WorkItem& item) {
      if (item.task_instance != key || item.try_number != try_number) return false;
      forgotten.push_back(item.task_id);
      return true;
    });
    CHECK(gone == 1);
  }

  // Tasks that may come: "b c", by task id.
  std::string may_come() const {
    std::set<std::string> ids;
    for (const WorkItem& item : expected) ids.insert(item.task_id);
    std::string text;
    for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
    return text;
  }

  // Takes and commits steps until nothing changes any more.
  void step() {
    for (;;) {
      core->advance(now);
      Step taken = core->take_step(now);
      bool nothing = taken.empty();
      auto committed = store->engine().commit(taken.batch);
      ASSERT_TRUE(committed.has_value()) << committed.error().message();
      core->committed();
      for (const WorkItem& item : taken.effects.placed) {
        std::erase_if(expected, [&](const WorkItem& one) {
          return one.task_instance == item.task_instance && one.try_number == item.try_number;
        });
      }
      for (const WorkItem& item : taken.effects.placed)
        placed[item.run_id + "/" + name_of(item.task_id, item.map_index)] = item;
      for (const WorkItem& item : taken.effects.placed) order.push_back(item.task_id);
      for (auto [attempt, reason] : taken.effects.cancelled) cancelled.push_back(attempt);
      for (Change& change : taken.effects.changes) changes.push_back(std::move(change));
      for (auto& volume : taken.effects.staging_freed) freed.push_back(volume);
      for (auto& gone : taken.effects.tasks_deleted) tasks_deleted.push_back(gone);
      for (auto one : taken.effects.forgotten) forget(one.first, one.second);
      for (const WorkItem& item : taken.effects.expected) {
        CHECK(item.attempt.value == 0);
        expected.push_back(item);
      }
      for (auto& answer : taken.effects.answers) answer(Status{});
      bool due = core->next_timer() && *core->next_timer() <= now;
      if (nothing && !due) return;
    }
  }

  template <typename Answer, typename AskedEvent, typename Request>
  Result<Answer> ask(Request request) {
    Result<Answer> result = fail(Code::internal, "not answered");
    core->handle(AskedEvent{std::move(request), [&](Result<Answer> r) { result = std::move(r); }}, now);
    step();
    return result;
  }

  Result<DagRun> trigger(const std::string& dag_id, const std::string& run_id,
                         std::optional<Time> logical_date = {}, json::object conf = {}) {
    return ask<DagRun, event::Trigger>(TriggerRequest{.dag_id = dag_id, .run_id = run_id,
                                                      .logical_date = logical_date, .conf = std::move(conf)});
  }

  // Succeeds with a return value: of a collection with its length.
  void returns(const std::string& run_and_task, std::optional<int64_t> length) {
    WorkItem item = placed.at(run_and_task);
    XCom xcom{.map_index = item.map_index,
              .key = std::string(kReturnValue),
              .value = "[]",
              .length = length};
    end(run_and_task, OutcomeKind::succeeded, true, {xcom});
  }

  void end(const std::string& run_and_task, OutcomeKind kind = OutcomeKind::succeeded,
           bool retryable = true, std::vector<XCom> xcoms = {}) {
    auto it = placed.find(run_and_task);
    ASSERT_NE(it, placed.end()) << run_and_task << " was not placed";
    Outcome outcome{.attempt = it->second.attempt,
                    .kind = kind,
                    .retryable = retryable,
                    .started_at = now,
                    .ended_at = now,
                    .xcoms = std::move(xcoms)};
    placed.erase(it);
    core->handle(event::OutcomeReported{outcome}, now);
    step();
  }

  void pass(Duration time) {
    now += time;
    step();
  }

  // "a=success b[0]=running" by task id and map index; "-" for no state.
  std::string states(const std::string& dag_id, const std::string& run_id) {
    auto record = store->engine().load_run(dag_id, run_id);
    CHECK(record.has_value() && record->has_value());
    std::map<std::string, std::string> sorted;
    for (const TaskInstance& row : (*record)->task_instances) {
      sorted[name_of(row.task_id, row.map_index)] =
          row.state == TaskState::none ? "-" : std::string(to_string(row.state));
    }
    std::string text;
    for (const auto& [id, state] : sorted) text += (text.empty() ? "" : " ") + id + "=" + state;
    return text;
  }

  TaskInstance instance(const std::string& dag_id, const std::string& run_id, const std::string& task_id) {
    auto record = store->engine().load_run(dag_id, run_id);
    for (const TaskInstance& row : (*record)->task_instances) {
      if (row.task_id == task_id) return row;
    }
    CHECK(false);
    return {};
  }

  DagRun run(const std::string& dag_id, const std::string& run_id) {
    auto row = store->runs().get_run(dag_id, run_id);
    CHECK(row.has_value() && row->has_value());
    return **row;
  }

  std::string state(const std::string& dag_id, const std::string& run_id) {
    return std::string(to_string(run(dag_id, run_id).state));
  }

  std::string reason(const std::string& dag_id, const std::string& run_id, const std::string& task_id) {
    std::string text;
    core->handle(event::AskReasons{dag_id, run_id, [&](auto reasons) {
      for (const auto& one : *reasons) {
        if (one.task_id == task_id) text = one.text;
      }
    }}, now);
    step();
    return text;
  }

  Time now;
  std::unique_ptr<Store> store;
  std::unique_ptr<Core> core;
  std::map<std::string, WorkItem> placed;   // by "run/task", not ended yet
  std::vector<std::string> order;           // task ids as they were placed
  std::vector<AttemptId> cancelled;
  std::vector<WorkItem> expected;           // told and neither placed nor forgotten
  std::vector<std::string> forgotten;
  std::vector<StagingVolume> freed;
  std::vector<TaskDeleted> tasks_deleted;
  std::vector<Change> changes;              // all that were told
};

}  // namespace leoflow
