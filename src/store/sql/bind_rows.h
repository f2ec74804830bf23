// SPDX-License-Identifier: Apache-2.0
// Structs to placeholders, in the order of the placeholders. Bound texts stay where they are: the struct outlives the
// step.
#pragma once

#include "model/entities.h"
#include "store/sql/query.h"

namespace leoflow::sql {

void bind_run_inserted(Query& query, const DagRun& run);
void bind_run_updated(Query& query, const DagRun& run);
void bind_task_instance_inserted(Query& query, const TaskInstance& task);
void bind_task_instance_updated(Query& query, const TaskInstance& task);
void bind_attempt_inserted(Query& query, const Attempt& attempt);
void bind_attempt_updated(Query& query, const Attempt& attempt);
void bind_try(Query& query, const TaskTry& tried);
void bind_xcom(Query& query, const XCom& xcom);
void bind_volume_inserted(Query& query, const StagingVolume& volume);
void bind_volume_updated(Query& query, const StagingVolume& volume);
void bind_dag_plan(Query& query, const Dag& dag);
void bind_event(Query& query, const EventLog& event);

}  // namespace leoflow::sql
