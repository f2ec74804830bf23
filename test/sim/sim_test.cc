// SPDX-License-Identifier: Apache-2.0
// DESIGN.md 1 under injected faults. LEOFLOW_SIM_SEED replays one seed, LEOFLOW_SIM_SEEDS sets how many are tried.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "world.h"

namespace leoflow::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kDiamond = "a>b a>c b>d c>d d>e";

// list > each > sum, and list > load > check > sum with load and check in a mapped group.
constexpr const char* kMapped = "list>each each>sum list>load load>check check>sum";

void map_over_list(DagSpec& spec) {
  std::vector<MapSource> over = {{.kind = MapSource::Kind::task, .task_id = "list"}};
  spec.mapped_groups["group"] = over;
  for (TaskSpec& task : spec.tasks) {
    if (task.task_id == "each") task.expand = over;
    if (task.task_id == "load" || task.task_id == "check") task.task_groups = {"group"};
    if (task.task_id == "sum") task.trigger_rule = TriggerRule::all_done;
  }
}

// A mapped task of a run that is over has as many instances as its source says, one without an
// index if it has none.
void expect_mapped(World& world, const std::string& run_id) {
  auto record = world.store().engine().load_run("mapped", run_id);
  ASSERT_TRUE(record.has_value() && record->has_value());
  auto returned = world.store().engine().returned((*record)->run.key, "list");
  ASSERT_TRUE(returned.has_value());
  int64_t length = returned->empty() ? 0 : returned->front().length.value_or(0);
  for (std::string task : {"each", "load", "check"}) {
    int64_t instances = 0, whole = 0;
    for (const TaskInstance& row : (*record)->task_instances) {
      if (row.task_id != task || row.state == TaskState::removed) continue;
      ++(row.map_index == kUnmapped ? whole : instances);
    }
    EXPECT_EQ(instances, length) << task << " of " << run_id;
    EXPECT_EQ(whole, length == 0 ? 1 : 0) << task << " of " << run_id;
  }
}

int seeds() {
  const char* text = std::getenv("LEOFLOW_SIM_SEEDS");
  return text ? std::atoi(text) : 25;
}

uint64_t first_seed() {
  const char* text = std::getenv("LEOFLOW_SIM_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

// Three runs of a diamond, two of a wide DAG and two of a mapped one, with whatever faults, then
// peace: everything must end.
int expect_all_ends(uint64_t seed, Faults faults, Behaviour behaviour = {}) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed, faults, behaviour);
  world.add_dag("diamond", kDiamond);
  world.add_dag("wide", "s>m1 s>m2 s>m3 s>m4 s>m5 s>m6 s>m7 s>m8 s>m9 m1>j m2>j m3>j m4>j m5>j m6>j m7>j m8>j m9>j",
                [](DagSpec& spec) { spec.tasks.back().trigger_rule = TriggerRule::all_done; });
  world.add_dag("mapped", kMapped, map_over_list);
  for (int i = 0; i < 3; ++i) world.trigger("diamond", "d" + std::to_string(i));
  for (int i = 0; i < 2; ++i) world.trigger("wide", "w" + std::to_string(i));
  for (int i = 0; i < 2; ++i) world.trigger("mapped", "m" + std::to_string(i));
  world.run(seconds(20));
  world.heal();
  world.run();
  EXPECT_EQ(world.breach(), "");
  EXPECT_TRUE(world.all_finished());
  auto runs = world.store().runs().list_runs({});
  EXPECT_TRUE(runs.has_value());
  EXPECT_EQ(runs->total, 7);
  for (int i = 0; i < 2; ++i) expect_mapped(world, "m" + std::to_string(i));
  return world.held_used();
}

TEST(Simulation, EndsWithoutFaults) { expect_all_ends(1, {}); }

TEST(Simulation, SurvivesLossyNetwork) {
  Faults faults{.message_lost = 0.1, .message_doubled = 0.1, .message_delay_max = milliseconds(50)};
  for (int i = 0; i < seeds(); ++i) expect_all_ends(first_seed() + i, faults);
}

TEST(Simulation, SurvivesDyingAgents) {
  for (int i = 0; i < seeds(); ++i) expect_all_ends(first_seed() + i, {.agent_dies_every = milliseconds(300)});
}

TEST(Simulation, SurvivesDyingServers) {
  for (int i = 0; i < seeds(); ++i) expect_all_ends(first_seed() + i, {.server_dies_every = milliseconds(400)});
}

TEST(Simulation, SurvivesStoreTrouble) {
  Faults faults{.commit_refused = 0.1, .commit_unknown = 0.05, .crash_before_commit = 0.03, .crash_after_commit = 0.03};
  for (int i = 0; i < seeds(); ++i) expect_all_ends(first_seed() + i, faults);
}

TEST(Simulation, SurvivesEverythingAtOnce) {
  Faults faults{.message_lost = 0.05, .message_doubled = 0.1, .message_delay_max = milliseconds(40),
                .commit_refused = 0.05, .commit_unknown = 0.03, .crash_before_commit = 0.02,
                .crash_after_commit = 0.02, .agent_dies_every = milliseconds(700),
                .server_dies_every = milliseconds(900)};
  for (int i = 0; i < seeds(); ++i) expect_all_ends(first_seed() + i, faults);
}

