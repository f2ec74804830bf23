// SPDX-License-Identifier: Apache-2.0
// The seam between deciding and doing: the engine hands WorkItems to an Executor and gets exactly one Outcome per
// attempt back. The local node agent and Kubernetes pods are implementations; tests use a fake.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/dag_spec.h"
#include "model/entities.h"

namespace leoflow {

// One attempt to place. Committed before it is handed over; handing it over twice is harmless (same attempt id).
struct WorkItem {
  AttemptId attempt;
  AttemptKind kind = AttemptKind::task;
  RunKey run;
  TaskInstanceKey task_instance;
  std::string dag_id, run_id, task_id;
  int map_index = kUnmapped;
  int try_number = 1;
  int max_tries = 0;
  DagVersionId version;
  std::string environment;              // hash of the environment it runs in; empty = bare interpreter
};

// How an attempt ended. The only truth about it: phases, exit codes and silence are evidence, never outcomes.
enum class OutcomeKind {
  succeeded,
  failed,      // the user's code or one of its limits
  skipped,
  lost,        // infrastructure: agent or place gone, dispatch failed; never charged to `retries`
  cancelled,   // ended because the engine asked (clear, mark, run failed, timeout of the run)
};

struct Outcome {
  AttemptId attempt;
  OutcomeKind kind = OutcomeKind::lost;
  bool retryable = true;                // failed only: AirflowFailException and the like say no
  std::string reason;                   // one sentence; empty for success
  int64_t exit_code = 0;
  std::optional<Time> started_at;       // user code began
  Time ended_at{};
  ResourceUse use;                      // as far as it is known
  std::vector<XCom> xcoms;              // not yet committed pushes, return value included; run/timestamp filled by engine
  std::string rendered_fields;          // JSON object text; empty = none
  std::vector<AssetEmission> asset_events;  // succeeded only
  bool tells_assets = true;  // else the agent is older than asset events: nobody knows them
};

// Why a running attempt is to be ended.
enum class CancelReason { cleared, marked, run_ended, superseded, run_timed_out };
std::string_view to_string(CancelReason reason);
std::string_view to_string(OutcomeKind kind);
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

// What an agent says it holds when it connects.
struct HeldAttempt {
  AttemptId attempt;
  bool finished = false;                // its outcome follows and waits for an acknowledgement
  bool running = false;                 // user code started
  int64_t pid = 0;
  std::optional<Time> started_at;
};

// Implemented by the engine; called by executors from their own threads. Calls enqueue and return at once.
class ExecutorListener {
 public:
  virtual ~ExecutorListener() = default;
  virtual void on_claimed(AttemptId attempt, const std::string& agent, const std::string& hostname) = 0;
  virtual void on_running(AttemptId attempt, int64_t pid, Time started_at) = 0;
  // Delivered at least once; acknowledged through Executor::acknowledge after the commit.
  virtual void on_outcome(Outcome outcome) = 0;
  // XComs pushed while the task runs; acknowledged by committed sequence through on_committed.
  virtual void on_xcom(AttemptId attempt, XCom xcom, std::function<void(Status)> on_committed) = 0;
  // An agent (re)connected and said what it holds: everything else that was placed there is gone.
  virtual void on_agent_connected(const std::string& agent, std::vector<HeldAttempt> held) = 0;
  // An agent's lease ran out and the executor is sure that its process is gone.
  virtual void on_agent_lost(const std::string& agent, const std::string& reason) = 0;
  // The attempt could not be handed over (never reached a place).
  virtual void on_dispatch_failed(AttemptId attempt, Error error) = 0;
  // Why its place is not there yet, in words for people; empty = nothing keeps it any more.
  virtual void on_waiting(AttemptId, const std::string&) {}
  // It got a place that was started ahead and had waited for it since then.
  virtual void on_held(AttemptId, Time /*since*/) {}
};

// Places attempts. Called on the engine's strand; calls return at once and never fail synchronously (failures arrive
// through the listener).
class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string_view name() const = 0;              // "local", "kubernetes"
  virtual void place(const WorkItem& item) = 0;
  virtual void cancel(AttemptId attempt, CancelReason reason) = 0;
  // The outcome is committed: the place may forget the attempt.
  virtual void acknowledge(AttemptId attempt) = 0;
  // The engine rebuilt its state from the store: every agent is to say again what it holds (on_agent_connected) and to
  // repeat outcomes that were not acknowledged.
  virtual void resync() = 0;
  // The engine was loaded: attempts that agents had taken by then, before anything is placed. Whose
  // place is gone is to be reported lost. An executor whose agents say what they hold has nothing
  // to do.
  virtual void recall(const std::vector<WorkItem>&) {}
  // A task instance that may be placed next, with the try it would have and no attempt: a place may
  // be made ready for it. Only place() says that it starts. After resync() and a restart everything
  // that still may come is told again; what is not is forgotten.
  virtual void expect(const WorkItem&) {}
  // It will not be placed, or not soon.
  virtual void forget(TaskInstanceKey, int /*try_number*/) {}
  // How many attempts it takes at once; the engine never has more open.
  virtual int slots_max() const = 0;
};

}  // namespace leoflow
