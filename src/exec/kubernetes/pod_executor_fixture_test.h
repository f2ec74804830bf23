// SPDX-License-Identifier: Apache-2.0
// A PodExecutor between a fake API, a fake gateway and a fake engine, and lives of its server.
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include "exec/kubernetes/fake_api_test.h"
#include "exec/kubernetes/pod_executor.h"
#include "model/pod_contract.h"

namespace leoflow::kube {

class FakeGateway : public AgentGateway {
 public:
  bool assign(const std::string& agent, const WorkItem& item) override {
    return tell(agent, "assign " + std::to_string(item.attempt.value));
  }
  bool cancel(const std::string& agent, AttemptId attempt, CancelReason) override {
    return tell(agent, "cancel " + std::to_string(attempt.value));
  }
  void acknowledge(AttemptId attempt) override {
    told_.with([&](auto& all) { all.push_back("acknowledge " + std::to_string(attempt.value)); });
  }
  bool warm(const std::string&, const std::string&) override { return false; }
  std::vector<std::string> connected_agents() const override { return {}; }
  void resync() override {}
  void observe(AgentObserver* observer) override { observer_ = observer; }
  void connect(const std::string& agent) {
    connected_.with([&](auto& all) { all.insert(agent); });
    observer_.load()->on_session_open(agent);
  }
  void disconnect(const std::string& agent) {
    connected_.with([&](auto& all) { all.erase(agent); });
    observer_.load()->on_session_closed(agent);
  }
  bool told(const std::string& what) const {
    return told_.with([&](auto& all) { return std::ranges::count(all, what) > 0; });
  }

 private:
  bool tell(const std::string& agent, const std::string& what) {
    if (!connected_.with([&](auto& all) { return all.contains(agent); })) return false;
    told_.with([&](auto& all) { all.push_back(what); });
    return true;
  }
  std::atomic<AgentObserver*> observer_ = nullptr;
  Guarded<std::set<std::string>> connected_;
  Guarded<std::vector<std::string>> told_;
};

class FakeEngine : public ExecutorListener {
 public:
  void on_claimed(AttemptId attempt, const std::string&, const std::string&) override {
    claimed_.with([&](auto& all) { all.insert(attempt); });
  }
  void on_running(AttemptId, int64_t, Time) override {}
  void on_outcome(Outcome outcome) override {
    outcomes_.with([&](auto& all) { all.push_back(std::move(outcome)); });
  }
  void on_xcom(AttemptId, XCom, std::function<void(Status)>) override {}
  void on_agent_connected(const std::string&, std::vector<HeldAttempt>) override {}
  void on_agent_lost(const std::string&, const std::string&) override {}
  void on_dispatch_failed(AttemptId attempt, Error error) override {
    on_outcome({.attempt = attempt, .kind = OutcomeKind::lost, .reason = error.message()});
  }
  void on_waiting(AttemptId, const std::string& reason) override {
    waits_.with([&](auto& all) { all.push_back(reason); });
  }
  void on_held(AttemptId attempt, Time) override {
    held_.with([&](auto& all) { all.insert(attempt); });
  }
  bool held(int64_t attempt) const {
    return held_.with([&](auto& all) { return all.contains(AttemptId{attempt}); });
  }
  std::vector<Outcome> outcomes() const {
    return outcomes_.with([](auto& all) { return all; });
  }
  bool waited(const std::string& reason) const {
    return waits_.with([&](auto& all) {
      return std::ranges::any_of(all, [&](auto& one) { return one.contains(reason); });
    });
  }

 private:
  Guarded<std::vector<Outcome>> outcomes_;
  Guarded<std::vector<std::string>> waits_;
  Guarded<std::set<AttemptId>> claimed_, held_;
};

class FakePlanner : public PodPlanner {
 public:
  FakePlanner() {
    auto dag = std::make_shared<DagSpec>();
    dag->dag_id = "etl";
    dag->tasks.push_back({.task_id = "extract"});
    dag_ = dag;
  }
  Result<PodPlan> plan(const WorkItem&) override {
    PodPlan plan{.dag = dag_, .task = &dag_->tasks[0]};
    if (!volume.empty()) plan.volume = PvcRequest{.name = volume, .size_bytes = 1 << 20};
    return plan;
  }
  std::string volume;

