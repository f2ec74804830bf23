// SPDX-License-Identifier: Apache-2.0
#include "async/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include <cerrno>

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer takes clone() for a fork, after which it has no more threads. glibc's own name
// for it is not looked at.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define clone __clone
#endif

namespace leoflow {

namespace {

constexpr size_t kStackBytes = 64 * 1024;
constexpr int kHighFd = 200;  // copies of mapped descriptors wait above this number
constexpr int kFdMapMax = 16;

struct Limit {
  bool set = false;
  int resource = 0;
  rlimit value{};
};

// Everything the child needs between clone and exec, prepared before: no allocation happens there.
// It shares our memory, so `failed_step` and `error` come back by themselves.
struct Launch {
  const char* program;
  char** argv;
  char** envp;
  const char* cwd;
  const char* cgroup_procs;
  bool new_session, die_with_parent;
  pid_t parent;
  ChildSpec::Map fds[kFdMapMax];
  int fd_count = 0;
  Limit limits[3];
  const char* failed_step = nullptr;
  int error = 0;
};

bool failed(Launch& launch, const char* step) {
  launch.failed_step = step;
  launch.error = errno;
  return false;
}

bool join_cgroup(Launch& launch) {
  if (!launch.cgroup_procs) return true;
  int fd = open(launch.cgroup_procs, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) return failed(launch, "join the cgroup");
  close(fd);
  return true;
}

// Marks every descriptor close-on-exec, so only those placed afterwards survive.
void close_others() {
  if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < 4096; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

bool place_fds(Launch& launch) {
  int copies[kFdMapMax];
  for (int i = 0; i < launch.fd_count; ++i) {
    copies[i] = fcntl(launch.fds[i].ours, F_DUPFD_CLOEXEC, kHighFd);
    if (copies[i] < 0) return failed(launch, "copy a descriptor");
  }
  close_others();
  for (int standard = 0; standard <= 2; ++standard) {
    bool named = false;
    for (int i = 0; i < launch.fd_count; ++i) named |= launch.fds[i].child == standard;
    if (named) continue;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return failed(launch, "open /dev/null");
    if (null == standard) {
      fcntl(null, F_SETFD, 0);
    } else if (dup2(null, standard) < 0) {
      return failed(launch, "place a descriptor");
    }
  }
  for (int i = 0; i < launch.fd_count; ++i) {
    if (dup2(copies[i], launch.fds[i].child) < 0) return failed(launch, "place a descriptor");
  }
  return true;
}

bool prepare(Launch& launch) {
  if (launch.new_session && setsid() < 0) return failed(launch, "setsid");
  if (launch.die_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) return failed(launch, "find its parent");
  }
  if (!join_cgroup(launch) || !place_fds(launch)) return false;
  if (launch.cwd && chdir(launch.cwd) < 0) return failed(launch, "chdir");
  for (Limit& limit : launch.limits) {
    if (limit.set && setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value) < 0) {
      return failed(launch, "setrlimit");
    }
  }
  return true;
}

int child_main(void* argument) {
  auto& launch = *static_cast<Launch*>(argument);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) sigaction(number, &standard, nullptr);
  }
  if (prepare(launch)) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(launch.program, launch.argv, launch.envp);
    failed(launch, "execute");
  }
  return 127;  // clone() ends the process with it; exit functions and sanitizers hear nothing of it
}

