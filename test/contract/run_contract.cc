// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace leoflow {
namespace {

std::vector<int64_t> keys_of(const Result<PageOf<DagRun>>& page) {
  std::vector<int64_t> keys;
  EXPECT_TRUE(page) << page.error().text();
  if (page) {
    for (const DagRun& run : page->rows) keys.push_back(run.key.value);
  }
  return keys;
}
std::vector<int64_t> keys_of(const Result<PageOf<TaskInstanceRow>>& page) {
  std::vector<int64_t> keys;
  EXPECT_TRUE(page) << page.error().text();
  if (page) {
    bool whole = page->next_cursor.empty() && page->previous_cursor.empty();
    EXPECT_TRUE(!whole || page->total == int64_t(page->rows.size())) << page->total;
    for (const TaskInstanceRow& row : page->rows) keys.push_back(row.task_instance.key.value);
  }
  return keys;
}
using Keys = std::vector<int64_t>;

}  // namespace

TEST_P(StoreContract, FiltersRuns) {
  Batch batch;
  for (int64_t key = 1; key <= 3; ++key) batch.runs_inserted.push_back(make_run(key));
  DagRun& first = batch.runs_inserted[0];
  first.state = RunState::success;
  first.type = RunType::scheduled;
  first.start_date = at(100);
  first.end_date = at(110);
  batch.runs_inserted[1].conf = R"({"size":"XL"})";
  batch.runs_inserted[1].triggering_user = "Ann";
  batch.runs_inserted[2].version = add_dag("etl", "b");
  commit(batch);
  RunStore& runs = store_->runs();
  EXPECT_EQ(keys_of(runs.list_runs({})), (Keys{1, 2, 3}));
  EXPECT_EQ(keys_of(runs.list_runs({.dag_id = "etl"})), (Keys{1, 2, 3}));
  EXPECT_EQ(keys_of(runs.list_runs({.dag_id = "other"})), Keys{});
  EXPECT_EQ(keys_of(runs.list_runs({.run_id_pattern = "RUN_2|run_3"})), (Keys{2, 3}));
  EXPECT_EQ(keys_of(runs.list_runs({.user_pattern = "ann"})), (Keys{2}));
  EXPECT_EQ(keys_of(runs.list_runs({.states = {RunState::success, RunState::failed}})), (Keys{1}));
  EXPECT_EQ(keys_of(runs.list_runs({.types = {RunType::manual}})), (Keys{2, 3}));
  EXPECT_EQ(keys_of(runs.list_runs({.version_numbers = {2}})), (Keys{3}));
  EXPECT_EQ(keys_of(runs.list_runs({.bundle_version = "label-a"})), (Keys{1, 2}));
  EXPECT_EQ(keys_of(runs.list_runs({.conf_contains = "XL"})), (Keys{2}));
  EXPECT_EQ(keys_of(runs.list_runs({.run_after = {.gt = at(3600), .lte = at(3 * 3600)}})),
            (Keys{2, 3}));
  EXPECT_EQ(keys_of(runs.list_runs({.logical_date = {.gte = at(3600), .lt = at(2 * 3600)}})),
            (Keys{1}));
  EXPECT_EQ(keys_of(runs.list_runs({.start_date = {.gte = at(100)}})), (Keys{1}));
  EXPECT_EQ(keys_of(runs.list_runs({.end_date = {.lt = at(100)}})), Keys{});
  EXPECT_EQ(keys_of(runs.list_runs({.updated_at = {.gte = at(2 * 3600)}})), (Keys{2, 3}));
  EXPECT_EQ(keys_of(runs.list_runs({.duration = {.gte = 9.5, .lt = 10.5}})), (Keys{1}));
}

