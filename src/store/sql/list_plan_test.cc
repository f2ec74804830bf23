// SPDX-License-Identifier: Apache-2.0
// How the database goes about each list that a page asks for when there are many rows: along an
// index, never through a whole table, never sorting more than it may.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>

#include "contract/store_contract.h"
#include "store/sql/sqlite_store.h"

namespace leoflow::sql {
namespace {

// Collects the statements of a connection as they run.
int collect(unsigned, void* into, void* statement, void*) {
  const char* text = sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
  if (text) static_cast<std::vector<std::string>*>(into)->emplace_back(text);
  return 0;
}

class ListPlan : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open({.synchronous_full = false});
    ASSERT_TRUE(opened);
    database_ = std::move(*opened);
    auto seeded = database_->write([](Connection& connection) {
      return connection.run_script(R"sql(
INSERT INTO dag_versions (version_id, dag_id, version_number, label, content_hash, bundle_path,
  environment, created_at, dag_json, source) VALUES (1, 'd', 1, 'l', 'h', '', '', 0, '{}', '');
INSERT INTO dags VALUES ('d', 'd', 1, 0, 0, '', '', '', 0, 0, NULL, NULL, NULL, NULL, 'none');
WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 40)
INSERT INTO runs SELECT k, CASE WHEN k % 2 THEN 'd' ELSE 'e' END, 'r' || k, 1,
  CASE WHEN k % 5 THEN 'success' WHEN k % 2 THEN 'failed' ELSE 'running' END,
  k, k, k, k, k, k, k, k, '', '',
  '{}', '', '', 0, 1, 'manual' FROM n;
INSERT INTO task_instances SELECT run_key * 10, run_key, 't', -1,
  CASE state WHEN 'success' THEN 'success' WHEN 'failed' THEN 'failed' ELSE 'running' END,
  1, 0, 0, 0, 1, 1,
  run_key, run_key, NULL, '', 'p', 1, 'q', 1, '', '', 1 FROM runs;
INSERT INTO event_log (logged_at, event, dag_id, run_id, task_id, owner, extra)
  SELECT run_key, 'e', dag_id, run_id, '', 'o', '' FROM runs;
UPDATE run_counts SET runs = runs + 1000000;
)sql");
    });
    ASSERT_TRUE(seeded) << seeded.error().text();
    listen(&statements_);
  }
  void TearDown() override {
    if (database_) listen(nullptr);
  }

  void listen(std::vector<std::string>* into) {
    auto done = database_->read([&](Connection& connection) -> Status {
      sqlite3_trace_v2(connection.handle(), into ? SQLITE_TRACE_STMT : 0, into ? collect : nullptr,
                       into);
      return {};
    });
    ASSERT_TRUE(done);
  }

  // The plans of all statements so far that give rows, a line for each step.
  std::vector<std::string> plans() {
    listen(nullptr);
    std::vector<std::string> lines;
    auto done = database_->read([&](Connection& connection) -> Status {
      for (const std::string& sql : statements_) {
        if (!sql.starts_with("SELECT")) continue;
        sqlite3_stmt* statement = nullptr;
        std::string explain = "EXPLAIN QUERY PLAN " + sql;
        EXPECT_EQ(sqlite3_prepare_v2(connection.handle(), explain.c_str(), -1, &statement, nullptr),
                  SQLITE_OK)
            << sql;
        while (sqlite3_step(statement) == SQLITE_ROW) {
          lines.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
          lines.back() += "   <- " + sql;
        }
        sqlite3_finalize(statement);
      }
      return {};
    });
    EXPECT_TRUE(done);
    statements_.clear();
    listen(&statements_);
    return lines;
  }

  // No step reads a long table from end to end, or sorts.
  void expect_walked(const std::string& what) {
    auto lines = plans();
    EXPECT_GE(lines.size(), 2u) << what;
    for (const std::string& line : lines) {
      bool scan = line.starts_with("SCAN run") || line.starts_with("SCAN task_instance") ||
                  line.starts_with("SCAN event");
      bool by_index = line.find(" INDEX ") < line.find("<-");
      // In the order of the key, up to the end of the page.
      bool by_key = line.find("NOT INDEXED") != std::string::npos ||
                    line.find("ORDER BY event.event_id") != std::string::npos;
      bool counts = line.find("$counted_max") != std::string::npos;  // bounded by instructions
      EXPECT_TRUE(!scan || by_index || by_key || counts) << what << ": " << line;
      EXPECT_FALSE(line.starts_with("USE TEMP B-TREE")) << what << ": " << line;
    }
  }

  // Walked, and entered at the cursor's place.
  void expect_sought(const std::string& what) {
    std::vector<std::string> asked = statements_;
    expect_walked(what);
    statements_ = asked;
    bool sought = false;
    for (const std::string& line : plans())
      sought |= line.starts_with("SEARCH") && line.find("$after_") != std::string::npos;
    EXPECT_TRUE(sought) << what;
  }

  Page ordered(const std::string& column, bool descending = true) {
    return {.limit = 2, .order = {{column, descending}}};
  }

  std::unique_ptr<Database> database_;
  std::vector<std::string> statements_;
};

