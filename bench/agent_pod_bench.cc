// SPDX-License-Identifier: Apache-2.0
// What the agent costs a pod that waits for its attempt: the size of the program and the memory of
// its process, with a session over TLS open and nothing else done. The interpreter is not counted.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <future>

#include "async/child.h"
#include "base/crypto.h"
#include "rpc/agent_service.h"

namespace leoflow {
namespace {

constexpr double kMega = 1e6;
constexpr auto kSettled = std::chrono::seconds(2);  // the start is put away

class Nothing : public ExecutorListener, public ClaimProvider, public LogSink, public PodReviewer {
 public:
  void on_claimed(AttemptId, const std::string&, const std::string&) override {}
  void on_running(AttemptId, int64_t, Time) override {}
  void on_outcome(Outcome) override {}
  void on_xcom(AttemptId, XCom, std::function<void(Status)> done) override { done({}); }
  void on_agent_connected(const std::string&, std::vector<HeldAttempt>) override {
    connected.set_value();
  }
  void on_agent_lost(const std::string&, const std::string&) override {}
  void on_dispatch_failed(AttemptId, Error) override {}
  bool attempt_open(AttemptId) override { return false; }
  Result<Claim> claim(AttemptId) override { return fail(Code::not_found, "none"); }
  Result<std::vector<PulledXCom>> pull_xcom(AttemptId, const XComPull&) override { return {}; }
  Result<std::optional<VariableValue>> variable(AttemptId, const std::string&) override {
    return std::nullopt;
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
  Result<uint64_t> append(AttemptId, uint64_t, std::string_view) override { return 0; }
  uint64_t stored(AttemptId) override { return 0; }
  Result<PodIdentity> review(const PodClaim& claim, const std::string&) override {
    return PodIdentity{true, "n", "s", claim.pod_name, claim.pod_uid};
  }

  std::promise<void> connected;
};

class OnePlace : public PodPlaces {
 public:
  Result<PodPlace> find(const std::string&) override { return PodPlace{"n", "s", "p", "u"}; }
};

// A line of /proc/PID/status, in bytes.
double memory_of(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  double kib = 0;
  for (std::string word; file >> word;) {
    if (word == name + ":" && file >> kib) return kib * 1024;
  }
  return 0;
}

int run(const fs::path& agent) {
  crypto_init();
  char pattern[] = "/tmp/leoflow-agent-bench-XXXXXX";
  fs::path folder = mkdtemp(pattern);
  Nothing nothing;
  OnePlace place;
  AgentServiceOptions options;
  options.tcp_address = "127.0.0.1:0";
  options.tls_folder = folder / "tls";
  options.tls_names = {"127.0.0.1"};
  options.instance_id = "bench";
  options.token_key = "key";
  options.pods = {&nothing, &place, "leoflow", {}, nullptr};
  auto service = AgentService::start(options, nothing, nothing, nothing);
  if (!service || !write_file(folder / "token", "token")) return 1;
  ChildSpec spec;
  spec.program = agent;
  spec.arguments = {"pod"};
  spec.environment = {"LEOFLOW_SERVER=127.0.0.1:" + std::to_string((*service)->tcp_port()),
                      "LEOFLOW_CA=" + read_file((*service)->certificates().authority).value_or(""),
                      "LEOFLOW_TOKEN_FILE=" + (folder / "token").string(),
                      "LEOFLOW_POD_NAME=p",
                      "LEOFLOW_POD_UID=u",
                      "LEOFLOW_PLACE=a1",
                      "LEOFLOW_WORK=" + (folder / "work").string(),
                      "LEOFLOW_TERMINATION_LOG=" + (folder / "message").string()};
  auto child = start_child(spec);
  if (!child) return 1;
  nothing.connected.get_future().wait();
  std::promise<void>().get_future().wait_for(kSettled);
  std::printf("agent program        %6.2f MB   (must be at most 15)\n",
              double(fs::file_size(agent)) / kMega);
  std::printf(
      "agent of a held pod  %6.2f MB resident (must be at most 12): %.2f MB of its own, %.2f MB of "
      "its program\n",
      memory_of(child->pid, "VmRSS") / kMega, memory_of(child->pid, "RssAnon") / kMega,
      memory_of(child->pid, "RssFile") / kMega);
  kill(child->pid, SIGKILL);
  waitpid(child->pid, nullptr, 0);
  service->reset();
  return remove_tree(folder) ? 0 : 1;
}

}  // namespace
}  // namespace leoflow

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: leoflow_agent_pod_bench PATH-OF-LEOFLOW-AGENT\n");
    return 2;
  }
  return leoflow::run(argv[1]);
}
