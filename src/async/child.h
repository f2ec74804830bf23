// SPDX-License-Identifier: Apache-2.0
// Child processes: started with exactly the environment and descriptors that are named, in their
// own session, watched by pidfd. Starting costs the same whatever the size of this process (no copy
// of its memory). Any thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

struct ChildSpec {
  std::string program;                   // a path; never looked up in PATH
  std::vector<std::string> arguments;    // after argv[0], which is program
  std::vector<std::string> environment;  // "NAME=value"; nothing else is passed on
  fs::path cwd;                          // empty = ours
  struct Map {
    int child;
    int ours;
  };                             // `child` becomes a copy of our descriptor `ours`
  std::vector<Map> fds;          // 0, 1 and 2 are /dev/null unless named; all others are closed
  bool new_session = true;       // own session and process group (pid == group)
  bool die_with_parent = false;  // SIGKILL when the starting thread ends
  fs::path cgroup_procs;         // joined before exec when not empty; failing to is an error
  std::optional<uint64_t> memory_bytes_max;  // RLIMIT_AS
  std::optional<uint64_t> cpu_seconds_max;   // RLIMIT_CPU
  std::optional<uint64_t> file_bytes_max;    // RLIMIT_FSIZE
};

// A started process. The pidfd becomes readable when it ends; the owner reaps it (reap_child,
// ExitWatch).
struct Child {
  pid_t pid = 0;
  Fd pidfd;
};

// `not_found` when the program or cwd is missing, otherwise the error of the step that failed (the
// child is gone then).
Result<Child> start_child(const ChildSpec& spec);

// How a child ended, and what it and the children it waited for took (wait4(2)).
struct ChildEnd {
  int status = 0;  // wait status
  Duration cpu{0};
  int64_t memory_peak_bytes = 0;  // largest resident size of any one of them
};

// If the child has ended (it is reaped); nullopt while it runs. Of a child reaped elsewhere nothing
// is known: all zero.
std::optional<ChildEnd> reap_child(const Child& child);
// SIGKILL (or another signal) to the child's whole process group; an ended group is ignored.
void signal_group(pid_t group, int signal);

// "exit code 3", "killed by signal 9 (SIGKILL)".
std::string describe_wait_status(int status);

// Calls `ended` once, on the loop's thread. Loop's thread only; destroying it stops watching but
// leaves the process alone.
class ExitWatch {
 public:
  ExitWatch(Loop& loop, Child child, std::function<void(const ChildEnd& end)> ended);
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  pid_t pid() const { return child_.pid; }

 private:
  void stop();

  Loop& loop_;
  Child child_;
  bool watching_ = true;
};

struct RunLimits {
  Duration timeout = std::chrono::seconds(60);
  Duration kill_grace = std::chrono::seconds(2);  // between SIGTERM and SIGKILL at the timeout
  size_t stdout_bytes_max = 8 << 20;  // the beginning is kept, the rest is read and dropped
  size_t stderr_bytes_max = 1 << 20;
  size_t fd3_bytes_max = 64 << 20;
  // stdout and stderr as they arrive, also what exceeds the limits; called on the calling thread.
  std::function<void(std::string_view chunk)> on_output = {};
  int cancel_fd = -1;  // readable = end the child as at the timeout, error `cancelled`
};

struct ChildResult {
  int status = 0;  // wait status
  std::string stdout_text, stderr_text, fd3;
  bool stdout_cut = false, stderr_cut = false, fd3_cut = false;
  bool ok() const { return status == 0; }
};

// Runs to the end, feeding `input` to stdin and capturing stdout, stderr and what is written to
// descriptor 3; spec.fds must not name 0 to 3. Blocks: worker threads only. `timeout` after
// limits.timeout, when the whole process group has been killed; the message carries the end of
// stderr. Processes that outlive the child in its group are killed.
Result<ChildResult> run_child(ChildSpec spec, std::string_view input = {},
                              const RunLimits& limits = {});

}  // namespace leoflow
