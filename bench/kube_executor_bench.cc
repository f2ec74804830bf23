// SPDX-License-Identifier: Apache-2.0
// The pod executor alone against a simulated Kubernetes API that answers after LATENCY: creations
// per second, and memory with that many live pods. The API is a process of its own, so that the
// memory is the executor's.
//   leoflow_kube_executor_bench [PODS] [LATENCY_MS]
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>

#include "base/crypto.h"
#include "exec/kubernetes/fake_api_test.h"
#include "exec/kubernetes/pod_executor.h"

namespace leoflow::kube {
namespace {

constexpr double kCreationsPerSecondMin = 500, kMegabytesMax = 200;

// Nobody connects and nobody listens: only pods are made here.
struct NoGateway : AgentGateway {
  bool assign(const std::string&, const WorkItem&) override { return false; }
  bool cancel(const std::string&, AttemptId, CancelReason) override { return false; }
  void acknowledge(AttemptId) override {}
  bool warm(const std::string&, const std::string&) override { return false; }
  std::vector<std::string> connected_agents() const override { return {}; }
  void resync() override {}
  void observe(AgentObserver*) override {}
};
struct NoEngine : ExecutorListener {
  void on_claimed(AttemptId, const std::string&, const std::string&) override {}
  void on_running(AttemptId, int64_t, Time) override {}
  void on_outcome(Outcome outcome) override {
    std::fprintf(stderr, "unexpected outcome: %s\n", outcome.reason.c_str());
  }
  void on_xcom(AttemptId, XCom, std::function<void(Status)>) override {}
  void on_agent_connected(const std::string&, std::vector<HeldAttempt>) override {}
  void on_agent_lost(const std::string&, const std::string&) override {}
  void on_dispatch_failed(AttemptId, Error) override {}
};
struct OnePlan : PodPlanner {
  OnePlan() {
    auto made = std::make_shared<DagSpec>();
    made->dag_id = "bench";
    made->tasks.push_back({.task_id = "task"});
    dag = made;
  }
  Result<PodPlan> plan(const WorkItem&) override {
    return PodPlan{.dag = dag, .task = &dag->tasks[0], .volume = std::nullopt};
  }
  std::shared_ptr<const DagSpec> dag;
};

double megabytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * double(sysconf(_SC_PAGESIZE)) / 1e6;
}

// The API's process: tells its address and lives as long as we do.
std::string start_api(Duration latency, pid_t& pid) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    FakeApi api;
    api.set_latency(latency);
    std::string server = api.access().server;
    bool told = write(ends[1], server.data(), server.size()) == ssize_t(server.size());
    close(ends[1]);
    while (told) pause();
    _exit(1);
  }
  close(ends[1]);
  char text[200];
  ssize_t count = read(ends[0], text, sizeof text);
  close(ends[0]);
  return count > 0 ? std::string(text, size_t(count)) : std::string();
}

int run(int64_t pods, Duration latency) {
  crypto_init();
  pid_t api = 0;
  ClusterAccess access;
  access.server = start_api(latency, api);
  SystemClock clock;
  auto cluster = Cluster::connect(access, clock, {});
  if (!cluster) return 2;
  PvcStaging staging(**cluster, {.namespace_name = "flows", .instance = "bench"});
  OnePlan planner;
  NoGateway gateway;
  NoEngine engine;
  PodSettings settings;
  settings.namespace_name = "flows";
  settings.instance = "bench";
  PodExecutor executor(**cluster, staging, planner, clock, settings, int(pods));
  executor.set_listener(engine);
  executor.start(gateway);
  double before = megabytes();
  auto begin = std::chrono::steady_clock::now();
  for (int64_t i = 1; i <= pods; ++i) {
    executor.place({.attempt = AttemptId{i},
                    .run = RunKey{1},
                    .task_instance = TaskInstanceKey{i},
                    .dag_id = "bench",
                    .run_id = "manual__2024-02-29T13:05:09+00:00",
                    .task_id = "task",
                    .map_index = int(i)});
  }
  // A pod counts when the watch has shown it and its creation was answered.
  for (int64_t live = 0; live < pods;) {
    (*cluster)->run([&] { live = int64_t(executor.live_pods()); });
    std::promise<void> never;
    if (live < pods) never.get_future().wait_for(std::chrono::milliseconds(20));
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  double rate = double(pods) / seconds, used = megabytes();
  std::printf("pods created per second          %8.0f   (at least %.0f)\n", rate,
              kCreationsPerSecondMin);
  std::printf("memory with %6ld live pods, MB  %8.1f   (at most %.0f; %.1f before)\n", long(pods),
              used, kMegabytesMax, before);
  executor.stop();
  (*cluster)->stop();
  kill(api, SIGKILL);
  waitpid(api, nullptr, 0);
  return rate >= kCreationsPerSecondMin && used <= kMegabytesMax ? 0 : 1;
}

}  // namespace
}  // namespace leoflow::kube

int main(int argc, char** argv) {
  int64_t pods = argc > 1 ? atoll(argv[1]) : 10'000;
  int64_t milliseconds = argc > 2 ? atoll(argv[2]) : 20;
  return leoflow::kube::run(pods, std::chrono::milliseconds(milliseconds));
}
