// SPDX-License-Identifier: Apache-2.0
// The server's side of the agent protocol (proto/leoflow_agent.proto) over gRPC: sessions, claims,
// what running tasks ask for. Nothing here is durable: after a restart agents
// connect and say what they hold.
#pragma once

#include <memory>
#include <string>

#include "async/loop.h"
#include "base/file.h"
#include "base/time.h"
#include "exec/agent_gateway.h"
#include "exec/pod_admission.h"
#include "rpc/archive_source.h"
#include "rpc/certificates.h"
#include "rpc/claim_provider.h"
#include "rpc/log_sink.h"

namespace leoflow {

constexpr int kRpcWorkers = 4;
constexpr int kRpcCallsMax = 1024;  // unary calls waiting; past it agents are told to try again
constexpr int64_t kPodXComBytesMax = 32 << 20;  // from a pod, which cannot spill on our disk
constexpr size_t kSessionMessagesMax =
    20'000;  // orders waiting for one agent; past it its session is ended

constexpr Duration kCertificateCheckEvery = std::chrono::hours(6);

// What it takes to admit pods. Everything outlives the service; without reviewer and places no pod
// is admitted.
struct PodAdmission {
  PodReviewer* reviewer = nullptr;
  PodPlaces* places = nullptr;
  std::string audience;               // of their tokens
  fs::path ledger;                    // which pods were admitted (rpc/pod_bootstrap.h)
  ArchiveSource* archives = nullptr;  // what they fetch
};

struct AgentServiceOptions {
  fs::path socket;          // unix socket; its folder gets mode 0700. Empty = none
  std::string tcp_address;  // "0.0.0.0:9091"; empty = none
  // PEM files for the TCP address. Without them certificates are made in tls_folder for tls_names
  // and renewed there in time; without that folder the text is plain, which is refused off
  // loopback unless allow_plain_text says otherwise.
  std::string tls_certificate, tls_key;
  fs::path tls_folder;
  std::vector<std::string> tls_names;
  bool allow_plain_text = false;
  std::string instance_id;       // of the installation
  std::string node_secret;       // agents must present it
  std::string token_key;         // signs attempt tokens
  std::string version;           // the server's; agents of another are replaced when idle
  const Clock* clock = nullptr;  // tells when agents connected; null = nobody asks
  Duration lease = std::chrono::seconds(10);
  // An agent on this host whose process ended is lost; its outcomes may be on its disk, so a
  // successor gets this long to report them first.
  Duration successor_grace = std::chrono::seconds(3);
  PodAdmission pods;
  // Sessions are served on it; null = a thread of the service's own. A given one still runs when
  // stop() is called, and has ended before the service is destroyed.
  std::shared_ptr<LoopThread> thread;
};

// An agent with an open session.
struct AgentFacts {
  std::string id, hostname, version;
  int64_t pid = 0;
  Time connected_at{};
  bool retiring = false;  // on its way out: takes no work
};

class AgentService : public AgentGateway {
 public:
  // Listens when it returns. listener, provider and sink outlive the service.
  // `unavailable` when an address cannot be bound, `invalid` for unreadable TLS files, a name that
  // no certificate can bear, and plain text off loopback.
  static Result<std::unique_ptr<AgentService>> start(AgentServiceOptions options,
                                                     ExecutorListener& listener,
                                                     ClaimProvider& provider, LogSink& sink);
  ~AgentService() override;  // stop()

  // Ends all sessions (agents go on with their tasks and reconnect later). No listener call
  // follows. Idempotent.
  void stop();
  // The bound TCP port, 0 when there is none (tests bind port 0).
  int tcp_port() const;
  // What the TCP address shows and what its agents are to trust, renewed in place; empty with
  // certificates that were brought along and with plain text.
  CertificateFiles certificates() const;
  // Tells an agent to take no more work, finish and exit. From now on assign() hands it nothing.
  void retire(const std::string& agent, const std::string& reason);
  // Tells an agent that the attempt's staging volume is full (found by the server).
  void staging_full(const std::string& agent, AttemptId attempt, const std::string& message);

  bool assign(const std::string& agent, const WorkItem& item) override;
  bool cancel(const std::string& agent, AttemptId attempt, CancelReason reason) override;
  void acknowledge(AttemptId attempt) override;
  bool warm(const std::string& agent, const std::string& environment_json) override;
  std::vector<std::string> connected_agents() const override;
  std::vector<AgentFacts> agents() const;
  void resync() override;
  void observe(AgentObserver* observer) override;

 private:
  struct Impl;
  explicit AgentService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow
