// SPDX-License-Identifier: Apache-2.0
// leoflow-agent pod against the real agent service, without Kubernetes: a child in a process
// namespace of its own where the host lets it.
#include <fcntl.h>
#include <sys/wait.h>

#include <future>

#include "agent/e2e_fixture_test.h"
#include "agent/processes.h"
#include "async/child.h"
#include "base/crypto.h"
#include "base/tree_archive.h"
#include "model/pod_contract.h"
#include "model/termination_record.h"

namespace leoflow {
namespace {

constexpr const char* kPodDag = R"PY(
import os, signal, sys, time
from airflow.sdk import dag, task

@dag(schedule=None)
def d():
    @task
    def whole():
        import from_environment
        print("file", __file__, "from", from_environment.__file__)
        return from_environment.ANSWER

    @task
    def waits():
        print("waiting", flush=True)
        while not os.path.exists(os.environ["LEOFLOW_TEST_GO"]):
            time.sleep(0.01)
        print("went on", flush=True)
        return "done"

    @task
    def tidies():
        def stop(number, frame):
            print("tidied up", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        time.sleep(1000)

    @task
    def large():
        return "y" * 300_000

    @task
    def fails():
        raise ValueError("bad input")

    @task
    def process():
        words = open("/proc/self/cmdline").read().split("\0")
        return f"{words[2]} {os.getsid(0) == os.getpid()} {'LEOFLOW_PLACE' in os.environ}"

    whole(); waits(); tidies(); large(); fails(); process()

d()
)PY";

class Places : public PodPlaces {
 public:
  Result<PodPlace> find(const std::string& place) override {
    if (place != "a7") return fail(Code::not_found, "unknown");
    return PodPlace{"jobs", "runner", "etl-1", "uid-1", DagVersionId{1}};
  }
};
class Reviewer : public PodReviewer {
 public:
  Result<PodIdentity> review(const PodClaim& claim, const std::string&) override {
    if (claim.token != "token of etl-1") return fail(Code::unauthenticated, "unknown token");
    return PodIdentity{audience_ok, "jobs", "runner", "etl-1", "uid-1"};
  }
  std::atomic<bool> audience_ok = true;
};
class FolderArchives : public ArchiveSource {
 public:
  Result<fs::path> find(const std::string& sha256) override {
    ++fetches;
    if (!fs::exists(folder / sha256)) return fail(Code::not_found, "no such archive");
    return folder / sha256;
  }
  std::string add(const fs::path& source) {
    Fd out(open((folder / "new").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    auto packed = pack_tree(source, out.get(), true);
    fs::rename(folder / "new", folder / packed->sha256);
    return packed->sha256;
  }
  fs::path folder;
  std::atomic<int> fetches = 0;
};

}  // namespace

class PodEndToEnd : public AgentEndToEnd, private AgentObserver {
 protected:
  void SetUp() override {
    crypto_init();
    char pattern[] = "/tmp/leoflow-pod-test-XXXXXX";
    home_ = mkdtemp(pattern);
    for (const char* folder : {"bundle", "packages", "archives", "pod"})
      fs::create_directories(home_ / folder);
    ASSERT_TRUE(write_file(home_ / "bundle/dag.py", kPodDag));
    ASSERT_TRUE(write_file(home_ / "packages/from_environment.py", "ANSWER = 42\n"));
    ASSERT_TRUE(write_file(home_ / "pod/token", "token of etl-1\n"));
    archives_.folder = home_ / "archives";
    auto& sources = server_.preparation.sources;
    sources.runtime = archives_.add(fs::path(LEOFLOW_SOURCE_DIR) / "python");
    sources.environment = archives_.add(home_ / "packages");
    sources.bundle = archives_.add(home_ / "bundle");
    sources.bundle_path = home_;
    sources.python_version = "3.11";
    server_.preparation.environment_json =
        R"({"hash":"h","python":"/server/bin/python","site_packages":["/server"],"preload":[]})";
    server_.acknowledger = [this](AttemptId attempt) { service_->acknowledge(attempt); };
    start_service();
  }
  void TearDown() override {
    if (child_.pid > 0) {
      signal_pod(SIGKILL);
      wait_exit();
    }
    stop_service();
    (void)remove_tree(home_);
  }