TEST_F(ListPlan, RunsAreWalked) {
  SqlRunStore store(*database_);
  for (std::string column :
       {"id", "run_after", "start_date", "end_date", "duration", "logical_date"}) {
    for (bool descending : {true, false}) {
      RunQuery query{.page = ordered(column, descending)};
      auto page = store.list_runs(query);
      ASSERT_TRUE(page) << column << page.error().text();
      ASSERT_EQ(page->rows.size(), 2u);
      expect_walked(column);
      query.page.offset = 7;
      ASSERT_TRUE(store.list_runs(query));
      expect_walked(column + " from an offset");
      query.page.cursor = page->next_cursor;
      auto next = store.list_runs(query);
      ASSERT_TRUE(next) << next.error().text();
      expect_sought(column + " after a cursor");
      query.page.cursor = next->previous_cursor;
      ASSERT_TRUE(store.list_runs(query));
      expect_sought(column + " before a cursor");
    }
  }
}

TEST_F(ListPlan, FilteredRunsAreWalked) {
  SqlRunStore store(*database_);
  for (std::string column : {"run_after", "id"}) {
    ASSERT_TRUE(store.list_runs({.dag_id = "d", .page = ordered(column)}));
    expect_walked("a DAG by " + column);
  }
  for (RunState state : {RunState::success, RunState::failed, RunState::running}) {
    ASSERT_TRUE(store.list_runs({.states = {state}, .page = ordered("run_after")}));
    expect_walked("a state");
  }
  ASSERT_TRUE(store.list_runs({.types = {RunType::manual}, .page = ordered("run_after")}));
  expect_walked("a type");
  ASSERT_TRUE(store.list_runs({.run_id_pattern = "r", .page = ordered("run_after")}));
  expect_walked("a part of the id");
  ASSERT_TRUE(store.list_runs({.page = ordered("start_date"), .dags_allowed = {{"d", "e"}}}));
  expect_walked("some DAGs");
}

// A DAG's last run is found at the end of its index, whatever is asked of it.
TEST_F(ListPlan, LastRunsOfDagsAreSought) {
  SqlDagStore store(*database_);
  for (const DagQuery& query :
       {DagQuery{.run_states = {RunState::failed}}, DagQuery{.run_start = {.gte = from_micros(5)}},
        DagQuery{.last_run_state = RunState::failed,
                 .run_states = {RunState::failed, RunState::success},
                 .run_end = {.lt = from_micros(50)}}}) {
    ASSERT_TRUE(store.list_dags(query));
    std::string text;
    for (const std::string& line : plans()) {
      EXPECT_FALSE(line.starts_with("USE TEMP B-TREE")) << line;
      bool scan = line.starts_with("SCAN last") || line.starts_with("SCAN newest");
      EXPECT_FALSE(scan) << line;
      text += line.substr(0, line.find("<-"));
    }
    EXPECT_TRUE(text.contains("SEARCH last USING INTEGER PRIMARY KEY")) << text;
    EXPECT_TRUE(text.contains("SEARCH newest USING COVERING INDEX runs_by_dag_run_after")) << text;
  }
}

TEST_F(ListPlan, TaskInstancesAreWalked) {
  SqlRunStore store(*database_);
  for (auto [column, descending] : std::vector<std::pair<std::string, bool>>{{"id", true},
                                                                             {"start_date", true},
                                                                             {"start_date", false},
                                                                             {"map_index", false},
                                                                             {"map_index", true}}) {
    TaskInstanceQuery query{.page = ordered(column, descending)};
    auto page = store.list_task_instances(query);
    ASSERT_TRUE(page) << page.error().text();
    ASSERT_EQ(page->rows.size(), 2u);
    expect_walked(column);
    query.page.offset = 7;
    ASSERT_TRUE(store.list_task_instances(query));
    expect_walked(column + " from an offset");
    query.page.cursor = page->next_cursor;
    ASSERT_TRUE(store.list_task_instances(query));
    expect_sought(column + " after a cursor");
  }
  for (std::string column : {"start_date", "end_date"}) {
    ASSERT_TRUE(
        store.list_task_instances({.states = {TaskState::failed}, .page = ordered(column)}));
    expect_walked("failed by " + column);
  }
  ASSERT_TRUE(store.list_task_instances({.dag_id = "d", .page = ordered("start_date")}));
  expect_walked("a DAG");
  ASSERT_TRUE(store.list_task_instances(
      {.start_date = {.gte = from_micros(5)}, .page = ordered("start_date")}));
  expect_walked("since");
}