TEST(Simulation, PlacesStartedAheadChangeNothingThatIsDecided) {
  Faults faults{.message_lost = 0.05, .message_doubled = 0.1, .message_delay_max = milliseconds(40),
                .commit_refused = 0.05, .commit_unknown = 0.03, .crash_before_commit = 0.02,
                .crash_after_commit = 0.02, .agent_dies_every = milliseconds(700),
                .server_dies_every = milliseconds(900), .held_dies = 0.2,
                .held_connects_max = milliseconds(300)};
  for (StartAhead ahead : {StartAhead::single, StartAhead::all}) {
    int used = expect_all_ends(first_seed(), {}, {.start_ahead = ahead});
    EXPECT_GT(used, 0);
    for (int i = 0; i < seeds(); ++i)
      used += expect_all_ends(first_seed() + i, faults, {.start_ahead = ahead});
    EXPECT_GT(used, seeds());
  }
}

// Four days at once, each of which waits for the one before in two tasks, one of them mapped.
TEST(Simulation, DependsOnPastHoldsUnderFaults) {
  Faults faults{.message_lost = 0.05,
                .message_doubled = 0.1,
                .message_delay_max = milliseconds(40),
                .commit_refused = 0.05,
                .commit_unknown = 0.03,
                .crash_before_commit = 0.02,
                .crash_after_commit = 0.02,
                .agent_dies_every = milliseconds(700),
                .server_dies_every = milliseconds(900)};
  constexpr Behaviour kNothingFails{.fails = 0, .fails_for_good = 0};
  for (int i = 0; i < seeds(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(first_seed() + i));
    World world(first_seed() + i, faults, kNothingFails);
    world.add_dag("mapped", kMapped, [](DagSpec& spec) {
      map_over_list(spec);
      for (TaskSpec& task : spec.tasks)
        task.depends_on_past = task.task_id == "each" || task.task_id == "sum";
    });
    for (int day = 0; day < 4; ++day)
      world.trigger("mapped", "m" + std::to_string(day), from_micros(0) + std::chrono::days(day));
    world.run(seconds(20));
    world.heal();
    world.run();
    EXPECT_EQ(world.breach(), "");
    EXPECT_TRUE(world.all_finished());
    for (int day = 0; day < 4; ++day) expect_mapped(world, "m" + std::to_string(day));
  }
}

// One thing that a person does to one of three runs of a DAG.
Event some_request(const std::string& dag_id, const std::vector<std::string>& tasks,
                   std::mt19937_64& random, int& deleted) {
  auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  std::string run = "d" + std::to_string(below(3)), task = tasks[size_t(below(int(tasks.size())))];
  std::optional<int> map_index = below(2) == 0 ? std::optional(below(3)) : std::nullopt;
  constexpr TaskState kMarks[] = {TaskState::success, TaskState::failed, TaskState::skipped};
  switch (below(4)) {
    case 0:
      return event::Clear{{.dag_id = dag_id,
                           .run_id = run,
                           .task_ids = {{task, map_index}},
                           .dry_run = false,
                           .only_failed = false,
                           .include_downstream = below(2) == 0},
                          [](auto) {}};
    case 1:
      return event::MarkTask{{.name = {dag_id, run, task, map_index.value_or(kUnmapped)},
                              .state = kMarks[below(3)],
                              .include_downstream = below(2) == 0},
                             [](auto) {}};
    case 2:
      return event::MarkRun{{.dag_id = dag_id, .run_id = run, .state = RunState::failed},
                            [](auto) {}};
    default:
      return event::DeleteTask{
          {dag_id, run, task, map_index.value_or(kUnmapped)},
          [&deleted](const Result<bool>& done) { deleted += int(done.has_value()); }};
  }
}

// What people do to runs of a DAG never keeps them from an end, nor breaks an invariant.
void expect_people_survived(const std::string& dag_id, const std::string& edges,
                            const std::function<void(DagSpec&)>& edit,
                            const std::vector<std::string>& tasks) {
  Faults faults{.message_lost = 0.05,
                .commit_refused = 0.05,
                .commit_unknown = 0.03,
                .crash_before_commit = 0.02,
                .crash_after_commit = 0.02,
                .agent_dies_every = milliseconds(700)};
  int deleted = 0;
  for (int i = 0; i < seeds(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(first_seed() + i));
    std::mt19937_64 random(first_seed() + i);
    World world(first_seed() + i, faults, {});
    world.add_dag(dag_id, edges, edit);
    for (int run = 0; run < 3; ++run) world.trigger(dag_id, "d" + std::to_string(run));
    for (int n = 0; n < 40; ++n) {
      world.run(milliseconds(150));
      world.ask(some_request(dag_id, tasks, random, deleted));
    }
    world.heal();
    world.run();
    // Whatever was deleted: each run comes to its end once it is cleared.
    for (int run = 0; run < 3; ++run) {
      world.ask(event::Clear{{.dag_id = dag_id,
                              .run_id = "d" + std::to_string(run),
                              .dry_run = false,
                              .only_failed = false},
                             [](auto) {}});
    }
    world.run();
    EXPECT_EQ(world.breach(), "");
    EXPECT_TRUE(world.all_finished());
    EXPECT_GE(world.store().runs().list_task_instances({})->total, int64_t(3 * tasks.size()));
  }
  EXPECT_GT(deleted, seeds());
}

