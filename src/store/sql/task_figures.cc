// SPDX-License-Identifier: Apache-2.0
// The slowest and the flakiest tasks, out of the counters of task_days.
#include <algorithm>
#include <functional>

#include "base/json.h"
#include "model/duration_bucket.h"
#include "store/sql/figure_store.h"
#include "store/sql/queries_figures.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

constexpr int64_t kDaysMax = 31;

struct Sum {
  std::string dag_id, task_id;
  std::map<int, int64_t> buckets;
  int64_t tries = 0, failures = 0, retries = 0, took = 0;
};

struct DayBucket {
  int bucket = 0;
  int64_t tries = 0;
};
DayBucket read_day_bucket(Row& row) {
  DayBucket result;
  result.bucket = row.number();
  result.tries = row.integer();
  return result;
}

// Sums by task. Rows come in the order of the key, so a task is looked up once per day.
class Sums {
 public:
  void add(Row& row) {
    std::string dag_id = row.text(), task_id = row.text();
    if (!last_ || last_->task_id != task_id || last_->dag_id != dag_id) {
      auto found = by_name_.try_emplace(std::pair(std::move(dag_id), std::move(task_id))).first;
      last_ = &found->second;
      last_->dag_id = found->first.first;
      last_->task_id = found->first.second;
    }
    int bucket = row.number();
    int64_t tries = row.integer();
    last_->buckets[bucket] += tries;
    last_->tries += tries;
    last_->failures += row.integer();
    last_->retries += row.integer();
    last_->took += row.integer();
  }

  std::vector<TaskFigure> figures() const {
    std::vector<TaskFigure> figures;
    for (const auto& [name, sum] : by_name_) {
      if (sum.tries == 0) continue;
      TaskFigure figure{sum.dag_id, sum.task_id, sum.tries, sum.failures, sum.retries};
      figure.mean = Duration(sum.took / sum.tries);
      figure.p50 = bucket_percentile(sum.buckets, 0.5);
      figure.p95 = bucket_percentile(sum.buckets, 0.95);
      figures.push_back(std::move(figure));
    }
    return figures;
  }

 private:
  std::map<std::pair<std::string, std::string>, Sum> by_name_;
  Sum* last_ = nullptr;
};

std::vector<TaskFigure> first_of(
    std::vector<TaskFigure> figures, int rows_max,
    const std::function<bool(const TaskFigure&, const TaskFigure&)>& before) {
  size_t count = std::min(figures.size(), size_t(std::max(0, rows_max)));
  std::ranges::partial_sort(figures, figures.begin() + int64_t(count), before);
  figures.resize(count);
  return figures;
}

bool slower(const TaskFigure& a, const TaskFigure& b) {
  return std::tie(a.p95, a.mean) > std::tie(b.p95, b.mean);
}

double failed_share(const TaskFigure& figure) {
  return double(figure.failures + figure.retries) / double(figure.tries);
}

// What sometimes works is flaky; what never does is broken, and comes last.
bool flakier(const TaskFigure& a, const TaskFigure& b) {
  double x = failed_share(a), y = failed_share(b);
  if ((x == 1) != (y == 1)) return y == 1;
  return x != y ? x > y : a.tries > b.tries;
}

Result<std::vector<TaskFigure>> read_figures(Connection& connection, const Where& where,
                                             int64_t first_day, int64_t last_day) {
  std::string sql = std::string(kSelectTaskDays) + where.text() + std::string(kInTaskOrder);
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  query->bind("$first_day", first_day).bind("$last_day", last_day);
  where.bind_to(*query);
  Sums sums;
  while (true) {
    Result<bool> more = query->step();
    if (!more) return fail(more);
    if (!*more) return sums.figures();
    Row row = query->row();
    sums.add(row);
  }
}

Status add_before(Connection& connection, const std::string& days,
                  std::vector<TaskFigure>& figures) {
  for (TaskFigure& figure : figures) {
    Result<Query> query = connection.query(kSelectDaysOfTask);
    if (!query) return fail(query);
    query->bind("$days", days).bind("$dag_id", figure.dag_id).bind("$task_id", figure.task_id);
    auto rows = read_all(*query, read_day_bucket);
    if (!rows) return fail(rows);
    std::map<int, int64_t> buckets;
    for (const DayBucket& row : *rows) buckets[row.bucket] = row.tries;
    if (!buckets.empty()) figure.p50_before = bucket_percentile(buckets, 0.5);
  }
  return {};
}

std::string list_of_days(int64_t first, int64_t count) {
  json::Writer days;
  days.begin_array();
  for (int64_t day = first; day < first + count; ++day) days.number(day);
  return days.end_array().take();
}

}  // namespace

Result<TaskFigures> SqlFigureStore::task_figures(const FigureQuery& query) {
  int64_t last = day_of(query.until);
  int64_t first = std::max(day_of(query.since), last - kDaysMax + 1);
  int64_t count = std::max<int64_t>(1, last - first + 1);
  Where where;
  where.only("counted.dag_id", "$dags_allowed", query.dags_allowed);
  return database_.read([&](Connection& connection) -> Result<TaskFigures> {
    auto all = read_figures(connection, where, first, last);
    if (!all) return fail(all);
    TaskFigures figures{.since = Time(std::chrono::days(first))};
    figures.slowest = first_of(*all, query.rows_max, slower);
    std::erase_if(*all, [](const TaskFigure& one) { return one.failures + one.retries == 0; });
    figures.flakiest = first_of(std::move(*all), query.rows_max, flakier);
    std::string days = list_of_days(first - count, count);
    for (auto* list : {&figures.slowest, &figures.flakiest}) {
      if (auto added = add_before(connection, days, *list); !added) return fail(added);
    }
    return figures;
  });
}

}  // namespace leoflow::sql
