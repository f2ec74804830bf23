// SPDX-License-Identifier: Apache-2.0
// Rows to structs, once per table. Each reader takes the columns of its list in queries_*.h, in that order, and moves
// the row past them, so joined rows are read one struct after the other.
#pragma once

#include "store/admin_store.h"
#include "store/dag_store.h"
#include "store/run_store.h"
#include "store/sql/row.h"

namespace leoflow::sql {

DagRun read_run(Row& row);
TaskInstance read_task_instance(Row& row);
// With its run, version, rendered fields and attempt.
TaskInstanceRow read_task_instance_row(Row& row);
TaskTry read_try(Row& row);
Attempt read_attempt(Row& row);
XCom read_xcom(Row& row);
Returned read_returned(Row& row);
StagingVolume read_volume(Row& row);
Dag read_dag(Row& row);
DagVersion read_version(Row& row);
ImportError read_import_error(Row& row);
EventLog read_event(Row& row);
SealedConnection read_connection(Row& row);
SealedVariable read_variable(Row& row);
Pool read_pool(Row& row);
User read_user(Row& row);
ApiToken read_token(Row& row);
BrowserSession read_session(Row& row);

// The stored name of an attempt's kind.
std::string_view name_of(AttemptKind kind);

// Single columns.
int64_t read_integer(Row& row);
std::string read_text(Row& row);

}  // namespace leoflow::sql