TEST(Simulation, SurvivesPeopleWhoClearMarkAndDelete) {
  expect_people_survived("diamond", kDiamond, {}, {"a", "b", "c", "d", "e"});
}

TEST(Simulation, SurvivesPeopleWhoChangeMappedTasks) {
  expect_people_survived("mapped", kMapped, map_over_list,
                         {"list", "each", "load", "check", "sum"});
}

TEST(Simulation, SurvivesCrashAtEveryCommit) {
  World calm(first_seed(), {}, {});
  calm.add_dag("diamond", kDiamond);
  calm.add_dag("mapped", kMapped, map_over_list);
  calm.trigger("diamond", "d0");
  calm.trigger("mapped", "m0");
  calm.run();
  ASSERT_GT(calm.commits(), 5);
  for (int n = 1; n <= calm.commits(); ++n) {
    for (int way = 0; way < 4; ++way) {
      bool after = way % 2 == 1;
      StartAhead ahead = way < 2 ? StartAhead::never : StartAhead::all;
      SCOPED_TRACE("commit " + std::to_string(n) + (after ? " after" : " before"));
      World world(first_seed(), {.crash_at_commit = n, .crash_at_commit_after = after},
                  {.start_ahead = ahead});
      world.add_dag("diamond", kDiamond);
      world.add_dag("mapped", kMapped, map_over_list);
      world.trigger("diamond", "d0");
      world.trigger("mapped", "m0");
      world.run();
      EXPECT_EQ(world.breach(), "");
      EXPECT_TRUE(world.all_finished());
      expect_mapped(world, "m0");
    }
  }
}

// Each success tells of its asset once, each event starts or joins one run of the consumer, and
// none is left over.
void expect_events_once(uint64_t seed, Faults faults) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed, faults, {});
  const AssetExpression orders{.key = {"orders", "s3://b/orders"}};
  world.add_dag("make", "m", [&](DagSpec& spec) {
    spec.assets = {{.key = orders.key}};
    spec.tasks[0].outlets = {orders};
  });
  world.add_dag("use", "u", [&](DagSpec& spec) {
    spec.assets = {{.key = orders.key}};
    spec.schedule.kind = ScheduleSpec::Kind::assets;
    spec.schedule.assets = orders;
  });
  for (int i = 0; i < 6; ++i) world.trigger("make", "m" + std::to_string(i));
  world.run(seconds(20));
  world.heal();
  world.run();
  EXPECT_EQ(world.breach(), "");
  EXPECT_TRUE(world.all_finished());
  Store& store = world.store();
  auto made = store.runs().list_task_instances({.dag_id = "make", .states = {TaskState::success}});
  auto events = store.assets().list_events({});
  EXPECT_EQ(events->total, made->total);
  std::vector<int64_t> ids;
  for (const AssetEventRow& row : events->rows) ids.push_back(row.event.id);
  EXPECT_EQ(store.assets().runs_of(ids)->size(), ids.size());
  EXPECT_TRUE(store.assets().queued({})->empty());
}

TEST(Simulation, TellsOfAssetsOnce) {
  expect_events_once(1, {});
  for (int i = 0; i < seeds(); ++i) {
    uint64_t seed = first_seed() + i;
    expect_events_once(seed, {.server_dies_every = milliseconds(400)});
    expect_events_once(seed, {.message_lost = 0.1, .message_doubled = 0.1});
    expect_events_once(
        seed,
        {.commit_refused = 0.1, .commit_unknown = 0.1, .agent_dies_every = milliseconds(300)});
    expect_events_once(seed, {.crash_before_commit = 0.05, .crash_after_commit = 0.05});
  }
}

TEST(Simulation, ReplaysTheSameHistoryFromOneSeed) {
  auto history = [](uint64_t seed) {
    World world(seed, {.message_lost = 0.05, .agent_dies_every = milliseconds(500)}, {});
    world.add_dag("diamond", kDiamond);
    world.trigger("diamond", "d0");
    world.run();
    auto rows = world.store().runs().list_task_instances({});
    std::string text = format_time(world.now());
    for (const auto& row : rows->rows) {
      text += row.task_instance.task_id + std::string(to_string(row.task_instance.state)) +
              (row.task_instance.end_date ? format_time(*row.task_instance.end_date) : "");
    }
    return text;
  };
  EXPECT_EQ(history(7), history(7));
  EXPECT_NE(history(7), history(8));
}

}  // namespace
}  // namespace leoflow::sim