TEST_P(StoreContract, OrdersRunsWithNullsLast) {
  Batch batch;
  for (int64_t key = 1; key <= 3; ++key) batch.runs_inserted.push_back(make_run(key));
  batch.runs_inserted[0].start_date = at(5);
  batch.runs_inserted[2].start_date = at(2);
  commit(batch);
  RunQuery query;
  query.page.order = {{"start_date"}};
  EXPECT_EQ(keys_of(store_->runs().list_runs(query)), (Keys{3, 1, 2}));
  query.page.order = {{"start_date", true}};
  EXPECT_EQ(keys_of(store_->runs().list_runs(query)), (Keys{1, 3, 2}));
  query.page.order = {{"state", true}};
  EXPECT_EQ(keys_of(store_->runs().list_runs(query)), (Keys{3, 2, 1}));
  for (const char* column : {"id", "dag_id", "run_id", "dag_run_id", "run_type", "logical_date",
                             "run_after", "queued_at", "end_date", "updated_at", "duration", "conf",
                             "data_interval_start", "data_interval_end", "triggering_user_name"}) {
    query.page.order = {{column}};
    EXPECT_EQ(keys_of(store_->runs().list_runs(query)).size(), 3u) << column;
  }
}

TEST_P(StoreContract, TaskInstanceRowsCarryRunAttemptAndFields) {
  RunRecord record = add_run(1);
  TaskInstance task = record.task_instances[0];
  task.attempt = AttemptId{5};
  task.version_stamp = 1;
  Attempt attempt = make_attempt(5, task);
  attempt.version = add_dag("etl", "b");
  attempt.pid = 4711;
  attempt.hostname = "node";
  Batch batch;
  batch.task_instances_updated = {task};
  batch.attempts_inserted = {attempt};
  batch.rendered = {{task.key, R"({"bash_command":"echo 1"})"}};
  commit(batch);
  auto row = store_->runs().get_task_instance({"etl", "run_1", "extract", kUnmapped});
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->run.run_id, "run_1");
  EXPECT_EQ((*row)->version, attempt.version);
  EXPECT_EQ((*row)->rendered_fields, R"({"bash_command":"echo 1"})");
  ASSERT_TRUE((*row)->attempt);
  EXPECT_EQ((*row)->attempt->pid, 4711);
  EXPECT_EQ((*row)->attempt->hostname, "node");
  auto without = store_->runs().get_task_instance({"etl", "run_1", "load", kUnmapped});
  ASSERT_TRUE(without && *without);
  EXPECT_FALSE((*without)->attempt);
  EXPECT_EQ((*without)->version, version_);
  EXPECT_EQ((*without)->rendered_fields, "{}");
  EXPECT_FALSE(*store_->runs().get_task_instance({"etl", "run_1", "load", 0}));
}

TEST_P(StoreContract, FiltersTaskInstances) {
  add_run(1);
  add_run(2);
  Batch batch;
  TaskInstance task = make_task(11, 1, "extract");
  task.state = TaskState::failed;
  task.pool = "etl";
  task.queue = "slow";
  task.try_number = 2;
  task.start_date = at(10);
  task.end_date = at(40);
  task.version_stamp = 1;
  batch.task_instances_updated = {task};
  batch.task_instances_inserted = {make_task(14, 1, "many", 0), make_task(15, 1, "many", 1)};
  batch.task_instances_inserted[1].operator_name = "PythonOperator";
  commit(batch);
  RunStore& runs = store_->runs();
  EXPECT_EQ(keys_of(runs.list_task_instances({})).size(), 8u);
  EXPECT_EQ(keys_of(runs.list_task_instances({.dag_id = "etl", .run_id = "run_2"})),
            (Keys{21, 22, 23}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.task_id = "load", .run_id_pattern = "_2"})),
            (Keys{23}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.dag_id_pattern = "nope"})), Keys{});
  EXPECT_EQ(keys_of(runs.list_task_instances({.task_id_pattern = "MAN"})), (Keys{14, 15}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.states = {TaskState::failed}})), (Keys{11}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.run_id = "run_1", .states = {std::nullopt}})),
            (Keys{12, 13, 14, 15}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.pools = {"etl"}})), (Keys{11}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.queues = {"slow", "x"}})), (Keys{11}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.operators = {"PythonOperator"}})), (Keys{15}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.try_numbers = {2}})), (Keys{11}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.map_indexes = {1}})), (Keys{15}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.rendered_index_pattern = "1"})), (Keys{15}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.rendered_index_pattern = "_"})), (Keys{14, 15}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.version_numbers = {1}})).size(), 8u);
  EXPECT_EQ(keys_of(runs.list_task_instances({.version_numbers = {9}})), Keys{});
  EXPECT_EQ(keys_of(runs.list_task_instances({.run_after = {.gte = at(2 * 3600)}})),
            (Keys{21, 22, 23}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.logical_date = {.lt = at(0)}})), Keys{});
  EXPECT_EQ(keys_of(runs.list_task_instances({.start_date = {.gte = at(10)}})), (Keys{11}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.end_date = {.gt = at(40)}})), Keys{});
  EXPECT_EQ(keys_of(runs.list_task_instances({.updated_at = {.gte = at(40)}})), (Keys{11}));
  EXPECT_EQ(keys_of(runs.list_task_instances({.duration = {.gt = 29, .lt = 31}})), (Keys{11}));
}

