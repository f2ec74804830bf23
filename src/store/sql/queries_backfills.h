// SPDX-License-Identifier: Apache-2.0
// Backfills and their dates. Column lists are in the order of the readers in backfill_store.cc.
#pragma once

#include "store/sql/sql_text.h"

namespace leoflow::sql {

inline constexpr SqlText kBackfillColumns(
    "backfill.backfill_id, backfill.dag_id, backfill.from_date, backfill.to_date, backfill.conf, "
    "backfill.reprocess, backfill.max_active_runs, backfill.run_backwards, "
    "backfill.run_on_latest_version, backfill.is_paused, backfill.dates, backfill.username, "
    "backfill.created_at, backfill.updated_at, backfill.completed_at");

inline constexpr SqlText kInsertBackfill(
    "INSERT INTO backfills (backfill_id, dag_id, from_date, to_date, conf, reprocess, "
    "max_active_runs, run_backwards, run_on_latest_version, is_paused, dates, username, "
    "created_at, updated_at, completed_at) VALUES ($backfill_id, $dag_id, $from_date, $to_date, "
    "$conf, $reprocess, $max_active_runs, $run_backwards, $run_on_latest_version, $is_paused, "
    "$dates, $username, $created_at, $updated_at, $completed_at)");
inline constexpr SqlText kUpdateBackfill(
    "UPDATE backfills SET is_paused = $is_paused, updated_at = $updated_at, completed_at = "
    "$completed_at WHERE backfill_id = $backfill_id");
inline constexpr SqlText kInsertBackfillRun(
    "INSERT INTO backfill_runs (backfill_id, ordinal, logical_date, run_key, exception) VALUES "
    "($backfill_id, $ordinal, $logical_date, $run_key, $exception)");

// One at a time: its dates go with it.
inline constexpr SqlText kPurgeBackfill(
    "DELETE FROM backfills WHERE backfill_id IN (SELECT backfill_id FROM backfills WHERE "
    "completed_at < $before ORDER BY backfill_id LIMIT 1)");

inline constexpr auto kListBackfills =
    "SELECT " + kBackfillColumns + " FROM backfills backfill WHERE TRUE";
inline constexpr SqlText kCountBackfills("SELECT 1 FROM backfills backfill WHERE TRUE");
inline constexpr auto kSelectBackfill = kListBackfills + " AND backfill.backfill_id = $backfill_id";
inline constexpr SqlText kSelectBackfillRuns(
    "SELECT backfill_id, ordinal, logical_date, run_key, exception FROM backfill_runs WHERE "
    "backfill_id = $backfill_id ORDER BY ordinal");
inline constexpr SqlText kSelectBackfillProgress(
    "SELECT coalesce(sum(run.state = 'queued'), 0), coalesce(sum(run.state = 'running'), 0), "
    "coalesce(sum(run.state = 'success'), 0), coalesce(sum(run.state = 'failed'), 0), "
    "coalesce(sum(made.exception <> ''), 0), "
    "coalesce(sum(made.run_key IS NULL AND made.exception = ''), 0) "
    "FROM backfill_runs made LEFT JOIN runs run ON run.run_key = made.run_key "
    "WHERE made.backfill_id = $backfill_id");

}  // namespace leoflow::sql