  void start_service() {
    AgentServiceOptions options;
    options.tcp_address = "127.0.0.1:" + std::to_string(port_);
    options.tls_folder = home_ / "tls";
    options.tls_names = {"127.0.0.1"};
    options.instance_id = "test-instance";
    options.node_secret = "secret of the home";
    options.token_key = "key of the test";
    options.pods = {&reviewer_, &places_, "leoflow", home_ / "ledger", &archives_};
    thread_ = std::make_shared<LoopThread>("shared");  // as that of a cluster is
    options.thread = thread_;
    auto service = AgentService::start(options, server_, server_, server_);
    ASSERT_TRUE(service) << service.error().text();
    service_ = std::move(*service);
    port_ = service_->tcp_port();
    service_->observe(this);
  }

  void stop_service() {
    if (!service_) return;
    service_->stop();
    std::promise<void> ran;  // others use the thread, which goes on
    thread_->loop().post([&] { ran.set_value(); });
    ran.get_future().wait();
    thread_->stop_and_join();
    service_.reset();
  }

  static fs::path agent() { return fs::path(LEOFLOW_BINARY_DIR) / "bin" / "leoflow-agent"; }

  void start_pod(const std::map<std::string, std::string>& more = {},
                 std::vector<std::string> command = {agent(), "pod"}) {
    std::map<std::string, std::string> variables{
        {"LEOFLOW_SERVER", "127.0.0.1:" + std::to_string(port_)},
        {"LEOFLOW_CA", read_file(service_->certificates().authority).value_or("")},
        {"LEOFLOW_TOKEN_FILE", home_ / "pod/token"},
        {"LEOFLOW_POD_NAME", "etl-1"},
        {"LEOFLOW_POD_UID", "uid-1"},
        {"LEOFLOW_PLACE", "a7"},
        {"LEOFLOW_IMAGE", "registry/python:slim"},
        {"LEOFLOW_WORK", home_ / "pod/work"},
        {"LEOFLOW_CACHE", home_ / "pod/cache"},
        {"LEOFLOW_TERMINATION_LOG", home_ / "pod/termination-log"},
        {"PATH", "/usr/local/bin:/usr/bin:/bin"}};
    for (auto& [name, value] : more) variables[name] = value;
    ChildSpec spec;
    if (can_unshare())
      for (const char* word :
           {"--kill-child", "--mount-proc", "--fork", "--pid", "/usr/bin/unshare"})
        command.insert(command.begin(), word);
    spec.program = command.front();
    spec.arguments.assign(command.begin() + 1, command.end());
    for (auto& [name, value] : variables) spec.environment.push_back(name + "=" + value);
    log_ = Fd(open((home_ / "pod/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
    spec.fds = {{1, log_.get()}, {2, log_.get()}};
    auto started = start_child(spec);
    ASSERT_TRUE(started) << started.error().text();
    child_ = std::move(*started);
  }
  static bool can_unshare() {
    static const bool can =
        system("unshare --pid --fork --mount-proc --kill-child true 2>/dev/null") == 0;
    return can;
  }
  // The agent itself: it is the first process of its namespace there.
  void signal_pod(int signal) {
    auto inner = can_unshare() ? children(child_.pid) : std::vector<pid_t>{child_.pid};
    for (pid_t pid : inner) kill(pid, signal);
  }
  int wait_exit() {
    constexpr int kWaitMax = 60'000;  // milliseconds
    pollfd ready{child_.pidfd.get(), POLLIN, 0};
    if (poll(&ready, 1, kWaitMax) <= 0) {
      ADD_FAILURE() << "the pod does not end:\n" << pod_log();
      kill(child_.pid, SIGKILL);
    }
    int status = 0;
    waitpid(child_.pid, &status, 0);
    child_.pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string pod_log() { return read_file(home_ / "pod/log").value_or(""); }
  TerminationRecord termination() {
    auto record = read_termination(read_file(home_ / "pod/termination-log").value_or(""));
    EXPECT_TRUE(record && *record) << pod_log();
    return record && *record ? **record : TerminationRecord();
  }

  // With the outcome, or pushed and acknowledged before.
  std::string returned(const Outcome& outcome) {
    std::lock_guard lock(server_.mutex);
    return outcome.xcoms.empty() ? server_.xcoms["return_value"].value : outcome.xcoms[0].value;
  }

  // The attempt is assigned as soon as the pod's agent has a session, and with each next one.
  void want(int64_t id, const std::string& task) {
    Claim& claim = prepare(id, task);
    std::lock_guard lock(server_.mutex);
    claim.environment_json = server_.preparation.environment_json;
    claim.version = DagVersionId{1};
    wanted_ = id;
  }
  void go_variable(int64_t id) {
    std::lock_guard lock(server_.mutex);
    Claim& claim = server_.claims[AttemptId{id}];
    auto at = claim.start_json.find("\"env\":{");
    claim.start_json.insert(at + 7, "\"LEOFLOW_TEST_GO\":\"" + (home_ / "go").string() + "\"");
  }
  std::vector<AttemptId> waiting_for(const std::string&) override { return {}; }
  void on_session_open(const std::string& agent) override {
    if (wanted_ == 0 || assigned_.exchange(true)) return;
    WorkItem item;
    item.attempt = AttemptId{wanted_};
    EXPECT_TRUE(service_->assign(agent, item));
  }
  void on_session_closed(const std::string&) override {}

  Reviewer reviewer_;
  Places places_;
  FolderArchives archives_;
  std::atomic<int64_t> wanted_ = 0;
  std::atomic<bool> assigned_ = false;
  Child child_;
  Fd log_;
  std::shared_ptr<LoopThread> thread_;
  int port_ = 0;
};

TEST_F(PodEndToEnd, RunsOneTaskWhoseFilesAllCameByFetch) {
  want(7, "whole");
  start_pod();
  Outcome outcome = outcome_of(7);
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded) << outcome.reason << pod_log();
  EXPECT_EQ(returned(outcome), "42");
  EXPECT_EQ(wait_exit(), int(pod::Exit::done)) << pod_log();
  std::string cache = (home_ / "pod/cache").string();
  EXPECT_NE(server_.logs[AttemptId{7}].find("file " + cache), std::string::npos)
      << server_.logs[AttemptId{7}];
  EXPECT_EQ(server_.log_ends[AttemptId{7}], server_.logs[AttemptId{7}].size());
  auto record = termination();
  EXPECT_EQ(record.attempt.value, 7);
  EXPECT_EQ(record.kind, "succeeded");
  EXPECT_TRUE(record.acknowledged);
  EXPECT_EQ(archives_.fetches, 3);
}

TEST_F(PodEndToEnd, AFetchedAgentTakesThePythonThatForkedForIt) {
  std::string hash = sha256_hex(read_file(agent()).value());
  fs::create_directories(home_ / "pod/cache" / hash);
  fs::create_symlink(agent(), home_ / "pod/cache" / hash / "leoflow-agent");
  std::string script =
      read_file(fs::path(LEOFLOW_SOURCE_DIR) / "src/exec/kubernetes/pod_start.py").value();
  std::map<std::string, std::string> variables{{"LEOFLOW_AGENT_URL", "http://127.0.0.1:1/none"},
                                               {"LEOFLOW_AGENT_SHA256", hash},
                                               {"LEOFLOW_AGENT_PATH", home_ / "pod/agent"}};
  want(7, "process");
  start_pod(variables, {"/usr/bin/python3.11", "-I", "-c", script});
  Outcome outcome = outcome_of(7);
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded) << outcome.reason << pod_log();
  EXPECT_EQ(returned(outcome), "\"-c True False\"") << pod_log();
  EXPECT_EQ(wait_exit(), int(pod::Exit::done)) << pod_log();
}

TEST_F(PodEndToEnd, TheSecondPodOfANodeFetchesNothing) {
  want(7, "whole");
  start_pod();
  EXPECT_EQ(outcome_of(7).kind, OutcomeKind::succeeded);
  wait_exit();
  stop_service();
  fs::remove(home_ / "ledger");  // another pod, as far as this test's cluster can tell
  assigned_ = false;
  want(8, "fails");
  start_service();
  start_pod();
  Outcome outcome = outcome_of(8);
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "ValueError: bad input");
  EXPECT_EQ(wait_exit(), int(pod::Exit::failed));
  EXPECT_EQ(archives_.fetches, 3);
}

TEST_F(PodEndToEnd, AServerThatDiesMidTaskGetsOutcomeAndLogAfterwards) {
  want(7, "waits");
  go_variable(7);
  start_pod();
  ASSERT_TRUE(wait_log(7, "waiting")) << pod_log();
  stop_service();
  ASSERT_TRUE(write_file(home_ / "go", ""));
  start_service();
  Outcome outcome = outcome_of(7);
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded) << outcome.reason;
  EXPECT_EQ(wait_exit(), int(pod::Exit::done));
  EXPECT_NE(server_.logs[AttemptId{7}].find("went on"), std::string::npos);
  EXPECT_EQ(server_.log_ends[AttemptId{7}], server_.logs[AttemptId{7}].size());
}

TEST_F(PodEndToEnd, WithoutAServerTheTerminationMessageTells) {
  want(7, "waits");
  go_variable(7);
  start_pod({{"LEOFLOW_LINGER_SECONDS", "1"}});
  ASSERT_TRUE(wait_log(7, "waiting")) << pod_log();
  stop_service();
  ASSERT_TRUE(write_file(home_ / "go", ""));
  EXPECT_EQ(wait_exit(), int(pod::Exit::done)) << pod_log();
  auto record = termination();
  EXPECT_EQ(record.kind, "succeeded");
  EXPECT_FALSE(record.acknowledged);
  ASSERT_EQ(record.xcoms.size(), 1u);
  EXPECT_EQ(record.xcoms[0].key, "return_value");
  EXPECT_EQ(record.xcoms[0].value_json, "\"done\"");
}

TEST_F(PodEndToEnd, ATaskTidiesUpWhenThePodIsToldToEnd) {
  want(7, "tidies");
  start_pod({{"LEOFLOW_GRACE_SECONDS", "30"}});
  ASSERT_TRUE(wait_log(7, "ready")) << pod_log();
  signal_pod(SIGTERM);
  Outcome outcome = outcome_of(7);
  EXPECT_EQ(outcome.kind, OutcomeKind::lost);
  EXPECT_EQ(outcome.reason, "the pod was told to end");
  EXPECT_EQ(wait_exit(), int(pod::Exit::lost));
  EXPECT_NE(server_.logs[AttemptId{7}].find("tidied up"), std::string::npos);
  EXPECT_EQ(termination().kind, "lost");
}

TEST_F(PodEndToEnd, AHeldPodEndsAtOnceWhenItIsTold) {
  start_pod();
  ASSERT_TRUE(server_.wait([&] { return server_.connections > 0; })) << pod_log();
  signal_pod(SIGTERM);
  EXPECT_EQ(wait_exit(), int(pod::Exit::done));
  EXPECT_FALSE(fs::exists(home_ / "pod/termination-log"));
}

TEST_F(PodEndToEnd, APodThatIsNotAdmittedSaysWhy) {
  reviewer_.audience_ok = false;
  start_pod();
  EXPECT_EQ(wait_exit(), int(pod::Exit::turned_away)) << pod_log();
  auto record = termination();
  EXPECT_EQ(record.attempt.value, 0);
  EXPECT_EQ(record.kind, "lost");
  EXPECT_EQ(record.reason, "the pod is not admitted: its token is for another audience");
}

TEST_F(PodEndToEnd, AnImageWithoutTheInterpreterRefusesTheAttempt) {
  server_.preparation.sources.python_version = "3.99";
  want(7, "whole");
  start_pod();
  EXPECT_EQ(wait_exit(), int(pod::Exit::lost)) << pod_log();
  std::string why = "the image registry/python:slim has no python3.99";
  EXPECT_TRUE(server_.wait([&] { return server_.refused.contains(AttemptId{7}); }));
  EXPECT_NE(server_.refused[AttemptId{7}].find(why), std::string::npos);
  EXPECT_NE(termination().reason.find(why), std::string::npos);
}

TEST_F(PodEndToEnd, ALargeResultNeedsNoDiskOfTheServer) {
  want(7, "large");
  start_pod();
  Outcome outcome = outcome_of(7);
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded) << outcome.reason;
  EXPECT_EQ(returned(outcome).size(), 300'002u);
  wait_exit();
}

}  // namespace leoflow