TEST_P(StoreContract, OrdersTaskInstances) {
  add_run(1);
  TaskInstanceQuery query;
  for (const char* column :
       {"id", "map_index", "state", "duration", "start_date", "end_date", "queued_when",
        "scheduled_when", "updated_at", "try_number", "operator", "pool", "queue",
        "priority_weight", "dag_id", "run_id", "run_after", "logical_date"}) {
    query.page.order = {{column, true}};
    EXPECT_EQ(keys_of(store_->runs().list_task_instances(query)), (Keys{13, 12, 11})) << column;
  }
  query.page.order = {{"task_id"}};
  EXPECT_EQ(store_->runs().list_task_instances(query).error().code(), Code::invalid);
}

TEST_P(StoreContract, KeepsTriesAndAttempts) {
  RunRecord record = add_run(1);
  TaskInstance& task = record.task_instances[0];
  TaskTry tried{.task_instance = task.key,
                .try_number = 1,
                .state = TaskState::failed,
                .attempt = AttemptId{1},
                .start_date = at(1),
                .reason = "exit code 1",
                .version = version_};
  Attempt lost = make_attempt(1, task), done = make_attempt(2, task),
          second = make_attempt(3, task);
  second.try_number = 2;
  Batch batch;
  batch.tries = {tried};
  batch.attempts_inserted = {lost, done, second};
  commit(batch);
  tried.reason = "exit code 2";
  Batch again;
  again.tries = {tried};
  again.attempts_updated = {done};
  again.attempts_updated[0].state = AttemptState::settled;
  again.attempts_updated[0].outcome = "failed";
  again.attempts_updated[0].ended_at = at(9);
  again.attempts_updated[0].use = {std::chrono::milliseconds(7), 4096};
  commit(again);
  auto tries = store_->runs().list_tries(task.key);
  ASSERT_TRUE(tries && tries->size() == 1);
  EXPECT_EQ(tries->front().reason, "exit code 2");
  EXPECT_EQ(tries->front().state, TaskState::failed);
  EXPECT_EQ(tries->front().start_date, at(1));
  EXPECT_EQ(store_->runs().list_attempts(RunKey{1})->size(), 3u);
  auto of_try = store_->runs().attempt_of_try(task.key, 1);
  ASSERT_TRUE(of_try && *of_try);
  EXPECT_EQ((*of_try)->id, AttemptId{2});
  EXPECT_EQ((*of_try)->state, AttemptState::settled);
  EXPECT_EQ((*of_try)->ended_at, at(9));
  EXPECT_EQ((*of_try)->use, again.attempts_updated[0].use);
  EXPECT_FALSE(*store_->runs().attempt_of_try(task.key, 3));
}

TEST_P(StoreContract, CountsRunsByState) {
  add_dag("other");
  add_run(1, "etl", RunState::success);
  add_run(2, "etl", RunState::success);
  add_run(3, "other", RunState::failed);
  auto all = store_->runs().run_counts({});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->at("etl").at(RunState::success), 2);
  EXPECT_EQ(all->at("other").at(RunState::failed), 1);
  auto one = store_->runs().run_counts({"other", "absent"});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->size(), 1u);
}