 private:
  std::shared_ptr<const DagSpec> dag_;
};

inline WorkItem item(int64_t attempt) {
  return {.attempt = AttemptId{attempt},
          .run = RunKey{5},
          .task_instance = TaskInstanceKey{attempt + 100},
          .dag_id = "etl",
          .run_id = "r",
          .task_id = "extract",
          .version = DagVersionId{3}};
}

// One life of a server: everything but the cluster goes with it.
struct ServerLife {
  ServerLife(FakeApi& api, FakePlanner& planner, PodExecutor::Timing timing,
             const std::string& place_key) {
    cluster = *Cluster::connect(api.access(), clock, {});
    PvcSettings volumes{.namespace_name = "flows", .instance = "test"};
    volumes.removal_pause = std::chrono::milliseconds(2);
    staging = std::make_unique<PvcStaging>(*cluster, volumes);
    PodSettings settings;
    settings.namespace_name = "flows";
    settings.instance = "test";
    settings.place_key = place_key;
    executor =
        std::make_unique<PodExecutor>(*cluster, *staging, planner, clock, settings, 64, timing);
    executor->set_listener(engine);
    executor->start(gateway);
  }
  ~ServerLife() {
    executor->stop();
    cluster->stop();
  }
  SystemClock clock;
  FakeGateway gateway;
  FakeEngine engine;
  std::unique_ptr<Cluster> cluster;
  std::unique_ptr<PvcStaging> staging;
  std::unique_ptr<PodExecutor> executor;
};

class PodExecutorTest : public testing::Test {
 protected:
  PodExecutorTest() {
    timing_.tick = timing_.collect = timing_.mark_after = std::chrono::milliseconds(2);
    timing_.watch.relist_first = timing_.watch.relist_max = std::chrono::milliseconds(1);
  }
  void begin() {
    life_.reset();
    life_ = std::make_unique<ServerLife>(api_, planner_, timing_, place_key_);
  }
  void place(int64_t attempt) {
    if (!life_) begin();
    life_->executor->place(item(attempt));
  }
  template <typename Condition>
  void eventually(Condition condition) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited in vain";
      std::this_thread::yield();
    }
  }
  static std::string pod(int64_t attempt) { return pod_name("test", place_of(AttemptId{attempt})); }
  static std::string agent(int64_t attempt) { return pod::agent_id(pod(attempt)); }
  void until_pod(int64_t attempt) {
    eventually([&] { return api_.has(pod(attempt)); });
  }
  // Until the attempt is with its agent.
  void claim(int64_t attempt) {
    until_pod(attempt);
    api_.set_phase(pod(attempt), "Running");
    life_->gateway.connect(agent(attempt));
    std::string assigned = "assign " + std::to_string(attempt);
    eventually([&] { return life_->gateway.told(assigned); });
    life_->executor->on_claimed(AttemptId{attempt}, agent(attempt), "host");
  }
  void finish(int64_t attempt, OutcomeKind kind = OutcomeKind::succeeded) {
    life_->executor->on_outcome({.attempt = AttemptId{attempt}, .kind = kind});
  }
  // Attempt 1 is over and its pod has ended; attempt 2 waits for its pod.
  void one_ends_while_another_starts() {
    place(1);
    place(2);
    claim(1);
    until_pod(2);
    finish(1);
    life_->executor->acknowledge(AttemptId{1});
    api_.terminate(pod(1), 0, "");
  }
  Outcome outcome() {
    eventually([&] { return !life_->engine.outcomes().empty(); });
    auto all = life_->engine.outcomes();
    return all.empty() ? Outcome{} : all.front();
  }

  FakeApi api_;
  std::string place_key_;
  FakePlanner planner_;
  PodExecutor::Timing timing_;
  std::unique_ptr<ServerLife> life_;
};

}  // namespace leoflow::kube