// A short history of one DAG too.
TEST_F(ListPlan, FewRunsInTheirOrderAreNotSorted) {
  auto few = database_->write(
      [](Connection& connection) { return connection.run("UPDATE run_counts SET runs = 20"); });
  ASSERT_TRUE(few);
  for (std::string column : {"run_after", "id"}) {
    ASSERT_TRUE(SqlRunStore(*database_).list_runs({.dag_id = "d", .page = ordered(column)}));
    for (const std::string& line : plans())
      EXPECT_FALSE(line.starts_with("USE TEMP B-TREE")) << line;
  }
}

// What the other tests look for is seen where it is.
TEST_F(ListPlan, OtherOrdersAreSorted) {
  SqlRunStore store(*database_);
  ASSERT_TRUE(store.list_runs({.page = ordered("conf")}));
  auto lines = plans();
  EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
    return line.starts_with("USE TEMP B-TREE FOR ORDER BY");
  }));
  EXPECT_TRUE(std::ranges::any_of(
      lines, [](const std::string& line) { return line.starts_with("SCAN run   <-"); }));
}

// A question that would take too long ends with a way out; the connection is good afterwards.
TEST_F(ListPlan, BudgetsEndWithAHint) {
  auto done = database_->read([](Connection& connection) -> Status {
    Connection::Budget budget(connection, 100'000);
    auto query = connection.query(
        "WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n) SELECT k FROM n");
    if (!query) return fail(query);
    for (Result<bool> more = true; more && *more;) {
      more = query->step();
      if (!more) return fail(more);
    }
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::timeout);
  EXPECT_FALSE(done.error().hint().empty());
  EXPECT_TRUE(SqlRunStore(*database_).list_runs({.page = ordered("id")}));
}

// Sorted, but only what is open or of one run.
TEST_F(ListPlan, OpenTaskInstancesComeFromOpenRuns) {
  SqlRunStore store(*database_);
  ASSERT_TRUE(store.list_task_instances(
      {.states = {TaskState::running, TaskState::queued}, .page = ordered("start_date")}));
  bool by_open_runs = false;
  for (const std::string& line : plans()) {
    EXPECT_FALSE(line.starts_with("SCAN task_instance ")) << line;
    by_open_runs |= line.find("runs_active") < line.find("<-");
  }
  EXPECT_TRUE(by_open_runs);
  ASSERT_TRUE(store.list_task_instances(
      {.dag_id = "d", .run_id = "r1", .page = ordered("map_index", false)}));
  for (const std::string& line : plans()) EXPECT_FALSE(line.starts_with("SCAN task_")) << line;
}

TEST_F(ListPlan, FiguresReadCounters) {
  SqlFigureStore store(*database_);
  FigureQuery query{.since = from_micros(0), .until = from_micros(1'000'000), .rows_max = 2};
  ASSERT_TRUE(store.run_counts({}) && store.dag_counts({}) && store.run_hours(query));
  ASSERT_TRUE(store.open_runs(query) && store.failures(query) && store.task_figures(query));
  ASSERT_TRUE(store.pool_use() && store.open_attempts());
  for (const std::string& line : plans()) {
    bool scan = line.starts_with("SCAN run ") || line.starts_with("SCAN task_instance ") ||
                line.starts_with("SCAN attempt ");
    EXPECT_FALSE(scan && line.find(" INDEX ") > line.find("<-")) << line;
  }
}

TEST_F(ListPlan, EventsAreWalked) {
  SqlEventLogStore store(*database_);
  for (std::string column : {"id", "when"}) {
    ASSERT_TRUE(store.list({.page = ordered(column)}));
    expect_walked("events by " + column);
  }
  ASSERT_TRUE(store.list({.owner = "o", .page = ordered("id")}));
  expect_walked("events of an owner");
}

}  // namespace
}  // namespace leoflow::sql