std::vector<char*> pointers(const std::string* first, const std::vector<std::string>& rest) {
  std::vector<char*> result;
  if (first) result.push_back(const_cast<char*>(first->c_str()));
  for (const std::string& text : rest) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

void add_limit(Limit& limit, int resource, const std::optional<uint64_t>& value) {
  if (value) limit = Limit{true, resource, rlimit{rlim_t(*value), rlim_t(*value)}};
}

Error launch_error(const Launch& launch, const ChildSpec& spec) {
  std::string message = "cannot start " + spec.program + ": cannot " + launch.failed_step + ": " +
                        strerror(launch.error);
  bool missing = launch.error == ENOENT || launch.error == ENOTDIR;
  if (!missing) return Error(Code::unavailable, std::move(message));
  if (std::string_view(launch.failed_step) == "chdir")
    message += " (folder " + spec.cwd.string() + ")";
  return Error(Code::not_found, std::move(message));
}

// clone() sharing memory until exec, with every signal blocked: no handler of ours may run in the
// child.
int clone_child(Launch& launch, int* pidfd) {
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = clone(child_main, static_cast<char*>(stack) + kStackBytes,
                  CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &launch, pidfd);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#ifdef __SANITIZE_ADDRESS__
  ASAN_UNPOISON_MEMORY_REGION(stack, kStackBytes);  // the child did not return from its frames
#endif
  munmap(stack, kStackBytes);
  errno = error;
  return pid;
}

}  // namespace

Result<Child> start_child(const ChildSpec& spec) {
  auto argv = pointers(&spec.program, spec.arguments);
  auto envp = pointers(nullptr, spec.environment);
  std::string cwd = spec.cwd.string(), cgroup = spec.cgroup_procs.string();
  Launch launch{};
  launch.program = spec.program.c_str();
  launch.argv = argv.data();
  launch.envp = envp.data();
  launch.cwd = cwd.empty() ? nullptr : cwd.c_str();
  launch.cgroup_procs = cgroup.empty() ? nullptr : cgroup.c_str();
  launch.new_session = spec.new_session;
  launch.die_with_parent = spec.die_with_parent;
  launch.parent = getpid();
  if (spec.fds.size() > kFdMapMax)
    return fail(Code::invalid, "too many descriptors for a child process");
  for (auto map : spec.fds) launch.fds[launch.fd_count++] = map;
  add_limit(launch.limits[0], RLIMIT_AS, spec.memory_bytes_max);
  add_limit(launch.limits[1], RLIMIT_CPU, spec.cpu_seconds_max);
  add_limit(launch.limits[2], RLIMIT_FSIZE, spec.file_bytes_max);

  int pidfd = -1;
  int pid = clone_child(launch, &pidfd);
  if (pid < 0) return fail(from_errno("clone", spec.program));
  Child child{pid, Fd(pidfd)};
  if (launch.failed_step) {
    waitpid(pid, nullptr, 0);
    return fail(launch_error(launch, spec));
  }
  return child;
}

std::optional<ChildEnd> reap_child(const Child& child) {
  int status = 0;
  rusage used{};
  pid_t reaped = 0;
  do {
    reaped = wait4(child.pid, &status, WNOHANG, &used);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == 0) return std::nullopt;
  if (reaped < 0) return ChildEnd{};
  auto length = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return ChildEnd{status, length(used.ru_utime) + length(used.ru_stime), used.ru_maxrss * 1024};
}

void signal_group(pid_t group, int signal) {
  if (group > 1) kill(-group, signal);
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "wait status " + std::to_string(status);
  int number = WTERMSIG(status);
  std::string text = "killed by signal " + std::to_string(number);
  if (const char* name = sigabbrev_np(number)) text += std::string(" (SIG") + name + ")";
  return text;
}

ExitWatch::ExitWatch(Loop& loop, Child child, std::function<void(const ChildEnd& end)> ended)
    : loop_(loop), child_(std::move(child)) {
  loop_.watch(child_.pidfd.get(), Loop::Ready::read, [this, ended = std::move(ended)] {
    auto end = reap_child(child_);
    if (!end) return;
    stop();
    auto callback = ended;  // it may destroy this watch
    callback(*end);
  });
}

ExitWatch::~ExitWatch() { stop(); }

void ExitWatch::stop() {
  if (watching_) loop_.unwatch(child_.pidfd.get(), Loop::Ready::read);
  watching_ = false;
}

}  // namespace leoflow
