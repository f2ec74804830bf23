// SPDX-License-Identifier: Apache-2.0
#include "agent/template_process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/log.h"

namespace leoflow {

namespace {

std::vector<std::string> strings(const json::object& from, std::string_view key) {
  std::vector<std::string> result;
  if (auto* array = json::array_or_null(from, key)) {
    for (auto& item : *array) {
      if (item.is_string()) result.emplace_back(item.as_string());
    }
  }
  return result;
}

void add_strings(json::Writer& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (auto& text : texts) out.string(text);
  out.end_array();
}

std::string init_frame(const EnvironmentSpec& environment, bool once) {
  json::Writer out;
  out.begin_object().member("op", "init");
  add_strings(out, "site_packages", environment.site_packages);
  add_strings(out, "preload", environment.preload);
  out.member("once", once).end_object();
  return encode_frame(out.take());
}

// Texts with NUL between them: it knows no JSON before the runtime is there.
std::string standby_order(const std::string& program, const std::vector<std::string>& variables) {
  std::string order = program;
  for (const std::string& variable : variables) order.append(1, '\0').append(variable);
  return encode_frame(order);
}

}  // namespace

Result<EnvironmentSpec> parse_environment(const std::string& environment_json) {
  auto parsed = json::parse(environment_json);
  if (!parsed) return fail(parsed.error().within("environment of the attempt"));
  if (!parsed->is_object())
    return fail(Code::invalid, "the environment of the attempt is not a JSON object");
  auto& object = parsed->as_object();
  EnvironmentSpec spec;
  spec.hash = json::string_or(object, "hash");
  spec.python = json::string_or(object, "python");
  spec.site_packages = strings(object, "site_packages");
  spec.preload = strings(object, "preload");
  if (!spec.python.starts_with('/')) {
    return fail(Code::invalid, "the environment of the attempt names no absolute interpreter path");
  }
  return spec;
}

TemplateProcess::TemplateProcess(Loop& loop, Options options, TemplateListener& listener)
    : loop_(loop), options_(std::move(options)), listener_(listener) {}

TemplateProcess::~TemplateProcess() {
  if (start_timer_) loop_.cancel(start_timer_);
  if (socket_) loop_.unwatch(socket_.get(), Loop::Ready::read);
  exit_.reset();
  // Its forks die with it (PR_SET_PDEATHSIG); it is reaped by the agent's sweep for adopted
  // children.
  if (pid_ && state_ != State::ended) kill(pid_, SIGKILL);
}

Status TemplateProcess::start() {
  auto child = options_.standby ? take_over(*std::exchange(options_.standby, {})) : start_process();
  if (!child) return fail(child);
  exit_ = std::make_unique<ExitWatch>(loop_, std::move(*child), [this](const ChildEnd& exit) {
    on_readable();  // what it said before it ended counts
    on_exit(exit);
  });
  loop_.watch(socket_.get(), Loop::Ready::read, [this] { on_readable(); });
  start_timer_ = loop_.after(kTemplateStartTimeMax, [this] {
    start_timer_ = 0;
    kill(pid_, SIGKILL);
    end("the interpreter was not ready after " + format_duration(kTemplateStartTimeMax));
  });
  return send(init_frame(options_.environment, options_.once), nullptr, 0);
}

Result<Child> TemplateProcess::start_process() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return fail(from_errno("socketpair", "template"));
  socket_ = Fd(pair[0]);
  Fd theirs(pair[1]);
  fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
  ChildSpec spec;
  spec.program = options_.environment.python;
  spec.arguments = {"-I", program()};
  spec.environment = options_.variables;
  spec.cwd = "/";
  spec.fds = {{1, STDERR_FILENO}, {2, STDERR_FILENO}, {3, theirs.get()}};
  spec.die_with_parent = options_.once;  // the channel, by which it would notice, goes
  auto child = start_child(spec);
  if (child) pid_ = child->pid;
  return child;
}

