// SPDX-License-Identifier: Apache-2.0
// Properties that hold for every DAG: what is written reads back, and broken documents never crash
// the reader.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "model/dag_spec.h"

namespace leoflow {
namespace {

namespace gen = rc::gen;

std::string any_text() { return *gen::string<std::string>(); }
// Text that survives JSON: valid UTF-8.
std::string any_word() {
  return *gen::container<std::string>(gen::elementOf(std::string("abcXYZ 019_-.\"\\\n\t{}$")));
}
std::vector<std::string> any_words() {
  std::vector<std::string> words(*gen::inRange(0, 4));
  for (std::string& word : words) word = any_word();
  return words;
}
std::vector<std::string> sorted_words() {
  std::vector<std::string> words = any_words();
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}
bool any_bool() { return *gen::arbitrary<bool>(); }
Duration any_duration() { return Duration(*gen::inRange<int64_t>(0, 1'000'000'000'000'000)); }
Time any_time() {
  return from_micros(*gen::inRange<int64_t>(-60'000'000'000'000'000, 250'000'000'000'000'000));
}

template <typename Make>
auto maybe(Make make) -> std::optional<decltype(make())> {
  if (any_bool()) return std::nullopt;
  return make();
}

json::value any_value(int depth) {
  switch (*gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0: return nullptr;
    case 1: return any_bool();
    case 2: return *gen::arbitrary<int64_t>();
    case 3: return double(*gen::arbitrary<int32_t>()) / 64 + 0.015625;
    case 4: return json::value(boost::json::string(any_word()));
    case 5: {
      json::array items;
      for (int i = *gen::inRange(0, 3); i > 0; --i) items.push_back(any_value(depth - 1));
      return items;
    }
    default: {
      json::object members;
      for (int i = *gen::inRange(0, 3); i > 0; --i) members[any_word()] = any_value(depth - 1);
      return members;
    }
  }
}
json::object any_object() {
  json::object members;
  for (int i = *gen::inRange(0, 3); i > 0; --i) members[any_word()] = any_value(2);
  return members;
}

std::map<std::string, ParamSpec> any_params() {
  std::map<std::string, ParamSpec> params;
  for (int i = *gen::inRange(0, 3); i > 0; --i) {
    params[any_word()] = {maybe([] { return any_value(2); }), any_object(), maybe(any_word)};
  }
  return params;
}

ScheduleSpec any_schedule() {
  ScheduleSpec schedule;
  schedule.kind = ScheduleSpec::Kind(*gen::inRange(0, 9));
  schedule.crons = {any_word()};
  schedule.timezone = any_word();
  schedule.delta = any_duration() + Duration(1);
  schedule.interval = any_duration();
  schedule.run_immediately = ScheduleSpec::Immediately(*gen::inRange(0, 4));
  schedule.immediately_window = any_duration();
  schedule.events = {any_time(), any_time()};
  std::sort(schedule.events.begin(), schedule.events.end());
  schedule.restrict_to_events = any_bool();
  schedule.summary = any_word();
  schedule.description = any_word();
  return schedule;
}

ResourceSpec any_resources() {
  ResourceSpec resources;
  resources.cpu_request = "100m";
  if (any_bool()) {
    resources.memory_limit = "64Mi";
    resources.memory_limit_bytes = uint64_t(64) << 20;
  }
  resources.claims = {any_value(1)};
  return resources;
}

void any_rules(TaskSpec& task) {
  task.trigger_rule = TriggerRule(*gen::inRange(0, kTriggerRuleCount));
  task.retries = *gen::inRange(0, kRetriesMax + 1);
  task.retry_delay = any_duration();
  task.retry_exponential_backoff = double(*gen::inRange(0, 100)) / 8;
  task.retry_delay_max = maybe(any_duration);
  task.execution_timeout = maybe(any_duration);
  task.depends_on_past = any_bool();
  task.wait_for_downstream = any_bool();
  task.ignore_first_depends_on_past = any_bool();
  task.wait_for_past_depends_before_skipping = any_bool();
  task.priority_weight = *gen::arbitrary<int>();
  task.weight_rule = WeightRule(*gen::inRange(0, 3));
  task.pool_slots = *gen::inRange(1, 9);
  task.max_active_tis_per_dag = maybe([] { return *gen::inRange(0, 9); });
  task.start_date = maybe(any_time);
}

MapSource any_source(int number, int depth) {
  MapSource source;
  source.kind = MapSource::Kind(*gen::inRange(0, depth > 0 ? 4 : 2));
  if (number == 0 && source.kind == MapSource::Kind::task) source.kind = MapSource::Kind::literal;
  switch (source.kind) {
    case MapSource::Kind::literal: source.length = *gen::inRange(0, 5); break;
    case MapSource::Kind::task: source.task_id = "t0"; break;
    default:
      source.fill = source.kind == MapSource::Kind::zip && any_bool();
      for (int i = *gen::inRange(1, 3); i > 0; --i)
        source.parts.push_back(any_source(number, depth - 1));
  }
  return source;
}

TaskSpec any_task(int number, int count) {
  TaskSpec task;
  task.task_id = "t" + std::to_string(number);
  task.display_name = "d" + any_word();
  task.operator_name = any_word();
  task.doc_md = maybe(any_word);
  // Edges to later numbers only: acyclic.
  for (int other = number + 1; other < count; ++other) {
    if (any_bool()) task.downstream.push_back("t" + std::to_string(other));
  }
  std::sort(task.downstream.begin(), task.downstream.end());
  any_rules(task);
  task.inline_success = any_bool();
  task.do_xcom_push = any_bool();
  task.template_fields = any_words();
  task.task_groups = any_words();
  task.xcom_inputs = sorted_words();
  if (any_bool()) task.expand = {any_source(number, 2)};
  task.params = any_params();
  task.env = {{any_word(), any_word()}};
  task.connections = maybe(any_words);
  task.resources = maybe(any_resources);
  task.execution = any_object();
  return task;
}

DagSpec any_dag() {
  DagSpec spec;
  spec.dag_id = "dag." + std::to_string(*gen::inRange(0, 9));
  spec.display_name = "d" + any_word();
  spec.description = maybe(any_word);
  spec.tags = sorted_words();
  spec.owners = sorted_words();
  spec.relative_fileloc = "sub/dag.py";
  spec.schedule = any_schedule();
  spec.start_date = maybe(any_time);
  spec.catchup = any_bool();
  spec.max_active_runs = *gen::inRange(0, 100);
  spec.dagrun_timeout = maybe(any_duration);
  spec.is_paused_upon_creation = maybe(any_bool);
  spec.params = any_params();
  spec.default_args = any_object();
  int count = *gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) spec.tasks.push_back(any_task(i, count));
  for (int i = 1; i < count; ++i) {  // whatever is mapped may be so over the first
    std::string id = "t" + std::to_string(i);
    std::vector<std::string>& next = spec.tasks[0].downstream;
    if (std::ranges::find(next, id) == next.end()) next.push_back(id);
  }
  spec.staging.enabled = any_bool();
  spec.start_ahead = any_bool() ? StartAhead::single : StartAhead::inherit;
  spec.connections = maybe(any_words);
  spec.variables = maybe(any_words);
  spec.warnings = any_words();
  spec.dependencies = sorted_words();
  spec.deploy = any_object();
  return spec;
}

RC_GTEST_PROP(DagJsonProperty, DumpReadsBack, ()) {
  DagSpec spec = any_dag();
  RC_ASSERT(spec.finish().has_value());
  std::string text = dump_dag_spec(spec);
  Result<DagSpec> read = parse_dag_spec(text);
  if (!read) RC_FAIL(read.error().message());
  RC_ASSERT(*read == spec);
  RC_ASSERT(dump_dag_spec(*read) == text);
}

RC_GTEST_PROP(DagJsonProperty, BrokenTextIsRefusedNotFatal, ()) {
  DagSpec spec = any_dag();
  RC_ASSERT(spec.finish().has_value());
  std::string text = dump_dag_spec(spec);
  for (int i = *gen::inRange(1, 4); i > 0; --i) {
    text[size_t(*gen::inRange(0, int(text.size())))] = *gen::arbitrary<char>();
  }
  Result<DagSpec> read = parse_dag_spec(text);
  if (read) RC_ASSERT(parse_dag_spec(dump_dag_spec(*read)).value() == *read);
}

RC_GTEST_PROP(DagJsonProperty, AnyTextIsRefusedNotFatal, ()) {
  RC_ASSERT(!parse_dag_spec(any_text()).has_value());
}

RC_GTEST_PROP(DagSpecProperty, OrderRespectsEveryEdge, ()) {
  DagSpec spec = any_dag();
  RC_ASSERT(spec.finish().has_value());
  for (size_t i = 0; i < spec.tasks.size(); ++i) {
    RC_ASSERT(spec.index_of(spec.tasks[i].task_id) == i);
    for (const std::string& next : spec.tasks[i].downstream) RC_ASSERT(*spec.index_of(next) > i);
  }
}

}  // namespace
}  // namespace leoflow
