// SPDX-License-Identifier: Apache-2.0
#include "agent/leftovers.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/cgroups.h"
#include "agent/processes.h"
#include "base/file.h"
#include "base/log.h"

namespace leoflow {

namespace {

constexpr int kPassesMax = 1000;
constexpr auto kPassPause = std::chrono::milliseconds(10);

// Returns when one of the processes has gone, at the latest after the pause.
void wait_any_gone(const std::vector<pid_t>& pids, std::chrono::milliseconds pause) {
  std::vector<Fd> processes;
  std::vector<pollfd> watched;
  for (pid_t pid : pids) {
    Fd process(int(syscall(SYS_pidfd_open, pid, 0)));
    if (!process) continue;
    watched.push_back({process.get(), POLLIN, 0});
    processes.push_back(std::move(process));
  }
  poll(watched.data(), watched.size(), int(pause.count()));
}

size_t end_attempt(const StoredAttempt& attempt, const std::string& agent_id) {
  AttemptGroups groups(attempt.process.cgroups);
  size_t alive = groups.kill_all();
  auto pid = pid_t(attempt.process.pid);
  if (pid > 1 && same_process(pid, attempt.process.pid_start)) {
    for (pid_t child : descendants(pid)) kill(child, SIGKILL);
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    ++alive;
  }
  for (pid_t marked : processes_with_environment("LEOFLOW_ATTEMPT=" + agent_id + "/" +
                                                 std::to_string(attempt.id.value))) {
    kill(marked, SIGKILL);
    if (process_start(marked)) ++alive;
  }
  if (alive == 0) groups.remove();
  return alive;
}

}  // namespace

Status end_leftovers(const std::vector<StoredAttempt>& attempts, const std::string& agent_id) {
  for (int pass = 0; pass < kPassesMax; ++pass) {
    size_t alive = 0;
    // Interpreters and their forks.
    std::vector<pid_t> killed = processes_with_environment("LEOFLOW_AGENT=" + agent_id);
    for (pid_t pid : killed) {
      kill(pid, SIGKILL);
      if (process_start(pid)) ++alive;
    }
    for (auto& attempt : attempts) alive += end_attempt(attempt, agent_id);
    if (alive == 0) return {};
    if (pass == 0) log::warning("ending processes of an earlier agent", {{"processes", alive}});
    wait_any_gone(killed, kPassPause);
  }
  return fail(Code::timeout, "processes of an earlier agent cannot be ended");
}

}  // namespace leoflow
