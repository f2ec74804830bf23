// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/backfill.h"
#include "schedule/timetable.h"

namespace leoflow {

// Whether a DAG can be backfilled this way: it has a schedule, and depends_on_past allows it.
// `invalid` says what does not fit.
Status check_backfill(const DagSpec& spec, bool run_backwards, Reprocess reprocess);

// The runs that a timetable has in [from, to] and that were due before `now`, oldest first.
// `invalid` when there is none, `exhausted` when there are more than kBackfillRunsMax. The DAG's
// own start and end date do not matter, as in Airflow. Pure; some microseconds per date.
Result<std::vector<PlannedRun>> backfill_dates(const Timetable& timetable, Time from, Time to,
                                               Time now);

}  // namespace leoflow
