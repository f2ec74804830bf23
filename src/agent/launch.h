// SPDX-License-Identifier: Apache-2.0
// What starting an attempt takes, and the seam between the session state machine (AgentCore) and
// what runs processes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/attempt_store.h"
#include "base/json.h"
#include "base/time.h"
#include "model/ids.h"

namespace leoflow {

// What a pod fetches, by SHA-256 of the archives, and how the server names the rest.
struct LaunchSources {
  std::string runtime;
  std::string environment;  // empty = bare interpreter
  std::string bundle;
  std::string bundle_path;
  std::string python_version;
  bool operator==(const LaunchSources&) const = default;
};

// A claimed attempt, ready to start. Never written to disk: it holds secrets.
struct Launch {
  AttemptId attempt;
  std::string start_json;  // the start frame, without secrets
  std::string environment_json;
  std::map<std::string, std::string> secrets;
  std::vector<std::string> masked;
  Duration execution_timeout{0};  // 0 = none
  int64_t memory_bytes_max = 0;   // 0 = none
  std::string staging_path;       // empty = none
  int64_t staging_bytes_max = 0;
  int64_t xcom_bytes_max = 262'144;
  std::string spill_folder;
  std::optional<LaunchSources> sources;  // pods only
  int map_index = kUnmapped;
};

// Implemented by AgentCore; called on the loop. Calls may call back into the runner.
class TaskRunnerListener {
 public:
  virtual ~TaskRunnerListener() = default;
  // No process was started and none will be.
  virtual void on_refused(AttemptId attempt, const std::string& reason) = 0;
  // A process exists; user code has not begun.
  virtual void on_process(AttemptId attempt, const ProcessRecord& process) = 0;
  virtual void on_running(AttemptId attempt, int64_t pid, Time started_at) = 0;
  // A call that only the server can answer; the task waits for TaskRunner::answer.
  virtual void on_call(AttemptId attempt, const json::object& call) = 0;
  // A value to journal; durable when it returns.
  virtual Status on_xcom(AttemptId attempt, JournaledXCom xcom) = 0;
  // How it ended, once; durable when it returns. On an error the runner tries again later.
  virtual Status on_outcome(AttemptId attempt, const FinishedRecord& outcome) = 0;
  // The spool has so many bytes now.
  virtual void on_log(AttemptId attempt, uint64_t bytes) = 0;
  // No process is left and the log is complete.
  virtual void on_ended(AttemptId attempt) = 0;
};

// Runs attempts. Loop's thread only; unknown attempts are ignored.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // Exactly one of on_refused and on_outcome + on_ended follows.
  virtual void launch(Launch launch) = 0;
  // Ends it: SIGTERM, later SIGKILL. Its outcome, unless already decided, is `kind` with this
  // reason.
  virtual void end(AttemptId attempt, const std::string& kind, const std::string& reason) = 0;
  // The answer to the pending on_call: a frame's JSON text. New secrets in it are masked first.
  virtual void answer(AttemptId attempt, const std::string& frame,
                      const std::vector<std::string>& masked) = 0;
  // Tasks of this environment will come soon: its interpreter may be started ahead.
  virtual void warm(const std::string& environment_json) = 0;
};

}  // namespace leoflow
