// SPDX-License-Identifier: Apache-2.0
// Takes pushed projects: unpacks their files, compiles them as hot reload does (in the extractor's
// process, never here), and registers what comes out as versions. The server believes nothing of a
// project but its files: what the client compiled stays with the client.
//
// All DAGs of a project are taken or none. Known until the server ends, the last
// kDeploymentsKept; versions and bundles are what lasts, so that a push that was cut off is simply
// repeated.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/guarded.h"
#include "async/loop.h"
#include "authoring/compiler.h"
#include "authoring/registrar.h"
#include "authoring/uploads.h"
#include "model/deployment.h"

namespace leoflow {

constexpr size_t kDeploymentsKept = 100;
constexpr size_t kDeploymentsWaitingMax = 20;
constexpr size_t kDeploymentLinesKept = 200;  // of an environment's build
constexpr size_t kProjectNameMax = 100;

struct DeploymentsOptions {
  fs::path folder;   // of its own: archives and files being unpacked
  fs::path watched;  // the folder of DAGs that this server watches too; empty = none
  PausedAtCreation paused_at_creation = PausedAtCreation::all;
};

// Called on the deployments' thread; must return soon and not call stop().
struct DeploymentsCallbacks {
  std::function<void(const std::string& dag_id)> on_dag_changed = {};
  // A version was registered or made current, or a DAG taken away.
  std::function<void(const DeploymentRequest& request, const DeployedDag& dag)> on_deployed = {};
};

// Any thread. One deployment is worked on at a time, in order. The collaborators outlive it.
class Deployments {
 public:
  Deployments(DeploymentsOptions options, Compiler& compiler, Environments& environments,
              DagStore& dags, const Clock& clock, DeploymentsCallbacks callbacks);
  ~Deployments();  // stops
  Deployments(const Deployments&) = delete;

  // Uploads::append and Uploads::state.
  Result<UploadState> append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                             std::string_view part);
  Result<UploadState> upload(const std::string& sha256) const;
  // Takes a deployment in: its id. `invalid` for names that are none, `not_found` when the archive
  // is not there, `exhausted` past kDeploymentsWaitingMax.
  Result<std::string> begin(DeploymentRequest request);
  // How it stands; nothing when it is not known (any more).
  std::optional<Deployment> find(const std::string& id) const;

  // Builds what is missing of the environments of current versions: a cache may have been emptied,
  // and no file is there to be compiled again. In the background.
  void restore_environments();
  // Ends what is in progress; nothing of it is registered. Idempotent.
  void stop();

 private:
  struct Job;
  using Known = std::deque<Deployment>;

  void work(const std::string& id);
  void note(const std::string& id, const std::function<void(Deployment&)>& change);
  void restore_now();
  void restore(const Dag& dag);

  DeploymentsOptions options_;
  Compiler& compiler_;
  Environments& environments_;
  DagStore& dags_;
  const Clock& clock_;
  DeploymentsCallbacks callbacks_;
  Guarded<Uploads> uploads_;
  Guarded<Known> known_;
  std::atomic<bool> stopping_ = false;
  Fd cancel_;          // readable once stop() was called
  LoopThread thread_;  // last: its tasks use the rest
};

}  // namespace leoflow
