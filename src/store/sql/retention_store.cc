// SPDX-License-Identifier: Apache-2.0
#include "store/sql/admin_store.h"
#include "store/sql/figure_store.h"
#include "store/sql/queries_admin.h"
#include "store/sql/queries_assets.h"
#include "store/sql/queries_backfills.h"
#include "store/sql/queries_figures.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

Result<std::vector<DagRun>> purge_runs(Connection& connection, Time before, int rows_max) {
  Result<Query> select = connection.query(kSelectRunsToPurge);
  if (!select) return fail(select);
  select->bind("$before", before).bind("$rows_max", rows_max);
  Result<std::vector<DagRun>> runs = read_all(*select, read_run);
  if (!runs) return fail(runs);
  Result<Query> remove = connection.query(kDeleteRun);
  if (!remove) return fail(remove);
  for (const DagRun& run : *runs) {
    Result<int64_t> removed = remove->bind("$run_key", run.key).run();
    if (!removed) return fail(removed);
  }
  return runs;
}

Status purge_before(Connection& connection, std::string_view sql, Time before, int rows_max) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  Result<int64_t> removed = query->bind("$before", before).bind("$rows_max", rows_max).run();
  if (!removed) return fail(removed);
  return {};
}

Status purge_backfill(Connection& connection, Time before) {
  Result<Query> query = connection.query(kPurgeBackfill);
  if (!query) return fail(query);
  Result<int64_t> removed = query->bind("$before", before).run();
  if (!removed) return fail(removed);
  return {};
}

Status purge_versions(Connection& connection, int versions_max, int rows_max) {
  Result<Query> query = connection.query(kPurgeVersions);
  if (!query) return fail(query);
  Result<int64_t> removed = query->bind("$versions_max", versions_max).bind("$rows_max", rows_max).run();
  if (!removed) return fail(removed);
  return {};
}

// Counters that no question reaches back to.
Status purge_figures(Connection& connection, Time now) {
  Result<Query> hours = connection.query(kPurgeRunHours);
  if (!hours) return fail(hours);
  auto removed = hours->bind("$before", hour_of(now - kRunHoursKept)).run();
  if (!removed) return fail(removed);
  Result<Query> days = connection.query(kPurgeTaskDays);
  if (!days) return fail(days);
  removed = days->bind("$before", day_of(now - kTaskDaysKept)).run();
  if (!removed) return fail(removed);
  return {};
}

}  // namespace

Result<std::vector<DagRun>> SqlRetentionStore::purge(const RetentionPolicy& policy, Time now) {
  using Runs = std::vector<DagRun>;
  int rows_max = policy.rows_per_step;
  return database_.write([&](Connection& connection) -> Result<Runs> {
    Result<Runs> runs = Runs();
    if (policy.runs != Duration::zero()) runs = purge_runs(connection, now - policy.runs, rows_max);
    if (!runs) return runs;
    Status done;
    if (policy.runs != Duration::zero()) done = purge_backfill(connection, now - policy.runs);
    for (std::string_view sql : {kPurgeAssetEvents.view(), kPurgeAssets.view()}) {
      if (done && policy.runs != Duration::zero())
        done = purge_before(connection, sql, now - policy.runs, rows_max);
    }
    if (done && policy.event_log != Duration::zero()) {
      done = purge_before(connection, kPurgeEvents, now - policy.event_log, rows_max);
    }
    if (done && policy.deleted_staging != Duration::zero()) {
      done = purge_before(connection, kPurgeVolumes, now - policy.deleted_staging, rows_max);
    }
    if (done && policy.versions_unused_max > 0) {
      done = purge_versions(connection, policy.versions_unused_max, rows_max);
    }
    if (done) done = purge_figures(connection, now);
    if (!done) return fail(done);
    return runs;
  });
}

}  // namespace leoflow::sql
