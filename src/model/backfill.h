// SPDX-License-Identifier: Apache-2.0
// Backfills: runs of a DAG for a range of dates in the past, made in order and under a limit of
// their own (Airflow 3's semantics: docs/scheduling.md, "Backfills").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/ids.h"
#include "model/states.h"

namespace leoflow {

constexpr int kBackfillRunsMax = 10'000;  // dates of one backfill
constexpr int kBackfillActiveRunsDefault = 10;
constexpr int kBackfillActiveRunsMax = 10'000;

// What becomes of a date that has a finished run.
enum class Reprocess {
  none,       // it stays as it is
  failed,     // a failed one is cleared and runs again
  completed,  // any is cleared and runs again
};
std::string_view to_string(Reprocess reprocess);
std::optional<Reprocess> parse_reprocess(std::string_view text);
// Whether a finished run runs again.
bool runs_again(Reprocess reprocess, RunState state);

struct Backfill {
  int64_t id = 0;
  std::string dag_id;
  Time from_date{}, to_date{};  // both included
  std::string conf = "{}";      // JSON object, of the runs it makes
  Reprocess reprocess = Reprocess::none;
  int max_active_runs = kBackfillActiveRunsDefault;
  bool run_backwards = false;          // the latest date first
  bool run_on_latest_version = false;  // of runs that are cleared
  bool is_paused = false;
  int dates = 0;     // how many it covers
  std::string user;  // who asked for it; empty = unknown
  Time created_at{}, updated_at{};
  std::optional<Time> completed_at;  // every date is done, or it was cancelled
};

// What was decided for one of its dates.
struct BackfillRun {
  int64_t backfill = 0;
  int ordinal = 0;  // 1 = the first that was decided
  Time logical_date{};
  RunKey run;             // 0 = none was made or cleared
  std::string exception;  // why: "already exists", "in flight"; empty = there is a run
};

}  // namespace leoflow
