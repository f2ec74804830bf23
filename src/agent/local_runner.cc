// SPDX-License-Identifier: Apache-2.0
#include "agent/local_runner.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "agent/processes.h"
#include "base/log.h"

namespace leoflow {

namespace {

constexpr auto kSweepEvery = std::chrono::seconds(5);
constexpr auto kIdleSweepEvery = std::chrono::minutes(1);  // without interpreters

// What a task inherits from the agent's own environment, by name: where things are, never
// credentials.
constexpr const char* kInherited[] = {"HOME",
                                      "USER",
                                      "LOGNAME",
                                      "LANG",
                                      "LC_ALL",
                                      "LC_CTYPE",
                                      "TZ",
                                      "TMPDIR",
                                      "http_proxy",
                                      "https_proxy",
                                      "no_proxy",
                                      "HTTP_PROXY",
                                      "HTTPS_PROXY",
                                      "NO_PROXY",
                                      "SSL_CERT_FILE",
                                      "SSL_CERT_DIR",
                                      "REQUESTS_CA_BUNDLE",
                                      "LD_LIBRARY_PATH"};
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

LocalRunner::LocalRunner(Loop& loop, const Clock& clock, const AttemptStore& store, Options options)
    : loop_(loop),
      clock_(clock),
      store_(store),
      options_(std::move(options)),
      cgroups_(Cgroups::detect(options_.cgroup_name)),
      files_("agent-files"),
      host_{loop_,
            clock_,
            cgroups_,
            forward_,
            files_.loop(),
            options_.agent_id,
            options_.hostname,
            [this](AttemptId attempt) { ended(attempt); },
            options_.kill_grace,
            options_.memory_events} {
  log::info("control groups", {{"processes", cgroups_.usable() ? "yes" : "no"},
                               {"memory", cgroups_.limits_memory() ? "yes" : "no"}});
  sweep();
}

LocalRunner::~LocalRunner() {
  if (sweep_timer_) loop_.cancel(sweep_timer_);
  files_.stop_and_join();
  running_.clear();
  cgroups_.remove();
}

void LocalRunner::launch(Launch launch) {
  AttemptId attempt = launch.attempt;
  if (running_.contains(attempt)) return;
  auto& running = running_[attempt];
  running.key = launch.environment_json;
  running.task = std::make_unique<TaskProcess>(host_, std::move(launch));
  auto opened = running.task->open(store_.log_path(attempt));
  if (!opened) return refuse(attempt, opened.error().message());
  place(attempt);
}

// Gets the attempt's interpreter going; the attempt is forked now or when the interpreter is ready.
void LocalRunner::place(AttemptId attempt) {
  Running& running = running_.at(attempt);
  if (auto started = ensure_interpreter(running.key); !started) {
    return refuse(attempt, started.error().text());
  }
  Interpreter& interpreter = interpreters_.at(running.key);
  ++interpreter.attempts;
  if (interpreter.process->ready()) spawn(attempt, interpreter);
}

// One that cannot be started is told to the attempts that want it.
void LocalRunner::warm(const std::string& environment_json) {
  if (auto started = ensure_interpreter(environment_json); !started) return;
  Interpreter& interpreter = interpreters_.at(environment_json);
  interpreter.warm = true;
  if (interpreter.attempts == 0) interpreter.idle_since = std::chrono::steady_clock::now();
}

Status LocalRunner::ensure_interpreter(const std::string& key) {
  if (interpreters_.contains(key)) return {};
  auto environment = parse_environment(key);
  if (!environment) return fail(environment);
  return start_interpreter(key, std::move(*environment));
}

Status LocalRunner::start_interpreter(const std::string& key, EnvironmentSpec environment) {
  make_room();
  std::string python = environment.python;
  TemplateProcess::Options options{
      key,           std::move(environment), options_.python_dir, variables(python),
      options_.once, take_standby(python)};
  TemplateListener& listener = *this;
  auto process = std::make_unique<TemplateProcess>(loop_, std::move(options), listener);
  if (auto started = process->start(); !started) {
    std::string message = "cannot run the interpreter " + python + ": " + started.error().message();
    return fail(started.error().code(), std::move(message),
                "rebuild the DAG's environment, or check that the Python it was built with is "
                "still installed");
  }
  bool first = interpreters_.empty();
  interpreters_[key].process = std::move(process);
  if (first) plan_sweep();
  return {};
}

// Where it cannot be that interpreter it is of no use: it sees its channel closed, and ends.
std::optional<StandbyInterpreter> LocalRunner::take_standby(const std::string& python) {
  auto standby = std::exchange(options_.standby, std::nullopt);
  if (standby && !stands_by_for(*standby, python)) standby.reset();
  return standby;
}

std::vector<std::string> LocalRunner::variables(const std::string& python) const {
  std::vector<std::string> variables;
  // NOLINTBEGIN(concurrency-mt-unsafe): nobody sets any
  for (const char* name : kInherited) {
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  }
  if (!std::getenv("LANG") && !std::getenv("LC_ALL")) variables.emplace_back("LANG=C.UTF-8");
  // NOLINTEND(concurrency-mt-unsafe)
  variables.push_back("PATH=" + fs::path(python).parent_path().string() + ":" + kPath);
  variables.push_back("LEOFLOW_AGENT=" +
                      options_.agent_id);  // finds what a killed agent left behind
  if (!bytecode_.empty()) variables.push_back("LEOFLOW_BYTECODE=" + bytecode_.string());
  return variables;
}

void LocalRunner::spawn(AttemptId attempt, Interpreter& interpreter) {
  TaskProcess& task = *running_.at(attempt).task;
  if (task.over()) return;
  ++task.spawn_tries;
  auto request = task.prepare_spawn();
  auto sent = request ? interpreter.process->spawn(*request) : fail(request);
  if (sent) return task.on_spawn_sent();
  // Its end is reported and retried.
  log::warning(sent.error().message(), {{"attempt", attempt.value}});
}

void LocalRunner::refuse(AttemptId attempt, const std::string& reason) {
  loop_.post([this, attempt] { running_.erase(attempt); });
  forward_.on_refused(attempt, reason);
}

void LocalRunner::end(AttemptId attempt, const std::string& kind, const std::string& reason) {
  auto found = running_.find(attempt);
  if (found != running_.end() && found->second.task) found->second.task->end(kind, reason);
}

void LocalRunner::answer(AttemptId attempt, const std::string& frame,
                         const std::vector<std::string>& masked) {
  auto found = running_.find(attempt);
  if (found != running_.end()) found->second.task->answer(frame, masked);
}

std::vector<pid_t> LocalRunner::interpreters() const {
  std::vector<pid_t> pids;
  for (auto& [key, interpreter] : interpreters_) pids.push_back(interpreter.process->pid());
  return pids;
}

void LocalRunner::on_template_ready(const std::string& key) {
  Interpreter& interpreter = interpreters_.at(key);
  std::vector<AttemptId> waiting;
  for (auto& [attempt, running] : running_) {
    if (running.key == key && !running.task->spawn_sent()) waiting.push_back(attempt);
  }
  std::sort(waiting.begin(), waiting.end());
  for (AttemptId attempt : waiting) spawn(attempt, interpreter);
}

void LocalRunner::on_template_failed(const std::string& key, const std::string& reason) {
  log::warning("interpreter failed", {{"reason", reason}});
  drop_interpreter(key);
  std::vector<AttemptId> waiting;
  for (auto& [attempt, running] : running_) {
    if (running.key == key) waiting.push_back(attempt);
  }
  for (AttemptId attempt : waiting) refuse(attempt, reason);
}

void LocalRunner::on_spawned(AttemptId attempt, int64_t pid) {
  auto found = running_.find(attempt);
  if (found != running_.end()) found->second.task->on_spawned(pid);
}

void LocalRunner::on_fork_failed(AttemptId attempt, const std::string& reason) {
  auto found = running_.find(attempt);
  if (found != running_.end()) found->second.task->on_template_ended(reason);
}

void LocalRunner::on_process_exited(AttemptId attempt, int wait_status, const ResourceUse& use) {
  auto found = running_.find(attempt);
  if (found != running_.end()) found->second.task->on_exited(wait_status, use);
}

void LocalRunner::on_template_spent(const std::string& key) { drop_interpreter(key); }

void LocalRunner::on_template_ended(const std::string& key, const std::string& reason) {
  log::warning("interpreter ended", {{"reason", reason}});
  drop_interpreter(key);
  std::vector<AttemptId> attempts;
  for (auto& [attempt, running] : running_) {
    if (running.key == key) attempts.push_back(attempt);
  }
  for (AttemptId attempt : attempts) {
    TaskProcess& task = *running_.at(attempt).task;
    // Without its start frame no user code can have run: fork it again from a fresh interpreter.
    if (task.started() || task.spawn_tries >= kSpawnTriesMax) {
      task.on_template_ended(reason);
    } else {
      task.reset_spawn();
      loop_.post([this, attempt] {
        if (running_.contains(attempt)) place(attempt);
      });
    }
  }
}

void LocalRunner::ended(AttemptId attempt) {
  loop_.post([this, attempt] {
    auto found = running_.find(attempt);
    if (found == running_.end()) return;
    std::string key = found->second.key;
    running_.erase(found);
    release(key);
  });
}

void LocalRunner::release(const std::string& key) {
  auto found = interpreters_.find(key);
  if (found == interpreters_.end()) return;
  found->second.attempts = std::max(0, found->second.attempts - 1);
  found->second.idle_since = std::chrono::steady_clock::now();
}

// Out of the map at once, destroyed on the next turn: we may be inside one of its calls.
void LocalRunner::drop_interpreter(const std::string& key) {
  auto found = interpreters_.find(key);
  if (found == interpreters_.end()) return;
  loop_.post([process = std::move(found->second.process)]() mutable { process.reset(); });
  interpreters_.erase(found);
}

void LocalRunner::make_room() {
  while (interpreters_.size() >= kTemplatesMax) {
    auto oldest = interpreters_.end();
    for (auto at = interpreters_.begin(); at != interpreters_.end(); ++at) {
      if (at->second.attempts > 0) continue;
      if (oldest == interpreters_.end() || at->second.idle_since < oldest->second.idle_since)
        oldest = at;
    }
    if (oldest == interpreters_.end())
      return;  // all in use: one more than usual rather than a wait without end
    drop_interpreter(std::string(oldest->first));
  }
}

// Ends idle interpreters, reaps adopted children and, where nothing else keeps tasks together, ends
// adopted ones.
void LocalRunner::sweep() {
  auto now = std::chrono::steady_clock::now();
  std::vector<std::string> idle;
  for (auto& [key, interpreter] : interpreters_) {
    bool unused = interpreter.attempts == 0 && !interpreter.warm;
    if (unused && now - interpreter.idle_since > kTemplateIdleMax) idle.push_back(key);
  }
  for (auto& key : idle) drop_interpreter(key);

  auto own = interpreters();
  for (siginfo_t info{};
       waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0; info = {}) {
    if (std::find(own.begin(), own.end(), info.si_pid) != own.end())
      break;  // its exit watch wants the status
    waitpid(info.si_pid, nullptr, WNOHANG);
  }
  if (options_.standby) own.push_back(options_.standby->child.pid);
  if (!cgroups_.usable() && running_.empty()) {
    for (pid_t pid : children(getpid())) {
      if (std::find(own.begin(), own.end(), pid) == own.end()) kill(pid, SIGKILL);
    }
  }
  plan_sweep();
}

void LocalRunner::plan_sweep() {
  if (sweep_timer_) loop_.cancel(sweep_timer_);
  bool idle = interpreters_.empty() && running_.empty();
  sweep_timer_ = loop_.after(idle ? kIdleSweepEvery : kSweepEvery, [this] {
    sweep_timer_ = 0;
    sweep();
  });
}

}  // namespace leoflow
