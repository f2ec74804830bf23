// SPDX-License-Identifier: Apache-2.0
// A warm interpreter: one Python process per environment that only forks, or that becomes the one
// attempt that it is for (docs/task-protocol.md, 1). Loop's thread only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "agent/frame.h"
#include "agent/standby.h"
#include "async/child.h"
#include "base/json.h"
#include "model/ids.h"
#include "model/resource_use.h"

namespace leoflow {

// How long imports of an environment may take, and a fork after that.
constexpr auto kTemplateStartTimeMax = std::chrono::minutes(3);

struct EnvironmentSpec {
  std::string hash;
  std::string python;  // absolute path of the interpreter
  std::vector<std::string> site_packages, preload;
};
Result<EnvironmentSpec> parse_environment(const std::string& environment_json);

struct SpawnRequest {
  AttemptId attempt;
  std::vector<std::string> cgroup_procs;
  std::string staging_path;  // empty = none
  std::array<int, 4> fds{};  // stdout, stderr, log, control: copied, the caller closes its own
};

class TemplateListener {
 public:
  virtual ~TemplateListener() = default;
  virtual void on_template_ready(const std::string& key) = 0;
  // It never became ready. The listener destroys it later (not within the call).
  virtual void on_template_failed(const std::string& key, const std::string& reason) = 0;
  virtual void on_spawned(AttemptId attempt, int64_t pid) = 0;
  virtual void on_fork_failed(AttemptId attempt, const std::string& reason) = 0;
  virtual void on_process_exited(AttemptId attempt, int wait_status, const ResourceUse& use) = 0;
  // It had become the attempt's process, whose end was just told.
  virtual void on_template_spent(const std::string& key) = 0;
  // It ended after it was ready, and every process it forked with it.
  virtual void on_template_ended(const std::string& key, const std::string& reason) = 0;
};

class TemplateProcess {
 public:
  struct Options {
    std::string key;  // names it towards the listener
    EnvironmentSpec environment;
    fs::path python_dir;                 // holds leoflow/template.py
    std::vector<std::string> variables;  // its whole process environment
    bool once = false;                   // one attempt, whose process it becomes
    std::optional<StandbyInterpreter> standby = {};  // is it, instead of a new process
  };
  TemplateProcess(Loop& loop, Options options, TemplateListener& listener);
  ~TemplateProcess();  // closes descriptor 3: it kills what it forked and exits

  // `not_found` when the interpreter is missing.
  Status start();
  // Requires: ready(). `unavailable` when the process does not read (it is being ended then).
  Status spawn(const SpawnRequest& request);
  bool ready() const { return state_ == State::ready; }
  pid_t pid() const { return pid_; }

 private:
  enum class State { starting, ready, task, ended };
  Result<Child> start_process();
  Result<Child> take_over(StandbyInterpreter standby);
  std::string program() const;
  void on_readable();
  void handle(const json::object& frame);
  void on_exit(const ChildEnd& exit);
  void end(const std::string& reason);
  Status send(const std::string& frame, const int* fds, size_t fd_count);

  Loop& loop_;
  Options options_;
  TemplateListener& listener_;
  State state_ = State::starting;
  AttemptId attempt_;  // State::task
  Fd socket_;
  pid_t pid_ = 0;
  std::unique_ptr<ExitWatch> exit_;
  FrameReader reader_;
  Loop::TimerId start_timer_ = 0;
};

}  // namespace leoflow