TEST_P(StoreContract, WhatMappedInstancesReturnedIsToldWithItsLength) {
  add_run(1);
  Batch batch;
  for (int index : {2, 0}) {
    batch.xcoms.push_back({.run = RunKey{1},
                           .task_id = "each",
                           .map_index = index,
                           .key = std::string(kReturnValue),
                           .value = "[]",
                           .length = index});
  }
  batch.xcoms.push_back(
      {.run = RunKey{1}, .task_id = "each", .map_index = 1, .key = "other", .value = "1"});
  batch.xcoms.push_back(
      {.run = RunKey{1}, .task_id = "one", .key = std::string(kReturnValue), .value = "1"});
  commit(batch);
  auto each = store_->engine().returned(RunKey{1}, "each");
  ASSERT_TRUE(each && each->size() == 2);
  EXPECT_EQ((*each)[0].map_index, 0);
  EXPECT_EQ((*each)[1].length, 2);
  auto one = store_->engine().returned(RunKey{1}, "one");
  ASSERT_TRUE(one && one->size() == 1);
  EXPECT_EQ((*one)[0].length, std::nullopt);
  EXPECT_EQ((*store_->xcoms().get(RunKey{1}, "each", 2, std::string(kReturnValue)))->length, 2);
}

TEST_P(StoreContract, AnInstanceGetsItsMapIndexAndLabelLater) {
  RunRecord record = add_run(1);
  TaskInstance row = record.task_instances[0];
  row.map_index = 0;
  row.map_label = "ROME";
  ++row.version_stamp;
  Batch batch;
  batch.task_instances_updated = {row};
  commit(batch);
  auto rows = store_->engine().task_instances_of(RunKey{1}, row.task_id);
  ASSERT_TRUE(rows && rows->size() == 1);
  EXPECT_EQ((*rows)[0].map_index, 0);
  EXPECT_EQ((*rows)[0].map_label, "ROME");
  TaskInstanceQuery by_label{.rendered_index_pattern = "rom"};
  EXPECT_EQ(store_->runs().list_task_instances(by_label)->total, 1);
}

