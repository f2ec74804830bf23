// SPDX-License-Identifier: Apache-2.0
// What attempts may have, told from store, vault and environments: the adapter behind the agent
// service.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/guarded.h"
#include "authoring/environment.h"
#include "exec/staging/local_staging.h"
#include "main/archives.h"
#include "main/pod_preparations.h"
#include "model/dag_spec.h"
#include "rpc/claim_provider.h"
#include "secrets/vault.h"
#include "store/store.h"

namespace leoflow {

struct ClaimsOptions {
  fs::path xcoms;                       // spill folders, one per run
  int64_t xcom_bytes_max = 256 * 1024;  // larger values are spilled
  int64_t map_length_max = kMapLengthMaxDefault;  // of a return value that tasks are mapped over
  std::string hostname, base_url;
  Archives* archives = nullptr;  // what pods fetch; null = no pods
  fs::path python;               // the Python side, unpacked
};

// Any thread; blocks on the store. Collaborators outlive it. Without a staging the volumes of runs
// are made with their pods.
class Claims : public ClaimProvider {
 public:
  Claims(Store& store, Vault& vault, Environments& environments, LocalStaging* staging,
         const Clock& clock, ClaimsOptions options)
      : store_(store),
        vault_(vault),
        environments_(environments),
        staging_(staging),
        clock_(clock),
        options_(std::move(options)) {
    if (!options_.archives) return;
    preparations_ = std::make_unique<PodPreparations>(
        [this](DagVersionId version, int cancel_fd) {
          return make_pod_preparation(version, cancel_fd);
        },
        [this](const PodPreparation& made) { return still_there(made); });
  }

  // How to start a template interpreter for tasks of this version (ClaimReply.environment_json).
  Result<std::string> environment_json(const DagVersion& version, const DagSpec& spec);
  static std::string environment_json(const EnvironmentUse& use);

  bool attempt_open(AttemptId attempt) override;
  Result<Claim> claim(AttemptId attempt) override;
  Result<std::vector<PulledXCom>> pull_xcom(AttemptId attempt, const XComPull& query) override;
  Result<std::optional<VariableValue>> variable(AttemptId attempt, const std::string& key) override;
  Status set_variable(AttemptId attempt, const std::string& key, const std::string& value,
                      const std::string& description) override;
  Status delete_variable(AttemptId attempt, const std::string& key) override;
  Result<std::optional<std::string>> connection(AttemptId attempt,
                                                const std::string& conn_id) override;
  Result<std::string> previous_run(AttemptId attempt) override;
  Result<std::string> asset_events(AttemptId attempt, const AssetEventsWanted& wanted) override;
  Result<std::string> asset(AttemptId attempt, const AssetKey& key) override;
  Result<PodPreparation> prepare_pod(DagVersionId version) override;
  Status spill(AttemptId attempt, XCom& xcom) override;

 private:
  // An attempt with the rows around it.
  struct Context {
    Attempt attempt;
    DagRun run;
    std::shared_ptr<const DagVersion> version;
    std::shared_ptr<const DagSpec> spec;
    const TaskSpec* task = nullptr;  // null for a DAG callback
  };
  Result<Context> context(AttemptId attempt);
  Status fill_limits(const Context& at, Claim& claim);
  Status allowed(const Context& at, const std::optional<std::vector<std::string>>& declared,
                 const std::string& name, std::string_view kind) const;
  Result<PulledXCom> pull_one(const Context& at, const XComPull& query, const std::string& task_id);

  using Version = std::pair<std::shared_ptr<const DagVersion>, std::shared_ptr<const DagSpec>>;
  Result<Version> version(DagVersionId id);
  Result<PodPreparation> make_pod_preparation(DagVersionId id, int cancel_fd);
  bool still_there(const PodPreparation& made) const;

  Store& store_;
  Vault& vault_;
  Environments& environments_;
  LocalStaging* staging_;  // null = of pods
  const Clock& clock_;
  ClaimsOptions options_;
  Guarded<std::map<DagVersionId, Version>> versions_;
  std::unique_ptr<PodPreparations> preparations_;  // last: it uses the rest; null = no pods
};

}  // namespace leoflow
