// SPDX-License-Identifier: Apache-2.0
// The real agent program against an in-process AgentService: what the end-to-end tests share.
#pragma once

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "agent/attempt_records.h"
#include "base/json.h"
#include "exec/local/agent_home.h"
#include "exec/local/local_executor.h"
#include "rpc/agent_service.h"
#include "test_paths.h"

namespace leoflow {

// Everything the server would do, kept in memory. All members behind one mutex; wait() is how tests
// see events.
class FakeServer : public ExecutorListener, public ClaimProvider, public LogSink {
 public:
  template <typename Predicate>
  bool wait(Predicate predicate, Duration timeout = std::chrono::seconds(40)) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, timeout, predicate);
  }
  template <typename Change>
  void change(Change apply) {
    std::lock_guard lock(mutex);
    apply();
    changed.notify_all();
  }

  void on_claimed(AttemptId a, const std::string&, const std::string&) override {
    change([&] { claimed.insert(a); });
  }
  void on_running(AttemptId a, int64_t pid, Time) override {
    change([&] { running[a] = pid; });
  }
  void on_outcome(Outcome outcome) override {
    change([&] {
      ++outcome_reports;
      outcomes[outcome.attempt] = outcome;
      logs_at_outcome[outcome.attempt] = logs[outcome.attempt];
    });
    if (executor && acknowledge) executor->acknowledge(outcome.attempt);
    if (acknowledger && acknowledge) acknowledger(outcome.attempt);
  }
  void on_xcom(AttemptId, XCom xcom, std::function<void(Status)> done) override {
    change([&] { xcoms[xcom.key] = xcom; });
    done({});
  }
  void on_agent_connected(const std::string& agent, std::vector<HeldAttempt> held_now) override {
    change([&] {
      ++connections;
      agent_id = agent;
      held = std::move(held_now);
    });
  }
  void on_agent_lost(const std::string& agent, const std::string&) override {
    change([&] { lost.insert(agent); });
  }
  void on_dispatch_failed(AttemptId a, Error error) override {
    change([&] { refused[a] = error.text(); });
  }

  bool attempt_open(AttemptId a) override {
    std::lock_guard lock(mutex);
    return claims.contains(a);
  }
  Result<Claim> claim(AttemptId a) override {
    std::lock_guard lock(mutex);
    return claims.at(a);
  }
  Result<std::vector<PulledXCom>> pull_xcom(AttemptId, const XComPull& query) override {
    std::vector<PulledXCom> found;
    for (auto& task : query.task_ids) {
      if (query.all_indexes) {
        found.push_back({.found = true, .values = {"41", "42"}, .total = 2});
      } else {
        found.push_back(task == "upstream" ? PulledXCom{.found = true, .value = "41"}
                                           : PulledXCom{});
      }
    }
    return found;
  }
  Result<std::optional<VariableValue>> variable(AttemptId, const std::string& key) override {
    if (key != "region") return std::nullopt;
    return VariableValue{"north-sea", true};
  }
  Status set_variable(AttemptId, const std::string&, const std::string&,
                      const std::string&) override {
    return {};
  }
  Status delete_variable(AttemptId, const std::string&) override { return {}; }
  Result<std::optional<std::string>> connection(AttemptId, const std::string&) override {
    return std::nullopt;
  }
  Result<std::string> previous_run(AttemptId) override { return std::string(); }
  Result<PodPreparation> prepare_pod(DagVersionId) override { return preparation; }

  Result<uint64_t> append(AttemptId a, uint64_t offset, std::string_view bytes) override {
    std::lock_guard lock(mutex);
    std::string& log = logs[a];
    if (offset <= log.size() && offset + bytes.size() > log.size())
      log.append(bytes.substr(log.size() - offset));
    changed.notify_all();
    return log.size();
  }
  uint64_t stored(AttemptId a) override {
    std::lock_guard lock(mutex);
    return logs[a].size();
  }

  void log_ended(AttemptId a, uint64_t bytes) override {
    change([&] { log_ends[a] = bytes; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::map<AttemptId, Claim> claims;
  std::set<AttemptId> claimed;
  std::map<AttemptId, int64_t> running;
  std::map<AttemptId, Outcome> outcomes;
  std::map<AttemptId, std::string> logs, logs_at_outcome, refused;
  std::map<AttemptId, uint64_t> log_ends;
  std::map<std::string, XCom> xcoms;
  std::set<std::string> lost;
  std::vector<HeldAttempt> held;
  std::string agent_id;
  int connections = 0, outcome_reports = 0;
  bool acknowledge = true;
  LocalExecutor* executor = nullptr;
  std::function<void(AttemptId)> acknowledger;  // of places without an executor
  PodPreparation preparation;
};

class AgentEndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/leoflow-agent-test-XXXXXX";
    home_ = mkdtemp(pattern);
    ASSERT_TRUE(write_file(home_ / "dag.py", kDag));
    start_server();
  }
  void TearDown() override {
    stop_server();
    if (auto live = find_live_agent(home_)) kill(pid_t(live->pid), SIGKILL);
    (void)remove_tree(home_);
  }

  void start_server() {
    AgentServiceOptions options;
    options.socket = home_ / "run" / "agent.sock";
    options.instance_id = "test-instance";
    options.node_secret = *ensure_node_secret(home_);
    options.token_key = "key of the test";
    auto service = AgentService::start(options, server_, server_, server_);
    ASSERT_TRUE(service) << service.error().text();
    service_ = std::move(*service);
    launcher_ = std::make_unique<ProcessAgentLauncher>(ProcessAgentLauncher::Options{
        fs::path(LEOFLOW_BINARY_DIR) / "bin" / "leoflow-agent", home_,
        "unix:" + options.socket.string(), fs::path(LEOFLOW_SOURCE_DIR) / "python", 16});
    executor_ = std::make_unique<LocalExecutor>(*launcher_, 16);
    server_.executor = executor_.get();
    executor_->start(*service_, server_);
  }
  void stop_server() {
    if (executor_) executor_->stop();
    service_.reset();
    executor_.reset();
  }

  // Makes attempt `id` of a task of kDag claimable and places it.
  Claim& prepare(int64_t id, const std::string& task) {
    Claim claim;
    std::string iso = "2026-01-01T00:00:00+00:00", file = (home_ / "dag.py").string();
    json::Writer out;
    out.begin_object()
        .member("op", "start")
        .member("kind", "task")
        .member("dag_id", "d")
        .member("file", file);
    out.member("bundle", home_.string()).member("project", home_.string()).member("task_id", task);
    out.member("map_index", -1)
        .member("try_number", 1)
        .member("max_tries", 0)
        .member("operator", "x");
    out.member("attempt", id)
        .key("run")
        .begin_object()
        .member("run_id", "r")
        .member("run_type", "manual");
    for (auto name : {"logical_date", "data_interval_start", "data_interval_end", "run_after",
                      "queued_at", "start_date"}) {
      out.member(name, iso);
    }
    out.key("conf")
        .begin_object()
        .end_object()
        .member("clear_number", 0)
        .member_null("triggering_user_name")
        .end_object();
    out.member("start_date", iso)
        .member_null("previous_success")
        .key("env")
        .begin_object()
        .end_object();
    out.key("xcoms")
        .begin_object()
        .end_object()
        .member_null("execution_timeout")
        .member("xcom_bytes_max", 262144);
    out.member_null("spill_folder").member("base_url", "http://localhost").end_object();
    claim.start_json = out.take();
    claim.environment_json =
        R"({"hash":"bare","python":"/usr/bin/python3.11","site_packages":[],"preload":[]})";
    std::lock_guard lock(server_.mutex);
    return server_.claims[AttemptId{id}] = claim;
  }
  void place(int64_t id) {
    WorkItem item;
    item.attempt = AttemptId{id};
    executor_->place(item);
  }
  Outcome outcome_of(int64_t id) {
    bool there = server_.wait([&] {
      return server_.outcomes.contains(AttemptId{id}) || server_.refused.contains(AttemptId{id});
    });
    std::lock_guard lock(server_.mutex);
    if (!there || server_.refused.contains(AttemptId{id})) {
      auto text = read_file(home_ / "agent" / "agent.log");
      ADD_FAILURE() << "no outcome of " << id << ": " << server_.refused[AttemptId{id}] << "\n"
                    << text.value_or("");
    }
    return server_.outcomes[AttemptId{id}];
  }
  Outcome run(int64_t id, const std::string& task) {
    prepare(id, task);
    place(id);
    return outcome_of(id);
  }
  bool wait_log(int64_t id, const std::string& text) {
    return server_.wait(
        [&] { return server_.logs[AttemptId{id}].find(text) != std::string::npos; });
  }
  bool wait_running(int64_t id) {
    return server_.wait([&] { return server_.running.contains(AttemptId{id}); });
  }
  // Whether the agent's journal says that it still has the attempt.
  bool held_by_agent(int64_t id) {
    bool held = false;
    auto read = for_each_line(home_ / "agent" / "journal", [&](const std::string& text) {
      auto line = read_journal_line(text);
      if (line && line->attempt == AttemptId{id}) held = line->op != "forgotten";
    });
    EXPECT_TRUE(read);
    return held;
  }
  bool wait_forgotten(int64_t id) {
    constexpr int kWaitMax = 20'000;  // milliseconds
    Fd changes(inotify_init1(IN_CLOEXEC));
    inotify_add_watch(changes.get(), (home_ / "agent" / "journal").c_str(), IN_MODIFY);
    while (held_by_agent(id)) {
      pollfd ready{changes.get(), POLLIN, 0};
      char events[4096];
      if (poll(&ready, 1, kWaitMax) <= 0 || read(changes.get(), events, sizeof events) < 0)
        return false;
    }
    return true;
  }
  static bool alive(int64_t pid) { return kill(pid_t(pid), 0) == 0; }

  static const char* kDag;
  fs::path home_;
  FakeServer server_;
  std::unique_ptr<AgentService> service_;
  std::unique_ptr<ProcessAgentLauncher> launcher_;
  std::unique_ptr<LocalExecutor> executor_;
};

}  // namespace leoflow
