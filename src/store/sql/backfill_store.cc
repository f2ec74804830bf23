// SPDX-License-Identifier: Apache-2.0
#include "store/sql/backfill_store.h"

#include "store/sql/listing.h"
#include "store/sql/queries_backfills.h"
#include "store/sql/simple_query.h"

namespace leoflow::sql {
namespace {

constexpr OrderColumn kOrder[] = {{"id", "backfill.backfill_id"},
                                  {"dag_id", "backfill.dag_id"},
                                  {"created_at", "backfill.created_at"},
                                  {"completed_at", "backfill.completed_at", true}};

Backfill read_backfill(Row& row) {
  Backfill backfill;
  backfill.id = row.integer();
  backfill.dag_id = row.text();
  backfill.from_date = row.time();
  backfill.to_date = row.time();
  backfill.conf = row.text();
  backfill.reprocess = row.name(parse_reprocess);
  backfill.max_active_runs = row.number();
  backfill.run_backwards = row.flag();
  backfill.run_on_latest_version = row.flag();
  backfill.is_paused = row.flag();
  backfill.dates = row.number();
  backfill.user = row.text();
  backfill.created_at = row.time();
  backfill.updated_at = row.time();
  backfill.completed_at = row.time_or_null();
  return backfill;
}

BackfillRun read_backfill_run(Row& row) {
  BackfillRun run;
  run.backfill = row.integer();
  run.ordinal = row.number();
  run.logical_date = row.time();
  run.run = row.id<RunKey>();
  run.exception = row.text();
  return run;
}

BackfillProgress read_progress(Row& row) {
  BackfillProgress progress;
  progress.queued = row.integer();
  progress.running = row.integer();
  progress.succeeded = row.integer();
  progress.failed = row.integer();
  progress.left_out = row.integer();
  progress.gone = row.integer();
  return progress;
}

}  // namespace

Result<PageOf<Backfill>> SqlBackfillStore::list(const BackfillQuery& query) {
  Where where;
  where.only("backfill.dag_id", "$dags_allowed", query.dags_allowed);
  where.equal("backfill.dag_id", "$dag_id", query.dag_id);
  if (query.only_open) where.add(" AND backfill.completed_at IS NULL");
  ListQuery list{kListBackfills, kCountBackfills, kOrder, "backfill.backfill_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_backfill);
  });
}

Result<std::optional<Backfill>> SqlBackfillStore::get(int64_t id) {
  return select_row(database_, kSelectBackfill, read_backfill,
                    [&](Query& query) { query.bind("$backfill_id", id); });
}

Result<BackfillProgress> SqlBackfillStore::progress(int64_t id) {
  auto row = select_row(database_, kSelectBackfillProgress, read_progress,
                        [&](Query& query) { query.bind("$backfill_id", id); });
  if (!row) return fail(row);
  return row->value_or(BackfillProgress{});
}

Result<std::vector<BackfillRun>> SqlBackfillStore::runs_of(int64_t id) {
  return select_rows(database_, kSelectBackfillRuns, read_backfill_run,
                     [&](Query& query) { query.bind("$backfill_id", id); });
}

void bind_backfill_inserted(Query& query, const Backfill& backfill) {
  query.bind("$backfill_id", backfill.id)
      .bind("$dag_id", backfill.dag_id)
      .bind("$from_date", backfill.from_date)
      .bind("$to_date", backfill.to_date)
      .bind("$conf", backfill.conf)
      .bind("$reprocess", to_string(backfill.reprocess))
      .bind("$max_active_runs", backfill.max_active_runs)
      .bind("$run_backwards", backfill.run_backwards)
      .bind("$run_on_latest_version", backfill.run_on_latest_version)
      .bind("$is_paused", backfill.is_paused)
      .bind("$dates", backfill.dates)
      .bind("$username", backfill.user)
      .bind("$created_at", backfill.created_at)
      .bind("$updated_at", backfill.updated_at)
      .bind("$completed_at", backfill.completed_at);
}

void bind_backfill_updated(Query& query, const Backfill& backfill) {
  query.bind("$is_paused", backfill.is_paused)
      .bind("$updated_at", backfill.updated_at)
      .bind("$completed_at", backfill.completed_at)
      .bind("$backfill_id", backfill.id);
}

}  // namespace leoflow::sql
