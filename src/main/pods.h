// SPDX-License-Identifier: Apache-2.0
// Everything of `--executor kubernetes` in one place: the cluster, its executor and volumes, what
// pods need of this server.
#pragma once

#include <memory>
#include <string>

#include "api/server.h"
#include "async/guarded.h"
#include "exec/kubernetes/own_cache.h"
#include "exec/kubernetes/pod_executor.h"
#include "exec/pod_admission.h"
#include "main/archives.h"
#include "main/kubernetes_config.h"
#include "rpc/agent_service.h"
#include "store/store.h"

namespace leoflow {

struct PodsOptions {
  KubernetesConfig config;
  std::string kubeconfig;  // the variable KUBECONFIG
  fs::path user_home;
  std::string service_host, service_port;  // KUBERNETES_SERVICE_*: inside a pod
  std::vector<std::string> environment;    // for credential programs
  std::string instance_id;
  std::string place_key;  // signs the tokens of places, with config.pod_secrets
  fs::path agent_program;
  fs::path home;  // ledger and certificates
  fs::path archives;
  int slots_max = 32;
};

// Owned by the server. Starts before the agent service, stops before the engine.
class Pods : public kube::PodPlanner {
 public:
  // Reads the kubeconfig (or finds itself in a pod) and asks the API for its version, so that a
  // cluster that is not there is told now. Store and clock outlive it.
  static Result<std::unique_ptr<Pods>> open(PodsOptions options, Store& store, const Clock& clock);
  ~Pods() override;  // stop(), end_thread()

  kube::PodExecutor& executor() { return *executor_; }
  kube::PvcStaging& staging() { return *staging_; }
  Archives& archives() { return archives_; }
  const std::string& namespace_name() const { return settings_.namespace_name; }

  // Adds what lets pods in: address, certificates, admission, the cluster's thread.
  void prepare(AgentServiceOptions& options);
  // Serves the agent program and begins to place. The service outlives stop(). Errors: those of
  // HttpServer::start.
  Status start(AgentService& service);
  // Places no more and lets nobody wait for the cluster. Pods go on, and so does the thread, which
  // the service's sessions share.
  void stop();
  // After the service has stopped, before it is destroyed.
  void end_thread();

  Result<kube::PodPlan> plan(const WorkItem& item) override;

 private:
  Pods(PodsOptions options, Store& store);
  Status read_agent();
  api::Response download(const api::Request& request) const;

  struct Version {
    std::shared_ptr<const DagSpec> spec;
    std::string image;
  };
  using Versions = std::map<DagVersionId, Version>;
  Result<Version> version(DagVersionId id);

  PodsOptions options_;
  Store& store_;
  Archives archives_;
  kube::PodSettings settings_;
  std::string agent_, agent_target_;  // bytes of the program, its path on the download server
  Guarded<Versions> versions_;
  std::unique_ptr<kube::Cluster> cluster_;
  std::unique_ptr<PodReviewer> reviewer_;
  std::unique_ptr<kube::PvcStaging> staging_;
  std::unique_ptr<kube::PodExecutor> executor_;
  std::unique_ptr<kube::OwnCache> own_cache_;  // null = pods share none, or one that was named
  std::unique_ptr<api::HttpServer> downloads_;
};

}  // namespace leoflow