TEST_P(StoreContract, XComsAreReplacedListedClearedAndRemoved) {
  RunRecord record = add_run(1);
  XCom xcom{.run = RunKey{1},
            .task_id = "extract",
            .key = "return_value",
            .value = R"("ü")",
            .size_bytes = 4,
            .timestamp = at(1)};
  ASSERT_TRUE(store_->xcoms().put(xcom));
  xcom.value = "2";
  ASSERT_TRUE(store_->xcoms().put(xcom));
  XCom spilled = xcom;
  spilled.key = "big";
  spilled.value.clear();
  spilled.spill_path = "/staging/x";
  Batch batch;
  batch.xcoms = {spilled};
  commit(batch);
  auto total = [&](const XComQuery& query) { return store_->xcoms().list(query)->total; };
  EXPECT_EQ(total({.run_id_pattern = "nowhere"}), 0);
  EXPECT_EQ(total({.task_id_pattern = "nowhere"}), 0);
  EXPECT_EQ(total({.dag_name_pattern = "etl"}), total({})) << "it is shown as The etl";
  EXPECT_EQ(total({.dag_name_pattern = "the o"}), 0);
  EXPECT_EQ(total({.run_after = {.gte = at(1'000'000'000)}}), 0);
  EXPECT_EQ(total({.run_id_pattern = "run", .run_after = {.lt = at(1'000'000'000)}}), total({}));
  auto list = store_->xcoms().list({.dag_id = "etl", .key_pattern = "RETURN"});
  ASSERT_TRUE(list && list->rows.size() == 1);
  EXPECT_EQ(list->rows[0].xcom.value, "2");
  EXPECT_EQ(list->rows[0].run_id, "run_1");
  EXPECT_EQ(list->rows[0].version, version_);
  EXPECT_EQ(store_->xcoms().list({.run_id = "run_1", .task_id = "extract", .map_index = -1})->total,
            2);
  EXPECT_EQ(store_->xcoms().list({.key = "big"})->rows[0].xcom.spill_path, "/staging/x");
  EXPECT_TRUE(*store_->xcoms().remove(RunKey{1}, "extract", kUnmapped, "big"));
  EXPECT_FALSE(*store_->xcoms().remove(RunKey{1}, "extract", kUnmapped, "big"));
  Batch clear;
  clear.xcoms_cleared = {record.task_instances[0].key};
  clear.xcoms = {spilled};
  commit(clear);
  EXPECT_FALSE(*store_->xcoms().get(RunKey{1}, "extract", kUnmapped, "return_value"));
  EXPECT_TRUE(*store_->xcoms().get(RunKey{1}, "extract", kUnmapped, "big"));
  xcom.run = RunKey{77};
  EXPECT_EQ(store_->xcoms().put(xcom).error().code(), Code::not_found);
}

}  // namespace leoflow

namespace leoflow {

template <typename List>
Keys keys_by_offset(List list, Page page, int64_t rows) {
  Keys seen;
  for (; page.offset <= rows; page.offset += page.limit) {
    for (int64_t key : keys_of(list(page))) seen.push_back(key);
  }
  return seen;
}

// Forwards to the end, then back to the first page: every row once each way.
template <typename List>
void expect_walked_by_cursor(List list, Page page, const Keys& all, const std::string& what) {
  Keys forward, backward;
  std::string last_but_one;
  do {
    auto found = list(page);
    ASSERT_TRUE(found) << what << found.error().text();
    EXPECT_EQ(found->previous_cursor.empty(), forward.empty()) << what;
    for (int64_t key : keys_of(found)) forward.push_back(key);
    page.cursor = found->next_cursor;
    if (page.cursor.empty()) last_but_one = found->previous_cursor;
  } while (!page.cursor.empty() && forward.size() <= all.size());
  EXPECT_EQ(forward, all) << what;
  for (page.cursor = last_but_one; !page.cursor.empty() && backward.size() <= all.size();) {
    auto found = list(page);
    ASSERT_TRUE(found) << what << found.error().text();
    EXPECT_FALSE(found->next_cursor.empty()) << what;
    Keys keys = keys_of(found);
    backward.insert(backward.begin(), keys.begin(), keys.end());
    page.cursor = found->previous_cursor;
  }
  Keys rest(all.begin(), all.begin() + int64_t(backward.size()));
  EXPECT_GE(backward.size() + size_t(page.limit), all.size()) << what;
  EXPECT_EQ(backward, rest) << what;
}

template <typename List>
void expect_paged(List list, const std::vector<Order>& order, int rows) {
  std::string what = order[0].column + (order[0].descending ? " down" : " up");
  Keys all = keys_of(list(Page{.limit = rows, .order = order}));
  ASSERT_EQ(all.size(), size_t(rows)) << what;
  EXPECT_EQ(keys_by_offset(list, {.limit = 4, .order = order}, rows), all) << what;
  expect_walked_by_cursor(list, {.limit = 4, .order = order}, all, what);
}

TEST_P(StoreContract, PagesGoThroughAllRunsOnce) {
  Batch batch;
  for (int64_t key = 1; key <= 23; ++key) {
    DagRun run = make_run(key);
    run.run_after = at(key % 4);
    if (key % 3 != 0) run.start_date = at(key % 5);
    if (key % 3 == 1) run.end_date = at(10 + key % 7);
    run.state = key % 2 == 0 ? RunState::success : RunState::failed;
    batch.runs_inserted.push_back(run);
  }
  commit(batch);
  auto list = [&](const Page& page) { return store_->runs().list_runs({.page = page}); };
  for (std::string column : {"id", "run_after", "start_date", "duration", "state", "run_id"}) {
    for (bool descending : {false, true}) {
      expect_paged(list, {{column, descending}}, 23);
      expect_paged(list, {{column, descending}, {"run_after", !descending}}, 23);
    }
  }
  EXPECT_EQ(list({.limit = 4})->total, 23);
  EXPECT_FALSE(list({.limit = 4})->total_is_minimum);
}

TEST_P(StoreContract, PagesGoThroughAllTaskInstancesOnce) {
  Batch batch;
  batch.runs_inserted = {make_run(1), make_run(2)};
  for (int64_t key = 1; key <= 19; ++key) {
    TaskInstance task = make_task(key, 1 + key % 2, "t" + std::to_string(key), int(key % 3) - 1);
    if (key % 4 != 0) task.start_date = at(key % 5);
    if (key % 4 == 1) task.end_date = at(7 + key % 3);
    batch.task_instances_inserted.push_back(task);
  }
  commit(batch);
  auto list = [&](const Page& page) { return store_->runs().list_task_instances({.page = page}); };
  for (std::string column : {"id", "map_index", "start_date", "run_id", "duration"}) {
    for (bool descending : {false, true}) expect_paged(list, {{column, descending}}, 19);
  }
}

TEST_P(StoreContract, CursorsBelongToTheirOrder) {
  for (int64_t key = 1; key <= 3; ++key) add_run(key);
  RunQuery query{.page = {.limit = 1, .order = {{"run_after", true}}}};
  std::string cursor = store_->runs().list_runs(query)->next_cursor;
  for (std::string wrong : {cursor + "x", std::string("nonsense"), std::string(10'000, 'a')}) {
    query.page.cursor = wrong;
    auto page = store_->runs().list_runs(query);
    ASSERT_FALSE(page) << wrong;
    EXPECT_EQ(page.error().code(), Code::invalid);
    EXPECT_FALSE(page.error().hint().empty());
  }
  query.page = {.limit = 1, .order = std::vector<Order>(11, Order{"id"})};
  EXPECT_EQ(store_->runs().list_runs(query).error().code(), Code::invalid) << "too many columns";
  query.page = {.limit = 1, .order = {{"run_after", false}}, .cursor = cursor};
  EXPECT_EQ(store_->runs().list_runs(query).error().code(), Code::invalid);
}

// What comes in or goes meanwhile moves no other row to another page.
TEST_P(StoreContract, CursorsStayWhereTheyAre) {
  for (int64_t key : {2, 3, 4, 5, 6}) add_run(key);
  RunQuery query{.page = {.limit = 2, .order = {{"id", true}}}};
  auto first = store_->runs().list_runs(query);
  EXPECT_EQ(keys_of(first), (Keys{6, 5}));
  add_run(7);
  query.page.cursor = first->next_cursor;
  auto second = store_->runs().list_runs(query);
  EXPECT_EQ(keys_of(second), (Keys{4, 3}));
  query.page.cursor = second->previous_cursor;
  EXPECT_EQ(keys_of(store_->runs().list_runs(query)), (Keys{6, 5}));
}

TEST_P(StoreContract, ListsTakeSeveralIds) {
  for (int64_t key = 1; key <= 6; ++key)
    add_run(key, key % 3 == 0 ? "a" : key % 3 == 1 ? "b" : "c");
  RunStore& runs = store_->runs();
  EXPECT_EQ(keys_of(runs.list_runs({.dag_ids = {"a", "b", "none"}})), (Keys{1, 3, 4, 6}));
  EXPECT_EQ(keys_of(runs.list_runs({.dag_id = "a", .dag_ids = {"b"}})), Keys{});
  Page page{.order = {{"id"}}};
  EXPECT_EQ(keys_of(runs.list_task_instances(
                {.dag_ids = {"a", "c"}, .task_ids = {"load", "none"}, .page = page})),
            (Keys{23, 33, 53, 63}));
  EXPECT_EQ(keys_of(runs.list_task_instances(
                {.run_ids = {"run_1", "run_6", "none"}, .task_ids = {"extract"}, .page = page})),
            (Keys{11, 61}));
}

// Beyond what is counted, the total stays ahead of the pages: who pages until it sees every row.
TEST_P(StoreContract, LongListsArePagedToTheirEnd) {
  constexpr int64_t kTasks = 10'500;
  Batch batch;
  batch.runs_inserted = {make_run(1)};
  for (int64_t key = 1; key <= kTasks; ++key)
    batch.task_instances_inserted.push_back(make_task(key, 1, "t", int(key)));
  commit(batch);
  TaskInstanceQuery query{.page = {.limit = 1000, .order = {{"id"}}}};
  int64_t seen = 0;
  for (int64_t total = 1; query.page.offset < total; query.page.offset += 1000) {
    auto page = store_->runs().list_task_instances(query);
    ASSERT_TRUE(page) << page.error().text();
    total = page->total;
    EXPECT_TRUE(page->total_is_minimum);
    seen += int64_t(page->rows.size());
  }
  EXPECT_EQ(seen, kTasks);
}

}  // namespace leoflow
