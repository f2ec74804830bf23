// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_agent.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/loop_timers.h"
#include "agent/pod_link.h"
#include "agent/pod_outcome.h"
#include "agent/pod_paths.h"
#include "agent/pod_runner.h"
#include "agent/program_pages.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/version.h"

namespace leoflow {
namespace {

constexpr size_t kNonceLength = 43;
constexpr size_t kTokenFileBytesMax = 64 * 1024;
constexpr Duration kSettled = std::chrono::seconds(1);  // the start is over; from here on it holds

// Where a container sees what the kernel killed for its limit (cgroup v2, v1); empty = nowhere.
fs::path container_memory_events() {
  std::error_code error;
  for (const char* path :
       {"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}) {
    if (fs::exists(path, error)) return path;
  }
  return {};
}

// What this pod's image says that it holds; nothing for an image that is not of `leoflow build`.
pod::ImageContent content_of_image() {
  auto text = read_file(fs::path(pod::kImageFile), pod::kImageFileBytesMax);
  if (!text) return {};
  auto content = pod::read_image_content(*text);
  if (content) return std::move(*content);
  log::warning(content.error().message(), {{"file", pod::kImageFile}});
  return {};
}

// Loop's thread only.
class PodAgent {
 public:
  explicit PodAgent(PodAgentOptions options)
      : options_(std::move(options)),
        timers_(loop_),
        outcome_(options_.termination_log, [this] { wait_for_acknowledgement(); }),
        self_{.place = options_.place,
              .pod_name = options_.pod_name,
              .pod_uid = options_.pod_uid,
              .nonce = random_token(kNonceLength)},
        admission_("agent-admit") {}

  pod::Exit run() {
    if (auto ready = prepare(); !ready) {
      log::error(ready.error().text());
      outcome_.give_up({}, ready.error().message(), clock_.now());
      return pod::Exit::usage;
    }
    watch_signals();
    admission_started_ = std::chrono::steady_clock::now();
    ask_for_admission();
    loop_.run();
    // gRPC's threads may still use them: they live as long as the process.
    (void)link_.release();
    (void)pod_link_.release();
    return turned_away_ ? pod::Exit::turned_away : outcome_.exit();
  }

 private:
  Status prepare() {
    if (auto made = make_folder(options_.work, 0700); !made) return made;
    auto channel = make_server_channel({.server = options_.server, .tls_ca_pem = options_.ca_pem});
    if (!channel) return fail(channel);
    pod_link_ = make_pod_link(*channel);
    link_ = make_grpc_link(loop_, std::move(*channel));
    auto store = AttemptStore::open(options_.work / "agent", false);
    if (!store) return fail(store);
    store_.emplace(std::move(*store));
    return {};
  }

  void watch_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);  // the admission thread got it from run_pod_agent
    signals_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    loop_.watch(signals_.get(), Loop::Ready::read, [this] {
      signalfd_siginfo info{};
      if (read(signals_.get(), &info, sizeof info) == ssize_t(sizeof info)) on_terminate();
    });
  }

  void ask_for_admission() {
    admission_.loop().post([this] {
      // Read each time: the kubelet renews it.
      auto token = read_file(options_.token_file, kTokenFileBytesMax);
      Result<PodAdmittance> admitted = fail(Code::unavailable, "no token");
      if (token) {
        while (!token->empty() && (token->back() == '\n' || token->back() == '\r'))
          token->pop_back();
        self_.token = std::move(*token);
        admitted = pod_link_->bootstrap(self_);
      } else {
        admitted = fail(token);
      }
      auto answer = std::make_shared<Result<PodAdmittance>>(std::move(admitted));
      loop_.post([this, answer] { on_admission(std::move(*answer)); });
    });
  }

  void on_admission(Result<PodAdmittance> admitted) {
    if (ending_) return;
    if (admitted) return begin(std::move(*admitted));
    const Error& error = admitted.error();
    bool for_good = error.code() == Code::denied || error.code() == Code::invalid ||
                    (error.code() == Code::unauthenticated && ++token_tries_ >= kTokenTriesMax);
    bool late = std::chrono::steady_clock::now() - admission_started_ > kAdmissionTimeMax;
    if (for_good || late) {
      log::error(error.text());
      outcome_.give_up({}, error.message(), clock_.now());
      turned_away_ = for_good;
      return finish(for_good ? "turned away" : "no server");
    }
    if (admission_delay_ == kAdmissionRetryMin)
      log::warning("not admitted yet", {{"reason", error.message()}});
    loop_.after(admission_delay_, [this] { ask_for_admission(); });
    admission_delay_ =
        std::min<std::chrono::milliseconds>(admission_delay_ * 2, kAdmissionRetryMax);
  }

