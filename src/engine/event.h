// SPDX-License-Identifier: Apache-2.0
// Everything that can happen to the engine, as values: the only input of Core besides time.
#pragma once

#include <variant>

#include "engine/engine.h"
#include "exec/executor.h"

namespace leoflow {

namespace event {

struct AttemptClaimed {
  AttemptId attempt;
  std::string agent, hostname;
};
struct AttemptRunning {
  AttemptId attempt;
  int64_t pid = 0;
  Time started_at{};
};
struct OutcomeReported {
  Outcome outcome;
};
struct XComPushed {
  AttemptId attempt;
  XCom xcom;
  std::function<void(Status)> on_committed;
};
struct AgentConnected {
  std::string agent;
  std::vector<HeldAttempt> held;
};
struct AgentLost {
  std::string agent, reason;
};
struct DispatchFailed {
  AttemptId attempt;
  Error error;
};

struct AttemptWaits {
  AttemptId attempt;
  std::string reason;
};
struct AttemptHeld {
  AttemptId attempt;
  Time since{};
};

template <typename Request, typename Answer>
struct Asked {
  Request request;
  Reply<Answer> reply;
};
using Trigger = Asked<TriggerRequest, DagRun>;
using Clear = Asked<ClearRequest, std::vector<Touched>>;
using MarkTask = Asked<MarkTaskRequest, std::vector<Touched>>;
using MarkRun = Asked<MarkRunRequest, DagRun>;
struct DeleteRun {
  std::string dag_id, run_id;
  Reply<bool> reply;
};
using DeleteTask = Asked<TaskInstanceName, bool>;
struct SetPaused {
  std::string dag_id;
  bool paused = false;
  Reply<bool> reply;
};
using StartBackfill = Asked<BackfillRequest, Backfill>;
struct MoveBackfill {
  std::string dag_id;
  int64_t id = 0;
  BackfillMove move = BackfillMove::pause;
  Reply<Backfill> reply;
};
struct AskReasons {
  std::string dag_id, run_id;
  Reply<std::vector<Engine::Reason>> reply;
};
using CreateAssetEvent = Asked<AssetEventRequest, AssetEvent>;
using ForgetQueuedAssets = Asked<QueuedAssets, int64_t>;
struct DagChanged {
  std::string dag_id;
};
struct PoolsChanged {};
struct ImportErrorsChanged {};

}  // namespace event

using Event =
    std::variant<event::AttemptClaimed, event::AttemptRunning, event::OutcomeReported,
                 event::XComPushed, event::AgentConnected, event::AgentLost, event::DispatchFailed,
                 event::AttemptWaits, event::AttemptHeld, event::Trigger, event::Clear,
                 event::MarkTask, event::MarkRun, event::DeleteRun, event::DeleteTask,
                 event::SetPaused, event::StartBackfill, event::MoveBackfill, event::AskReasons,
                 event::CreateAssetEvent, event::ForgetQueuedAssets, event::DagChanged,
                 event::PoolsChanged, event::ImportErrorsChanged>;

// A task instance whose rows went, and the files that were of it.
struct TaskDeleted {
  DagRun run;
  TaskInstanceName name;
  std::vector<Attempt> attempts;        // whose logs go
  std::vector<std::string> xcom_files;  // values that were not inline
};

// What is to be done once a step's batch is committed, in this order.
struct Effects {
  std::vector<StagingVolume> staging_created;       // folders to make before placing
  std::vector<WorkItem> recalled;                   // after a load: what agents had taken before
  std::vector<WorkItem> placed;
  std::vector<std::pair<AttemptId, CancelReason>> cancelled;
  std::vector<AttemptId> acknowledged;
  std::vector<std::pair<TaskInstanceKey, int>> forgotten;  // with its try: expected no longer
  std::vector<WorkItem> expected;                   // may be placed next; no attempt yet
  std::vector<StagingVolume> staging_freed;         // folders to remove
  std::vector<DagRun> runs_deleted;                 // whose logs go
  std::vector<TaskDeleted> tasks_deleted;
  std::vector<std::move_only_function<void(const Status&)>> answers;  // told how the commit ended
  std::vector<Change> changes;                      // sequence and time are set by the runner

  bool empty() const;
};

}  // namespace leoflow
