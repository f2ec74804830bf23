// SPDX-License-Identifier: Apache-2.0
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Dag = Schemas["DAGResponse"];
export type DagDetails = Schemas["DAGDetailsResponse"];
export type DagRun = Schemas["DAGRunResponse"];
/** A run as lists of DAGs show it. */
export type LatestRun = Schemas["LatestRun"];
export type DagVersion = Schemas["DagVersionResponse"];
export type Backfill = Schemas["BackfillResponse"];
export type BackfillBody = Schemas["BackfillPostBody"];
export type BackfillProgress = Schemas["BackfillProgressResponse"];
export type Task = Schemas["TaskResponse"];
export type TaskInstance = Schemas["TaskInstanceResponse"];
export type TaskIdAndIndex = Schemas["TaskIdAndIndex"];
export type GridCell = Schemas["GridCell"];
export type TaskTry = Schemas["TaskInstanceHistoryResponse"];
export type Attempt = Schemas["AttemptResponse"];
export type Reason = Schemas["ReasonResponse"];
export type StagingVolume = Schemas["StagingVolumeResponse"];
export type ImportError = Schemas["ImportErrorResponse"];
export type Connection = Schemas["ConnectionResponse"];
export type ConnectionBody = Schemas["ConnectionBody"];
export type Variable = Schemas["VariableResponse"];
export type Pool = Schemas["PoolResponse"];
export type EventLog = Schemas["EventLogResponse"];
export type User = Schemas["UserResponse"];
export type ApiToken = Schemas["TokenResponse"];
export type XCom = Schemas["XComResponse"];
export type Asset = Schemas["AssetResponse"];
export type AssetEvent = Schemas["AssetEventResponse"];
export type LogMessage = Schemas["StructuredLogMessage"];
export type ChangeEvent = Schemas["ChangeEvent"];
export type RunLogMatch = Schemas["RunLogMatch"];
export type PoolUse = Schemas["PoolUseResponse"];
export type Dashboard = Schemas["DashboardResponse"];
export type TaskFigure = Schemas["TaskFigure"];
export type Param = Schemas["ParamResponse"];

export type RunState = Schemas["DagRunState"];
/** null is a task instance nothing was decided about yet. */
export type TaskState = Schemas["TaskInstanceState"] | null;

/** What names a run. */
export interface RunRef {
  dagId: string;
  runId: string;
}

/** What names a task instance. */
export interface TaskRef extends RunRef {
  taskId: string;
  mapIndex: number;
}