  void begin(PodAdmittance admitted) {
    std::string id = pod::agent_id(options_.pod_name);
    auto stored = store_->load();
    if (!stored) {
      outcome_.give_up({}, stored.error().message(), clock_.now());
      return finish(stored.error().message());
    }
    LocalRunner::Options local{.agent_id = id,
                               .hostname = options_.pod_name,
                               .cgroup_name = "leoflow",
                               .memory_events = container_memory_events(),
                               .once = true};
    local.standby = std::move(options_.standby);
    local.kill_grace = std::max<Duration>(options_.grace - kKillReserve, std::chrono::seconds(1));
    local_.emplace(loop_, clock_, *store_, std::move(local));
    AgentCore::Options core{id, kVersion, options_.pod_name, admitted.session_secret, getpid()};
    core.attempts_max = 1;
    core.pod = true;
    core.witness = &outcome_;
    core.exit = [this](const std::string& reason) {
      if (!outcome_.refused()) return finish(reason);
      loop_.after(kRefusalTime, [this, reason] { finish(reason); });
    };
    const fs::path own = options_.work / "cache", cache = usable_cache(options_.cache, own);
    PodRunner::Options runner{
        .cache = cache,
        .cache_shared = cache != own,
        .cache_bytes_max = options_.cache_bytes_max,
        .image = options_.image,
        .folders = interpreter_folders(options_.path_variable),
        .fetch = [this, id, secret = admitted.session_secret](
                     const std::string& hash,
                     const auto& take) { return pod_link_->fetch(id, secret, hash, take); },
        .content = content_of_image()};
    // The two know each other: the runner reports to the core, which orders the runner.
    runner_.emplace(loop_, clock_, *local_, std::move(runner));
    core_.emplace(std::move(core), *store_, *link_, *runner_, timers_, clock_);
    runner_->set_listener(*core_);
    local_->set_listener(*core_);
    if (admitted.sources) runner_->prepare(admitted.environment_json, *admitted.sources);
    core_->start(std::move(*stored));
    loop_.after(kSettled, [this] {
      if (core_->held() == 0) release_program_pages();
    });
  }

  // The kubelet ends the pod; what runs may tidy up for the most of its grace.
  void on_terminate() {
    log::info("told to end");
    if (!core_ || core_->held() == 0) return finish("told to end");
    runner_->end_all("lost", "the pod was told to end");
    auto left = std::max<Duration>(options_.grace - kGraceReserve, std::chrono::seconds(1));
    loop_.after(left, [this] { finish("the grace of the pod is over"); });
  }

  void wait_for_acknowledgement() {
    loop_.after(options_.linger, [this] { finish("the server did not take the outcome"); });
  }

  void finish(const std::string& reason) {
    if (std::exchange(ending_, true)) return;
    log::info("agent ends", {{"reason", reason}});
    if (core_ && core_->held() > 0) outcome_.give_up({}, reason, clock_.now());
    loop_.post([this] { loop_.stop(); });
  }

  PodAgentOptions options_;
  Loop loop_;
  SystemClock clock_;
  LoopTimers timers_;
  PodOutcome outcome_;
  PodSelf self_;  // admission thread, once it asked
  std::unique_ptr<PodLink> pod_link_;
  std::unique_ptr<ServerLink> link_;
  std::optional<AttemptStore> store_;
  std::optional<LocalRunner> local_;
  std::optional<PodRunner> runner_;
  std::optional<AgentCore> core_;
  Fd signals_;
  std::chrono::steady_clock::time_point admission_started_;
  std::chrono::milliseconds admission_delay_ = kAdmissionRetryMin;
  int token_tries_ = 0;
  bool turned_away_ = false, ending_ = false;
  LoopThread admission_;
};

}  // namespace

pod::Exit run_pod_agent(PodAgentOptions options) {
  crypto_init();
  umask(022);  // the cache is read by pods of other users
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  if (getpid() != 1) prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // in every thread: they are read from a descriptor
  log::info("agent starts", {{"pod", options.pod_name},
                             {"place", options.place},
                             {"server", options.server},
                             {"pid", int64_t(getpid())}});
  // Not destroyed: the process ends at once, and blocked calls need not be waited for.
  auto* agent = new PodAgent(std::move(options));
  return agent->run();
}

}  // namespace leoflow
