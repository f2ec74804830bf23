// SPDX-License-Identifier: Apache-2.0
#include "store/sql/figure_store.h"

#include <algorithm>

#include "base/json.h"
#include "store/sql/queries_figures.h"
#include "store/sql/rows.h"
#include "store/sql/simple_query.h"

namespace leoflow::sql {
namespace {

// A SELECT that ends in conditions, more of them, and what follows.
template <typename Value, typename Bind>
Result<std::vector<Value>> select_where(Connection& connection, std::string_view select,
                                        const Where& where, std::string_view tail,
                                        Value (*read)(Row&), Bind bind) {
  if (!where.status()) return fail(where.status());
  std::string sql = std::string(select) + where.text() + std::string(tail);
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  bind(*query);
  where.bind_to(*query);
  return read_all(*query, read);
}

struct StateRuns {
  RunState state = RunState::queued;
  int64_t runs = 0;
};
StateRuns read_state_runs(Row& row) {
  StateRuns result;
  result.state = row.name(parse_run_state);
  result.runs = row.integer();
  return result;
}

struct HourRuns {
  int64_t hour = 0;
  StateRuns runs;
};
HourRuns read_hour_runs(Row& row) {
  HourRuns result;
  result.hour = row.integer();
  result.runs = read_state_runs(row);
  return result;
}

DagCounts read_dag_counts(Row& row) {
  DagCounts counts;
  counts.total = row.integer();
  counts.active = row.integer();
  counts.failing = row.integer();
  return counts;
}

struct RunTasks {
  RunKey run;
  TaskState state = TaskState::none;
  int64_t count = 0;
};
RunTasks read_run_tasks(Row& row) {
  RunTasks result;
  result.run = row.id<RunKey>();
  result.state = row.name(parse_task_state);
  result.count = row.integer();
  return result;
}

TaskFailure read_failure(Row& row) {
  TaskFailure failure;
  failure.dag_id = row.text();
  failure.run_id = row.text();
  failure.task_id = row.text();
  failure.map_index = row.number();
  failure.try_number = row.number();
  failure.start_date = row.time_or_null();
  failure.end_date = row.time_or_null();
  failure.reason = row.text();
  failure.map_label = row.text();
  return failure;
}

PoolUse read_pool_use(Row& row) {
  PoolUse use;
  use.pool = row.text();
  use.dag_id = row.text();
  use.task_id = row.text();
  use.state = row.name(parse_task_state);
  use.task_instances = row.integer();
  use.slots = row.integer();
  use.since = row.time_or_null();
  return use;
}

struct AgentAttempts {
  std::string agent;
  int64_t attempts = 0;
};
AgentAttempts read_agent_attempts(Row& row) {
  AgentAttempts result;
  result.agent = row.text();
  result.attempts = row.integer();
  return result;
}

// Runs of one state with how far they are; at most rows_max of them.
Result<std::vector<RunProgress>> runs_of_state(Connection& connection, RunState state,
                                               std::string_view order, const FigureQuery& query) {
  Where where;
  where.only("run.dag_id", "$dags_allowed", query.dags_allowed);
  std::string name(to_string(state));
  auto runs = select_where(connection, kRunsOfState, where, order, read_run, [&](Query& bound) {
    bound.bind("$state", name).bind("$rows_max", query.rows_max);
  });
  if (!runs) return fail(runs);
  std::vector<RunProgress> progress;
  json::Writer keys;
  keys.begin_array();
  for (DagRun& run : *runs) {
    keys.number(run.key.value);
    progress.push_back({std::move(run), {}});
  }
  keys.end_array();
  std::string list = keys.take();
  auto tasks = select_where(connection, kCountTasksOfRuns, Where(), "", read_run_tasks,
                            [&](Query& bound) { bound.bind("$runs", list); });
  if (!tasks) return fail(tasks);
  for (const RunTasks& one : *tasks) {
    auto run = std::ranges::find(progress, one.run, [](const RunProgress& p) { return p.run.key; });
    if (run != progress.end()) run->tasks[one.state] = one.count;
  }
  return progress;
}

}  // namespace

int64_t day_of(Time time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}
int64_t hour_of(Time time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

Result<RunCounts> SqlFigureStore::run_counts(const DagsAllowed& dags) {
  Where where;
  where.only("counted.dag_id", "$dags_allowed", dags);
  auto rows = database_.read([&](Connection& connection) {
    return select_where(connection, kSumRunCounts, where, kByState, read_state_runs, BindNothing());
  });
  if (!rows) return fail(rows);
  RunCounts counts;
  for (const StateRuns& row : *rows) counts[row.state] = row.runs;
  return counts;
}

Result<DagCounts> SqlFigureStore::dag_counts(const DagsAllowed& dags) {
  Where where;
  where.only("dag.dag_id", "$dags_allowed", dags);
  auto rows = database_.read([&](Connection& connection) {
    return select_where(connection, kCountDagsByKind, where, "", read_dag_counts, BindNothing());
  });
  if (!rows) return fail(rows);
  return rows->front();
}

Result<std::vector<RunHour>> SqlFigureStore::run_hours(const FigureQuery& query) {
  Where where;
  where.only("counted.dag_id", "$dags_allowed", query.dags_allowed);
  auto rows = database_.read([&](Connection& connection) {
    return select_where(connection, kSumRunHours, where, kByHourAndState, read_hour_runs,
                        [&](Query& bound) {
                          bound.bind("$since", hour_of(query.since));
                          bound.bind("$until", hour_of(query.until));
                        });
  });
  if (!rows) return fail(rows);
  std::vector<RunHour> hours;
  for (const HourRuns& row : *rows) {
    Time hour{std::chrono::hours(row.hour)};
    if (hours.empty() || hours.back().hour != hour) hours.push_back({hour, {}});
    hours.back().runs[row.runs.state] = row.runs.runs;
  }
  return hours;
}

Result<std::vector<RunProgress>> SqlFigureStore::open_runs(const FigureQuery& query) {
  return database_.read([&](Connection& connection) -> Result<std::vector<RunProgress>> {
    auto running = runs_of_state(connection, RunState::running, kNewestDueFirst, query);
    if (!running) return running;
    auto queued = runs_of_state(connection, RunState::queued, kOldestDueFirst, query);
    if (!queued) return queued;
    std::ranges::move(*queued, std::back_inserter(*running));
    return running;
  });
}

Result<std::vector<TaskFailure>> SqlFigureStore::failures(const FigureQuery& query) {
  Where where;
  where.only("run.dag_id", "$dags_allowed", query.dags_allowed);
  return database_.read([&](Connection& connection) {
    return select_where(
        connection, kSelectFailures, where, kNewestEndFirst, read_failure,
        [&](Query& bound) { bound.bind("$since", query.since).bind("$rows_max", query.rows_max); });
  });
}

Result<std::vector<PoolUse>> SqlFigureStore::pool_use() {
  return select_rows(database_, kSelectPoolUse, read_pool_use);
}

Result<std::map<std::string, int64_t>> SqlFigureStore::open_attempts() {
  auto rows = select_rows(database_, kCountOpenAttempts, read_agent_attempts);
  if (!rows) return fail(rows);
  std::map<std::string, int64_t> counts;
  for (AgentAttempts& row : *rows) counts[std::move(row.agent)] = row.attempts;
  return counts;
}

Status SqlFavoriteStore::add(const std::string& username, const std::string& dag_id) {
  return database_.write([&](Connection& connection) -> Status {
    Result<Query> count = connection.query(kCountFavorites);
    if (!count) return fail(count);
    count->bind("$username", username);
    auto favorites = read_one(*count, read_integer);
    if (!favorites) return fail(favorites);
    if (favorites->value_or(0) >= kFavoritesMax) {
      return fail(Code::exhausted,
                  "a user has at most " + std::to_string(kFavoritesMax) + " favorite DAGs");
    }
    Result<Query> insert = connection.query(kInsertFavorite);
    if (!insert) return fail(insert);
    auto inserted = insert->bind("$username", username).bind("$dag_id", dag_id).run();
    if (inserted) return {};
    // The row hangs on its user and its DAG.
    if (inserted.error().code() != Code::conflict) return fail(inserted);
    return fail(Code::not_found, "there is no user '" + username + "' or no DAG '" + dag_id + "'");
  });
}

Result<bool> SqlFavoriteStore::remove(const std::string& username, const std::string& dag_id) {
  return any_of(change_rows(database_, kDeleteFavorite, [&](Query& query) {
    query.bind("$username", username).bind("$dag_id", dag_id);
  }));
}

Result<std::vector<std::string>> SqlFavoriteStore::list(const std::string& username) {
  return select_rows(database_, kSelectFavorites, read_text,
                     [&](Query& query) { query.bind("$username", username); });
}

}  // namespace leoflow::sql
