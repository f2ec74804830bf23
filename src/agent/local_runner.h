// SPDX-License-Identifier: Apache-2.0
// Runs attempts as forks of warm interpreters on this host. Loop's thread only.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "agent/task_process.h"

namespace leoflow {

constexpr size_t kTemplatesMax = 8;  // more only while all are in use by attempts
constexpr auto kTemplateIdleMax = std::chrono::minutes(10);
constexpr int kSpawnTriesMax = 3;  // forks tried before an attempt is refused

class LocalRunner : public TaskRunner, private TemplateListener {
 public:
  struct Options {
    fs::path python_dir;  // holds leoflow/template.py
    std::string agent_id, hostname;
    std::string cgroup_name;           // folder for this home's groups
    Duration kill_grace = kKillGrace;  // from SIGTERM to SIGKILL
    fs::path memory_events = {};       // of the container around us, see TaskProcess::Host
    bool once = false;                 // one attempt, then none
    std::optional<StandbyInterpreter> standby = {};  // for the first interpreter that it can be
  };
  LocalRunner(Loop& loop, const Clock& clock, const AttemptStore& store, Options options);
  ~LocalRunner() override;  // kills what still runs

  void set_listener(TaskRunnerListener& listener) { forward_.listener = &listener; }
  // Of interpreters that are started from now on; `bytecode` as FetchedPaths has it.
  void set_python_dir(fs::path folder, fs::path bytecode) {
    options_.python_dir = std::move(folder);
    bytecode_ = std::move(bytecode);
  }

  void launch(Launch launch) override;
  void end(AttemptId attempt, const std::string& kind, const std::string& reason) override;
  void answer(AttemptId attempt, const std::string& frame,
              const std::vector<std::string>& masked) override;
  void warm(const std::string& environment_json) override;

  // The pids of the living interpreters (tests, sweeps).
  std::vector<pid_t> interpreters() const;

 private:
  struct Forward : TaskRunnerListener {
    TaskRunnerListener* listener = nullptr;
    void on_refused(AttemptId a, const std::string& r) override { listener->on_refused(a, r); }
    void on_process(AttemptId a, const ProcessRecord& p) override { listener->on_process(a, p); }
    void on_running(AttemptId a, int64_t pid, Time at) override {
      listener->on_running(a, pid, at);
    }
    void on_call(AttemptId a, const json::object& c) override { listener->on_call(a, c); }
    Status on_xcom(AttemptId a, JournaledXCom x) override {
      return listener->on_xcom(a, std::move(x));
    }
    Status on_outcome(AttemptId a, const FinishedRecord& o) override {
      return listener->on_outcome(a, o);
    }
    void on_log(AttemptId a, uint64_t b) override { listener->on_log(a, b); }
    void on_ended(AttemptId a) override { listener->on_ended(a); }
  };
  struct Interpreter {
    std::unique_ptr<TemplateProcess> process;
    int attempts = 0;   // waiting for it or forked from it
    bool warm = false;  // asked for ahead: kept while idle
    std::chrono::steady_clock::time_point idle_since{};
  };
  struct Running {
    std::unique_ptr<TaskProcess> task;
    std::string key;  // of its interpreter
  };

  void on_template_ready(const std::string& key) override;
  void on_template_failed(const std::string& key, const std::string& reason) override;
  void on_spawned(AttemptId attempt, int64_t pid) override;
  void on_fork_failed(AttemptId attempt, const std::string& reason) override;
  void on_process_exited(AttemptId attempt, int wait_status, const ResourceUse& use) override;
  void on_template_spent(const std::string& key) override;
  void on_template_ended(const std::string& key, const std::string& reason) override;

  void place(AttemptId attempt);
  Status ensure_interpreter(const std::string& key);
  Status start_interpreter(const std::string& key, EnvironmentSpec environment);
  std::optional<StandbyInterpreter> take_standby(const std::string& python);
  void spawn(AttemptId attempt, Interpreter& interpreter);
  void refuse(AttemptId attempt, const std::string& reason);
  void ended(AttemptId attempt);
  void release(const std::string& key);
  void drop_interpreter(const std::string& key);
  void make_room();
  void sweep();
  void plan_sweep();
  std::vector<std::string> variables(const std::string& python) const;

  Loop& loop_;
  const Clock& clock_;
  const AttemptStore& store_;
  Options options_;
  fs::path bytecode_;
  Forward forward_;
  Cgroups cgroups_;
  LoopThread files_;
  TaskProcess::Host host_;
  std::unordered_map<std::string, Interpreter> interpreters_;
  std::unordered_map<AttemptId, Running> running_;
  Loop::TimerId sweep_timer_ = 0;
};

}  // namespace leoflow
