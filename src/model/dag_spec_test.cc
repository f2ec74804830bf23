// SPDX-License-Identifier: Apache-2.0
#include "model/dag_spec.h"

#include <gtest/gtest.h>

#include <sstream>

namespace leoflow {
namespace {

// A DAG from lines "task > downstream downstream".
DagSpec dag_of(const std::string& text) {
  DagSpec spec;
  spec.dag_id = "d";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    TaskSpec task;
    words >> task.task_id;
    for (std::string word; words >> word;) {
      if (word != ">") task.downstream.push_back(word);
    }
    if (!task.task_id.empty()) spec.tasks.push_back(std::move(task));
  }
  return spec;
}

std::string order_of(const DagSpec& spec) {
  std::string names;
  for (const TaskSpec& task : spec.tasks) names += (names.empty() ? "" : " ") + task.task_id;
  return names;
}

std::string weights_of(DagSpec spec, WeightRule rule) {
  for (TaskSpec& task : spec.tasks) task.weight_rule = rule;
  EXPECT_TRUE(spec.finish().has_value());
  std::string text;
  for (const TaskSpec& task : spec.tasks)
    text += task.task_id + ":" + std::to_string(task.effective_weight) + " ";
  return text;
}

std::string refusal(const std::string& document) {
  Result<DagSpec> spec = parse_dag_spec(document);
  if (spec) return "accepted";
  EXPECT_EQ(spec.error().code(), Code::invalid);
  return spec.error().message();
}

TEST(DagSpec, SortsTopologicallyWithTiesById) {
  DagSpec spec = dag_of("z > a\nc > b\na\nb > a\nd");
  ASSERT_TRUE(spec.finish().has_value());
  EXPECT_EQ(order_of(spec), "c b d z a");
  EXPECT_EQ(spec.index_of("z"), 3u);
  EXPECT_EQ(spec.index_of("a"), 4u);
  EXPECT_FALSE(spec.index_of("aa").has_value());
  EXPECT_FALSE(spec.index_of("").has_value());
}

TEST(DagSpec, FinishTwiceChangesNothing) {
  DagSpec once = dag_of("z > a\nc > b\na\nb > a");
  ASSERT_TRUE(once.finish().has_value());
  DagSpec twice = once;
  ASSERT_TRUE(twice.finish().has_value());
  EXPECT_EQ(once, twice);
}

TEST(DagSpec, NamesTheCycle) {
  Status status = dag_of("start > a\na > b\nb > c\nc > a end\nend").finish();
  EXPECT_EQ(status.error().message(), "the tasks form a cycle: a -> b -> c -> a");
  EXPECT_EQ(dag_of("a > a").finish().error().message(), "the tasks form a cycle: a -> a");
}

TEST(DagSpec, AbridgesALongCycle) {
  std::string text;
  for (int i = 100; i < 200; ++i)
    text += "t" + std::to_string(i) + " > t" + std::to_string(i == 199 ? 100 : i + 1) + "\n";
  std::string message = dag_of(text).finish().error().message();
  EXPECT_NE(message.find("t100 -> t101 -> "), std::string::npos);
  EXPECT_NE(message.find("t109 -> ... -> t190"), std::string::npos) << message;
  EXPECT_TRUE(message.ends_with("t199 -> t100")) << message;
}

TEST(DagSpec, RefusesBrokenGraphs) {
  EXPECT_EQ(dag_of("a\na").finish().error().message(), "task 'a' is defined twice");
  EXPECT_EQ(dag_of("a > b").finish().error().message(),
            "task 'a' has an unknown downstream task 'b'");
  DagSpec large;
  large.tasks.resize(kTasksPerDagMax + 1);
  EXPECT_EQ(large.finish().error().message(), "a DAG can have at most 20000 tasks, not 20001");
}

TEST(DagSpec, EffectiveWeightFollowsTheRule) {
  DagSpec diamond = dag_of("a > b c\nb > d\nc > d\nd");
  for (TaskSpec& task : diamond.tasks) task.priority_weight = task.task_id == "d" ? 10 : 1;
  EXPECT_EQ(weights_of(diamond, WeightRule::downstream), "a:13 b:11 c:11 d:10 ");
  EXPECT_EQ(weights_of(diamond, WeightRule::upstream), "a:1 b:2 c:2 d:13 ");
  EXPECT_EQ(weights_of(diamond, WeightRule::absolute), "a:1 b:1 c:1 d:10 ");
}

TEST(DagSpec, EffectiveWeightIsClamped) {
  DagSpec chain = dag_of("a > b\nb");
  for (TaskSpec& task : chain.tasks) task.priority_weight = 2'000'000'000;
  EXPECT_EQ(weights_of(chain, WeightRule::downstream), "a:2147483647 b:2000000000 ");
  for (TaskSpec& task : chain.tasks) task.priority_weight = -2'000'000'000;
  EXPECT_EQ(weights_of(chain, WeightRule::upstream), "a:-2000000000 b:-2147483648 ");
}

TEST(DagSpec, RulesMayDifferPerTask) {
  DagSpec spec = dag_of("a > b\nb > c\nc");
  spec.tasks[1].weight_rule = WeightRule::upstream;
  spec.tasks[2].weight_rule = WeightRule::absolute;
  ASSERT_TRUE(spec.finish().has_value());
  EXPECT_EQ(spec.tasks[0].effective_weight, 3);
  EXPECT_EQ(spec.tasks[1].effective_weight, 2);
  EXPECT_EQ(spec.tasks[2].effective_weight, 1);
}

TEST(DagJson, FillsInDefaults) {
  Result<DagSpec> spec = parse_dag_spec(R"({"dag_id":"etl","tasks":[{"task_id":"load"}]})");
  ASSERT_TRUE(spec.has_value()) << spec.error().message();
  EXPECT_EQ(spec->display_name, "etl");
  EXPECT_EQ(spec->relative_fileloc, "dag.py");
  EXPECT_EQ(spec->max_active_runs, 16);
  EXPECT_EQ(spec->staging.size_bytes, uint64_t(1) << 30);
  EXPECT_EQ(spec->tasks[0].display_name, "load");
  EXPECT_EQ(spec->tasks[0].retry_delay, std::chrono::seconds(300));
  EXPECT_FALSE(spec->connections.has_value());
}

TEST(DagJson, ReadsEveryPart) {
  Result<DagSpec> spec =
      parse_dag_spec(R"({"schema_version":"1.0","dag_id":"etl","tags":["b","a","b"],
    "schedule":{"kind":"cron_interval","crons":["0 0 * * *"],"timezone":"Europe/Berlin",
      "summary":"0 0 * * *"},
    "start_date":"2024-01-01T00:00:00Z","dagrun_timeout":90.5,"is_paused_upon_creation":false,
    "params":{"day":{"value":"mon","schema":{"enum":["mon"]}},"required":{"schema":{}}},
    "staging":{"enabled":true,"size":"5Gi"},"connections":["pg"],"variables":null,
    "tasks":[{"task_id":"load","retries":2,"max_retry_delay":600,"max_active_tis_per_dag":3,
      "env":{"A":"1"},"xcom_inputs":["b","a"],
      "resources":{"requests":{"cpu":"100m"},"limits":{"memory":"64Mi"}}}]})");
  ASSERT_TRUE(spec.has_value()) << spec.error().message();
  EXPECT_EQ(spec->tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(spec->schedule.kind, ScheduleSpec::Kind::cron_interval);
  EXPECT_EQ(*spec->dagrun_timeout, std::chrono::milliseconds(90'500));
  EXPECT_EQ(*spec->is_paused_upon_creation, false);
  EXPECT_TRUE(spec->params.at("day").value.has_value());
  EXPECT_FALSE(spec->params.at("required").value.has_value());
  EXPECT_EQ(spec->staging.size_bytes, uint64_t(5) << 30);
  EXPECT_EQ(spec->connections, (std::vector<std::string>{"pg"}));
  const TaskSpec& task = spec->tasks[0];
  EXPECT_EQ(task.retry_delay_max, std::chrono::seconds(600));
  EXPECT_EQ(task.max_active_tis_per_dag, 3);
  EXPECT_EQ(task.xcom_inputs, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(task.resources->memory_limit_bytes, uint64_t(64) << 20);
  EXPECT_EQ(task.resources->cpu_request, "100m");
}

TEST(DagJson, KnowsTheTasksOfAGroupAndOfTheGroupsInIt) {
  auto spec = parse_dag_spec(R"({"dag_id":"etl","tasks":[
    {"task_id":"out.in.a","task_groups":["out","out.in"]},{"task_id":"plain","task_groups":["out"]},
    {"task_id":"other"},{"task_id":"out.of"}]})");
  ASSERT_TRUE(spec.has_value()) << spec.error().message();
  using Ids = std::vector<std::string>;
  EXPECT_EQ(spec->tasks_in_group("out"), (Ids{"out.in.a", "plain"}));
  EXPECT_EQ(spec->tasks_in_group("out.in"), (Ids{"out.in.a"}));
  EXPECT_EQ(spec->tasks_in_group("other"), Ids{});
  for (TaskSpec& task : spec->tasks) task.task_groups.clear();
  EXPECT_EQ(spec->tasks_in_group("out"), (Ids{"out.in.a", "out.of"})) << "an older version";
  EXPECT_EQ(dump_dag_spec(*spec).find("task_groups"), std::string::npos);
}

TEST(DagJson, DumpIsCanonicalAndReadsBack) {
  std::string text =
      R"({"tasks":[{"retries":1,"task_id":"b"},{"task_id":"a","downstream":["b"]}],"dag_id":"x"})";
  DagSpec spec = parse_dag_spec(text).value();
  std::string dumped = dump_dag_spec(spec);
  EXPECT_EQ(parse_dag_spec(dumped).value(), spec);
  EXPECT_EQ(dump_dag_spec(parse_dag_spec(dumped).value()), dumped);
  EXPECT_TRUE(dumped.starts_with(
      R"({"schema_version":"1.0","dag_id":"x","dag_display_name":"x","description":null,)"));
  EXPECT_NE(
      dumped.find(
          R"("retries":1,"retry_delay":300,"retry_exponential_backoff":0,"max_retry_delay":null)"),
      std::string::npos);
}

struct BadCase {
  const char* document;
  const char* message;
};

TEST(DagJson, RefusesWithThePath) {
  const BadCase cases[] = {
      {R"([])", "must be an object, not an array"},
      {R"({})", "dag_id: is required"},
      {R"({"dag_id":"a b"})", "dag_id: not a valid id: 'a b'"},
      {R"({"dag_id":7})", "dag_id: must be a string, not a number"},
      {R"({"dag_id":"d","schema_version":"2.0"})",
       "schema_version: '2.0' is not supported, only '1.0'"},
      {R"({"dag_id":"d","colour":1})", "colour: unknown key"},
      {R"({"dag_id":"d","tags":"x"})", "tags: must be an array, not a string"},
      {R"({"dag_id":"d","tags":["x",2]})", "tags[1]: must be a string, not a number"},
      {R"({"dag_id":"d","catchup":null})", "catchup: must be true or false, not null"},
      {R"({"dag_id":"d","max_active_runs":1.5})",
       "max_active_runs: must be an integer, not a number"},
      {R"({"dag_id":"d","max_active_runs":-1})", "max_active_runs: must be from 0 to 2147483647"},
      {R"({"dag_id":"d","start_date":"2024-01-01"})", "start_date: not an instant: '2024-01-01'"},
      {R"({"dag_id":"d","dagrun_timeout":-1})",
       "dagrun_timeout: must be a number of seconds from 0 to 1000000000"},
      {R"({"dag_id":"d","dagrun_timeout":"1"})", "dagrun_timeout: must be a number, not a string"},
      {R"({"dag_id":"d","relative_fileloc":"/etc/dag.py"})",
       "relative_fileloc: must be relative to the bundle"},
      {R"({"dag_id":"d","relative_fileloc":"a/../../dag.py"})",
       "relative_fileloc: must stay inside the bundle"},
      {R"({"dag_id":"d","schedule":{"kind":"weekly"}})", "schedule.kind: unknown value 'weekly'"},
      {R"({"dag_id":"d","schedule":{"kind":null}})", "schedule.kind: must be a string, not null"},
      {R"({"dag_id":"d","schedule":{"kind":"cron_trigger"}})",
       "schedule.crons: must hold one expression for this kind"},
      {R"({"dag_id":"d","schedule":{"kind":"delta_interval"}})",
       "schedule.delta: must be more than 0 for this kind"},
      {R"({"dag_id":"d","schedule":{"kind":"events","events":["x"]}})",
       "schedule.events[0]: not an instant: 'x'"},
      {R"({"dag_id":"d","params":{"p":{"default":1}}})", "params.p.default: unknown key"},
      {R"({"dag_id":"d","params":{"p":5}})", "params.p: must be an object, not a number"},
      {R"({"dag_id":"d","staging":{"size":"big"}})", "staging.size: not a size: 'big'"},
      {R"({"dag_id":"d","tasks":{}})", "tasks: must be an array, not an object"},
      {R"({"dag_id":"d","tasks":[7]})", "tasks[0]: must be an object, not a number"},
      {R"({"dag_id":"d","tasks":[{}]})", "tasks[0].task_id: is required"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a"},{"task_id":"b","retries":"3"}]})",
       "tasks[1].retries: must be an integer, not a string"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","retries":1001}]})",
       "tasks[0].retries: must be from 0 to 1000"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","retries":18446744073709551615}]})",
       "tasks[0].retries: must be from 0 to 1000"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","trigger_rule":"sometimes"}]})",
       "tasks[0].trigger_rule: unknown value 'sometimes'"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","weight_rule":""}]})",
       "tasks[0].weight_rule: unknown value ''"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","pool_slots":0}]})",
       "tasks[0].pool_slots: must be from 1 to 2147483647"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","env":{"A":1}}]})",
       "tasks[0].env.A: must be a string, not a number"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","resources":{"limits":{"memory":"x"}}}]})",
       "tasks[0].resources.limits.memory: not a size: 'x'"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","resources":{"gpu":1}}]})",
       "tasks[0].resources.gpu: unknown key"},
      {R"({"dag_id":"d","tasks":[{"task_id":"a","downstream":["b"]}]})",
       "task 'a' has an unknown downstream task 'b'"},
  };
  for (const BadCase& bad : cases) EXPECT_EQ(refusal(bad.document), bad.message) << bad.document;
}

// A DAG of a and b > c; `more` goes to task c, `of_dag` to the DAG.
std::string mapped_dag(const std::string& more, const std::string& of_dag = "") {
  std::string others = R"({"task_id":"a"},{"task_id":"b","downstream":["c"]})";
  return R"({"dag_id":"d","tasks":[)" + others + R"(,{"task_id":"c")" + more + "}]" + of_dag + "}";
}

TEST(DagJson, ReadsWhatTasksAndGroupsAreMappedOver) {
  auto spec = parse_dag_spec(
      mapped_dag(R"(,"expand":[3,"b",{"zip":["b",{"concat":[1,"b"]}],"fill":true}])"));
  ASSERT_TRUE(spec.has_value()) << spec.error().message();
  const TaskSpec& task = spec->tasks[*spec->index_of("c")];
  EXPECT_EQ(tasks_of(spec->mapping_of(task)), std::vector<std::string>{"b"});
  EXPECT_EQ(mapped_length(task.expand, [](const std::string&) { return 4; }), 3 * 4 * 5);
  EXPECT_TRUE(spec->mapped_over("b"));
  EXPECT_FALSE(spec->mapped_over("a"));
  auto group = parse_dag_spec(
      mapped_dag(R"(,"task_groups":["g","g.in"])", R"(,"mapped_groups":{"g":["b"]})"));
  ASSERT_TRUE(group.has_value()) << group.error().message();
  EXPECT_EQ(group->tasks[*group->index_of("c")].mapped_group, "g");
  EXPECT_EQ(group->mapping_of(group->tasks[*group->index_of("c")]).size(), 1U);
  EXPECT_TRUE(group->mapping_of(group->tasks[*group->index_of("b")]).empty());
}

TEST(DagJson, RefusesAMappingThatCannotBe) {
  EXPECT_EQ(refusal(mapped_dag(R"(,"expand":["a"])")),
            "task 'c' is mapped over 'a', which is not upstream of it");
  EXPECT_EQ(refusal(mapped_dag(R"(,"expand":["x"])")),
            "task 'c' is mapped over an unknown task 'x'");
  EXPECT_EQ(refusal(mapped_dag(R"(,"expand":[])")),
            "tasks[2].expand: must be an array of at least one source");
  EXPECT_EQ(refusal(mapped_dag(R"(,"expand":[-1])")),
            "tasks[2].expand[0]: must be an object, not a number");
  EXPECT_EQ(refusal(mapped_dag(R"(,"expand":[{"zip":["b"],"x":1}])")),
            "tasks[2].expand[0].x: unknown key");
  EXPECT_EQ(refusal(mapped_dag(R"(,"expand":[20001])")),
            "task 'c' is mapped over more than 20000 elements");
  EXPECT_EQ(refusal(mapped_dag(R"(,"task_groups":["g"],"expand":[2])",
                               R"(,"mapped_groups":{"g":["b"]})")),
            "task 'c' is mapped more than once: mapping within the mapped group 'g'");
  EXPECT_EQ(
      refusal(mapped_dag(R"(,"task_groups":["g","h"])", R"(,"mapped_groups":{"g":[1],"h":[1]})")),
      "task 'c' is mapped more than once: mapping within the mapped group 'g'");
  EXPECT_EQ(refusal(mapped_dag("", R"(,"mapped_groups":{"g":["b"]})")),
            "group 'g' is mapped over 'b', which is not upstream of it");
}

TEST(DagJson, RefusesTextThatIsTooLongOrNoJson) {
  EXPECT_NE(refusal(std::string(kDagJsonBytesMax + 1, ' ')).find("is longer than"),
            std::string::npos);
  EXPECT_NE(refusal("{").find("not valid JSON"), std::string::npos);
}

TEST(DagSpec, SchedulesGoByTheNamesOfAirflowsTimetables) {
  using Kind = ScheduleSpec::Kind;
  EXPECT_EQ(schedule_kind_of_timetable("NullTimetable"), Kind::none);
  EXPECT_EQ(schedule_kind_of_timetable("CronDataIntervalTimetable"), Kind::cron_interval);
  EXPECT_EQ(schedule_kind_of_timetable("MultipleCronTriggerTimetable"),
            Kind::multiple_cron_trigger);
  EXPECT_EQ(schedule_kind_of_timetable("EventsTimetable"), Kind::events);
  EXPECT_EQ(schedule_kind_of_timetable("cron_interval"), std::nullopt);
}

}  // namespace
}  // namespace leoflow
