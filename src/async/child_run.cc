// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "async/child.h"

namespace leoflow {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr size_t kReadBytes = 64 * 1024;
// How long output is still collected after the child ended and its group was killed.
constexpr auto kDrainTime = std::chrono::milliseconds(200);

// One captured stream: our end of the pipe and what came through it.
struct Capture {
  Fd ours, theirs;
  std::string* text = nullptr;
  bool* cut = nullptr;
  size_t bytes_max = 0;
  const std::function<void(std::string_view)>* listener = nullptr;
};

Status open_pipe(Capture& capture) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(from_errno("pipe2", "capture"));
  capture.ours = Fd(ends[0]);
  capture.theirs = Fd(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {};
}

// Reads what is there; closes our end at the end of the stream.
void drain(Capture& capture) {
  char buffer[kReadBytes];
  while (capture.ours) {
    ssize_t got = read(capture.ours.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;  // all that was there is read
    if (got == 0) {
      capture.ours.reset();
      return;
    }
    size_t room = capture.bytes_max - std::min(capture.bytes_max, capture.text->size());
    capture.text->append(buffer, std::min(room, size_t(got)));
    if (size_t(got) > room) *capture.cut = true;
    if (capture.listener && *capture.listener) (*capture.listener)({buffer, size_t(got)});
  }
}

// The run of one child: poll until it ended or time is up.
class Run {
 public:
  Run(std::string_view input, const RunLimits& limits) : input_(input), limits_(limits) {}

  Status start(ChildSpec& spec) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
      return fail(from_errno("socketpair", "stdin"));
    }
    stdin_ = Fd(pair[0]);
    Fd child_stdin(pair[1]);
    captures_[0] = {{},
                    {},
                    &result_.stdout_text,
                    &result_.stdout_cut,
                    limits_.stdout_bytes_max,
                    &limits_.on_output};
    captures_[1] = {{},
                    {},
                    &result_.stderr_text,
                    &result_.stderr_cut,
                    limits_.stderr_bytes_max,
                    &limits_.on_output};
    captures_[2] = {{}, {}, &result_.fd3, &result_.fd3_cut, limits_.fd3_bytes_max, nullptr};
    spec.fds.push_back({0, child_stdin.get()});
    for (int i = 0; i < 3; ++i) {
      if (auto opened = open_pipe(captures_[i]); !opened) return opened;
      spec.fds.push_back({i + 1, captures_[i].theirs.get()});
    }
    auto child = start_child(spec);
    if (!child) return fail(child);
    child_ = std::move(*child);
    for (Capture& capture : captures_) capture.theirs.reset();
    feed();
    return {};
  }

  Result<ChildResult> finish(const std::string& program) {
    auto deadline = std::chrono::steady_clock::now() + limits_.timeout;
    cancellable_ = limits_.cancel_fd >= 0;
    bool in_time = wait_until(deadline);
    const bool cancelled = !in_time && cancelled_;
    cancellable_ = cancelled_ = false;
    if (!in_time) {
      signal_group(child_.pid, SIGTERM);
      wait_until(std::chrono::steady_clock::now() + limits_.kill_grace);
    }
    signal_group(child_.pid, SIGKILL);
    while (!ended_) wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(1));
    collect_rest();
    if (in_time) return std::move(result_);
    if (cancelled) return fail(Code::cancelled, program + " was ended on request");
    std::string_view tail = result_.stderr_text;
    tail = tail.substr(tail.size() - std::min<size_t>(tail.size(), 500));
    return fail(Code::timeout, program + " was ended after " + format_duration(limits_.timeout) +
                                   (tail.empty() ? "" : ": " + std::string(tail)));
  }

 private:
  void feed() {
    while (stdin_ && !input_.empty()) {
      ssize_t sent = send(stdin_.get(), input_.data(), input_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) break;  // the child does not read its input
      input_.remove_prefix(size_t(sent));
    }
    stdin_.reset();
  }

  // One turn of poll; true when the child has ended by then.
  bool turn(std::chrono::milliseconds wait) {
    std::array<pollfd, 6> polled{};
    polled[5] = {cancellable_ ? limits_.cancel_fd : -1, POLLIN, 0};
    polled[0] = {child_.pidfd.get(), POLLIN, 0};
    polled[1] = {stdin_.get(), POLLOUT, 0};
    for (size_t i = 0; i < 3; ++i) polled[i + 2] = {captures_[i].ours.get(), POLLIN, 0};
    poll(polled.data(), polled.size(), int(wait.count()));
    if (polled[5].revents) cancelled_ = true;
    if (polled[1].revents) feed();
    for (size_t i = 0; i < 3; ++i) {
      if (polled[i + 2].revents) drain(captures_[i]);
    }
    if (!ended_ && polled[0].revents) {
      if (auto end = reap_child(child_)) {
        result_.status = end->status;
        ended_ = true;
      }
    }
    return ended_;
  }

  bool wait_until(SteadyTime deadline) {
    while (!ended_) {
      if (cancelled_) return false;
      auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      turn(std::min(left, std::chrono::milliseconds(60'000)));
    }
    return true;
  }

  void collect_rest() {
    child_.pidfd.reset();
    auto deadline = std::chrono::steady_clock::now() + kDrainTime;
    auto open = [&] {
      return std::any_of(captures_.begin(), captures_.end(), [](auto& c) { return bool(c.ours); });
    };
    while (open() && std::chrono::steady_clock::now() < deadline)
      turn(std::chrono::milliseconds(20));
  }

  std::string_view input_;
  const RunLimits& limits_;
  Child child_;
  Fd stdin_;
  std::array<Capture, 3> captures_;
  ChildResult result_;
  bool ended_ = false;
  bool cancellable_ = false, cancelled_ = false;
};

}  // namespace

Result<ChildResult> run_child(ChildSpec spec, std::string_view input, const RunLimits& limits) {
  spec.new_session = true;
  Run run(input, limits);
  if (auto started = run.start(spec); !started) return fail(started);
  return run.finish(spec.program);
}

}  // namespace leoflow
