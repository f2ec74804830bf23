// SPDX-License-Identifier: Apache-2.0
// FigureStore and FavoriteStore on a Database. See store/figure_store.h and store/favorite_store.h.
#pragma once

#include "store/favorite_store.h"
#include "store/figure_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlFigureStore final : public FigureStore {
 public:
  explicit SqlFigureStore(Database& database) : database_(database) {}
  Result<RunCounts> run_counts(const DagsAllowed& dags) override;
  Result<DagCounts> dag_counts(const DagsAllowed& dags) override;
  Result<std::vector<RunHour>> run_hours(const FigureQuery& query) override;
  Result<std::vector<RunProgress>> open_runs(const FigureQuery& query) override;
  Result<std::vector<TaskFailure>> failures(const FigureQuery& query) override;
  Result<TaskFigures> task_figures(const FigureQuery& query) override;
  Result<std::vector<PoolUse>> pool_use() override;
  Result<std::map<std::string, int64_t>> open_attempts() override;

 private:
  Database& database_;
};

class SqlFavoriteStore final : public FavoriteStore {
 public:
  explicit SqlFavoriteStore(Database& database) : database_(database) {}
  Status add(const std::string& username, const std::string& dag_id) override;
  Result<bool> remove(const std::string& username, const std::string& dag_id) override;
  Result<std::vector<std::string>> list(const std::string& username) override;

 private:
  Database& database_;
};

// Days and hours since the epoch (UTC), as the counters are kept by.
int64_t day_of(Time time);
int64_t hour_of(Time time);

}  // namespace leoflow::sql
