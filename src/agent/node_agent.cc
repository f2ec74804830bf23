// SPDX-License-Identifier: Apache-2.0
#include "agent/node_agent.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/agent_core.h"
#include "agent/grpc_link.h"
#include "agent/leftovers.h"
#include "agent/local_runner.h"
#include "agent/loop_timers.h"
#include "agent/processes.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/version.h"

namespace leoflow {

namespace {

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name[0] ? name : "localhost";
}

// Stable over the lives of the agents of one home: outcomes of a killed one are reported under the
// same name.
Result<std::string> agent_id(const fs::path& folder) {
  auto known = read_file(folder / "id", 4096);
  if (known && !known->empty()) return *known;
  std::string id = "node-" + host_name() + "-" + random_token(8);
  if (auto saved = write_file_durably(folder / "id", id, 0600); !saved) return fail(saved);
  return id;
}

Status write_pid_file(const fs::path& folder, const std::string& id) {
  json::Writer text;
  text.begin_object()
      .member("pid", int64_t(getpid()))
      .member("start", process_start(getpid()).value_or(0));
  text.member("agent_id", id).member("version", kVersion).end_object();
  return write_file(folder / "agent.pid", text.take(), 0600);
}

void point_at_log(const fs::path& file) {
  Fd log(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (log) {
    dup2(log.get(), STDOUT_FILENO);
    dup2(log.get(), STDERR_FILENO);
  }
  Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null) dup2(null.get(), STDIN_FILENO);
}

void protect() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  Fd score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  // Tasks go first when memory runs out (they get 0 back). Needs a privilege; without it the kernel
  // decides.
  if (score && write(score.get(), "-500", 4) < 0)
    log::debug("no protection from the kernel's memory killer");
}

Status serve(const NodeAgentOptions& options, const fs::path& folder, const std::string& id) {
  auto secret = read_file(folder / "secret", 4096);
  if (!secret) {
    return fail(Code::not_found, "the agent's secret is missing: " + secret.error().message(),
                "the server creates it when it starts the agent");
  }
  auto store = AttemptStore::open(folder);
  if (!store) return fail(store);
  auto stored = store->load();
  if (!stored) return fail(stored);
  if (auto ended = end_leftovers(*stored, id); !ended) return ended;

  Loop loop;
  SystemClock clock;
  LoopTimers timers(loop);
  auto channel = make_server_channel({options.server, options.tls_ca});
  if (!channel) return fail(channel);
  auto link = make_grpc_link(loop, std::move(*channel));
  LocalRunner runner(loop, clock, *store,
                     {options.python_dir, id, host_name(),
                      "leoflow-" + sha256_hex(folder.string()).substr(0, 12)});
  AgentCore::Options core_options{id, kVersion, host_name(), *secret, getpid(), options.slots_max};
  core_options.home_exists = [secret_file = folder / "secret"] {
    std::error_code error;
    return fs::exists(secret_file, error);
  };
  core_options.exit = [&loop](const std::string& reason) {
    log::info("agent ends", {{"reason", reason}});
    loop.post([&loop] { loop.stop(); });
  };
  AgentCore core(core_options, *store, *link, runner, timers, clock);
  runner.set_listener(core);
  core.start(std::move(*stored));
  loop.run();
  (void)link.release();  // gRPC's threads may still use it: it lives as long as the process
  return {};
}

// The background half talks to the waiting one through a pipe: one line, empty for success.
Status wait_for_child(Fd pipe) {
  std::string text;
  char buffer[1024];
  ssize_t got = 0;
  while ((got = read(pipe.get(), buffer, sizeof buffer)) > 0) text.append(buffer, size_t(got));
  if (text == "ok") return {};
  return fail(Code::unavailable, text.empty() ? "the agent ended while it started" : text);
}

}  // namespace

Status run_node_agent(NodeAgentOptions options) {
  // Who started us waits until what it lent us is closed.
  if (options.detach) close_range(3, ~0U, 0);
  crypto_init();
  options.home = fs::absolute(options.home);
  options.python_dir = fs::absolute(options.python_dir);
  fs::path folder = options.home / "agent";
  if (auto made = make_folder(folder, 0700); !made) return made;
  Fd report;
  if (options.detach) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return fail(from_errno("pipe2", "agent"));
    Fd mine(ends[0]);
    report = Fd(ends[1]);
    pid_t pid = fork();  // no thread exists yet
    if (pid < 0) return fail(from_errno("fork", "agent"));
    if (pid > 0) {
      report.reset();
      return wait_for_child(std::move(mine));
    }
    setsid();
    if (chdir("/") < 0) return fail(from_errno("chdir", "/"));
  }
  auto lock = lock_file(folder / "lock");
  auto id = lock ? agent_id(folder) : Result<std::string>(fail(lock));
  auto written = id ? write_pid_file(folder, *id) : Status(fail(id));
  if (!written) {
    if (report) (void)write_all(report.get(), written.error().text(), "agent");
    return written;
  }
  if (options.detach) point_at_log(folder / "agent.log");
  if (report) (void)write_all(report.get(), "ok", "agent");
  report.reset();
  protect();
  log::info("agent starts",
            {{"agent", *id}, {"pid", int64_t(getpid())}, {"server", options.server}});
  auto served = serve(options, folder, *id);
  std::error_code ignored;
  fs::remove(folder / "agent.pid", ignored);
  return served;
}

}  // namespace leoflow