Result<Child> TemplateProcess::take_over(StandbyInterpreter standby) {
  socket_ = std::move(standby.channel);
  fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
  pid_ = standby.child.pid;
  auto ordered = send(standby_order(program(), options_.variables), nullptr, 0);
  if (!ordered) return fail(ordered);
  return std::move(standby.child);
}

std::string TemplateProcess::program() const {
  return (options_.python_dir / "leoflow" / "template.py").string();
}

Status TemplateProcess::spawn(const SpawnRequest& request) {
  CHECK(ready());
  json::Writer out;
  out.begin_object().member("op", "spawn").member("attempt", request.attempt.value);
  add_strings(out, "cgroups", request.cgroup_procs);
  if (request.staging_path.empty()) {
    out.member_null("staging_path");
  } else {
    out.member("staging_path", request.staging_path);
  }
  out.end_object();
  return send(encode_frame(out.take()), request.fds.data(), request.fds.size());
}

// Frames down are small and few: a full socket means that the process hangs.
Status TemplateProcess::send(const std::string& frame, const int* fds, size_t fd_count) {
  iovec part{const_cast<char*>(frame.data()), frame.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
  if (fd_count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == ssize_t(frame.size())) return {};
  auto error = sent < 0
                   ? from_errno("sendmsg", "interpreter process")
                   : Error(Code::unavailable, "the interpreter process does not read its orders");
  kill(pid_, SIGKILL);
  return fail(error.within(options_.environment.python));
}

void TemplateProcess::on_readable() {
  char buffer[16 * 1024];
  bool closed = false;
  while (socket_) {
    ssize_t got = read(socket_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      loop_.unwatch(socket_.get(), Loop::Ready::read);  // its end is told by the exit watch
      closed = true;
      break;
    }
    reader_.feed(std::string_view(buffer, size_t(got)));
    if (size_t(got) < sizeof buffer) break;
  }
  for (;;) {
    auto frame = reader_.next();
    if (!frame || !*frame) break;
    auto parsed = json::parse(**frame);
    if (parsed && parsed->is_object()) handle(parsed->as_object());
  }
  if (closed && state_ != State::task) kill(pid_, SIGKILL);
}

void TemplateProcess::on_exit(const ChildEnd& exit) {
  if (state_ != State::task)
    return end("the interpreter process ended: " + describe_wait_status(exit.status));
  state_ = State::ended;
  listener_.on_process_exited(attempt_, exit.status, {exit.cpu, exit.memory_peak_bytes});
  listener_.on_template_spent(options_.key);
}

void TemplateProcess::handle(const json::object& frame) {
  std::string op = json::string_or(frame, "op");
  AttemptId attempt{json::int_or(frame, "attempt")};
  if (op == "ready" && state_ == State::starting) {
    loop_.cancel(start_timer_);
    start_timer_ = 0;
    state_ = State::ready;
    log::info("interpreter ready",
              {{"python", options_.environment.python}, {"pid", int64_t(pid_)}});
    listener_.on_template_ready(options_.key);
  } else if (op == "failed" && state_ == State::starting) {
    end(json::string_or(frame, "error", "the interpreter failed to start"));
  } else if (op == "started") {
    int64_t pid = json::int_or(frame, "pid");
    if (pid == pid_) {
      state_ = State::task;
      attempt_ = attempt;
    }
    listener_.on_spawned(attempt, pid);
  } else if (op == "refused") {
    listener_.on_fork_failed(attempt,
                             json::string_or(frame, "error", "the interpreter could not fork"));
  } else if (op == "exited") {
    listener_.on_process_exited(attempt, int(json::int_or(frame, "status")), read_use(frame));
  }
}

void TemplateProcess::end(const std::string& reason) {
  if (state_ == State::ended) return;
  bool was_ready = state_ == State::ready;
  state_ = State::ended;
  if (start_timer_) loop_.cancel(start_timer_);
  start_timer_ = 0;
  kill(pid_, SIGKILL);
  if (was_ready) {
    listener_.on_template_ended(options_.key, reason);
  } else {
    listener_.on_template_failed(options_.key, options_.environment.python + ": " + reason);
  }
}

}  // namespace leoflow
