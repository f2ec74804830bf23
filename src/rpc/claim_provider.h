// SPDX-License-Identifier: Apache-2.0
// What the agent service asks the rest of the server for on behalf of an attempt. Implemented in
// main over store and secrets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/asset_spec.h"
#include "model/entities.h"
#include "model/ids.h"

namespace leoflow {

// Everything an agent needs to start an attempt.
struct Claim {
  std::string kind = "task";     // task, dag_callback
  std::string start_json;        // the start frame (docs/task-protocol.md), no secrets inside
  std::string environment_json;  // {hash, python, site_packages, preload[]}
  std::map<std::string, std::string> secrets;  // AIRFLOW_CONN_*, AIRFLOW_VAR_*
  std::vector<std::string> masked;             // texts that must not appear in logs
  Duration execution_timeout{0};               // 0 = none
  int64_t memory_limit_bytes = 0;              // 0 = none
  std::string staging_path;                    // empty = none
  int64_t staging_limit_bytes = 0;
  int64_t xcom_bytes_max = 262'144;
  std::string spill_folder;  // empty = larger values are refused
  DagVersionId version;      // what the attempt runs; 0 = not told
};

// What a pod fetches in place of paths on the server's disk (proto: Sources).
struct PodSources {
  std::string runtime, environment, bundle;  // archives by SHA-256; environment empty = bare
  std::string bundle_path;                   // how the start frame names the bundle's folder
  std::string python_version;
};
struct PodPreparation {
  std::string environment_json;
  PodSources sources;
};

struct XComPull {
  std::string dag_id, run_id;  // empty = the attempt's own
  std::vector<std::string> task_ids;
  std::string key;
  int map_index = kUnmapped;
  bool include_prior_dates = false;
};

// Events of an asset (its name, URI or both), or of those told under an alias.
struct AssetEventsWanted {
  AssetKey asset;
  std::string alias;
  std::optional<Time> after, before;  // both included
  bool ascending = false;             // the oldest ones, else the newest
  int limit = 0;                      // 0 = kInletEventsMax, which is the most
};

struct VariableValue {
  std::string value;
  bool sensitive = false;
};

// Called on the service's worker threads, several at once; may block. The token has been checked
// and attempt_open() was true just before. not_found and denied become the user's error message.
class ClaimProvider {
 public:
  virtual ~ClaimProvider() = default;
  // Whether the attempt is current and not settled. Also called on the session thread: must be
  // quick.
  virtual bool attempt_open(AttemptId attempt) = 0;
  virtual Result<Claim> claim(AttemptId attempt) = 0;
  // One entry per task id, in order: the value's JSON text (spilled ones read back), nullopt when
  // there is none.
  virtual Result<std::vector<std::optional<std::string>>> pull_xcom(AttemptId attempt,
                                                                    const XComPull& query) = 0;
  virtual Result<std::optional<VariableValue>> variable(AttemptId attempt,
                                                        const std::string& key) = 0;
  virtual Status set_variable(AttemptId attempt, const std::string& key, const std::string& value,
                              const std::string& description) = 0;
  virtual Status delete_variable(AttemptId attempt, const std::string& key) = 0;
  // JSON form of AIRFLOW_CONN_*.
  virtual Result<std::optional<std::string>> connection(AttemptId attempt,
                                                        const std::string& conn_id) = 0;
  // Latest successful earlier run as the start frame shows runs; empty when there is none.
  virtual Result<std::string> previous_run(AttemptId attempt) = 0;
  // JSON list of events, the oldest first.
  virtual Result<std::string> asset_events(AttemptId attempt, const AssetEventsWanted& wanted) {
    static_cast<void>(attempt);
    static_cast<void>(wanted);
    return std::string("[]");
  }
  // JSON of an asset by its name, URI or both; empty when there is none.
  virtual Result<std::string> asset(AttemptId attempt, const AssetKey& key) {
    static_cast<void>(attempt);
    static_cast<void>(key);
    return std::string();
  }
  // What a pod needs for a version; the archives exist when it returns. `unavailable` while they
  // are being made: the pod asks again.
  virtual Result<PodPreparation> prepare_pod(DagVersionId version) {
    static_cast<void>(version);
    return fail(Code::not_found, "nothing is prepared for pods here");
  }
  // A value that was pushed by an agent which cannot reach the server's disk: too large ones are
  // put there now. An error keeps the value inline.
  virtual Status spill(AttemptId attempt, XCom& xcom) {
    static_cast<void>(attempt);
    static_cast<void>(xcom);
    return {};
  }
};

}  // namespace leoflow
