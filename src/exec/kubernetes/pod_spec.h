// SPDX-License-Identifier: Apache-2.0
// The pod of one place, as JSON. Pure: equal arguments give equal pods, so that a creation may be
// repeated after a crash. A pod holds no secret: what is secret is pulled over the agent's session.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "exec/executor.h"
#include "model/dag_spec.h"

namespace leoflow::kube {

constexpr const char* kTaskContainer = "task";
constexpr const char* kInitContainer = "leoflow-agent";
constexpr const char* kManagedBy = "app.kubernetes.io/managed-by";
constexpr const char* kInstanceLabel = "leoflow.io/instance";
constexpr const char* kPlaceLabel = "leoflow.io/place";
constexpr const char* kAttemptLabel = "leoflow.io/attempt";
constexpr const char* kVolumeLabel = "leoflow.io/volume";
constexpr const char* kSecretGate = "leoflow.io/secret";
constexpr const char* kVersionNote = "leoflow.io/version";  // annotation
constexpr int kPodUser = 65532;  // "nonroot" of many images
constexpr int kGraceSeconds = 30;
// On top of a task's execution_timeout, for what comes before and after the user's code.
constexpr auto kDeadlineSpare = std::chrono::hours(3);

// What the authors of DAGs may ask of the cluster; set by whoever runs the installation.
struct PodPolicy {
  std::optional<std::vector<std::string>> execution_keys;  // of leoflow.yaml; unset = all
  std::vector<std::string> service_accounts;               // empty = any
};

// Of an installation.
struct PodSettings {
  std::string namespace_name = "default";
  std::string instance;  // a label value that no other installation has
  std::string image = "docker.io/library/python:{python}-slim";  // {python}: "3.11"
  std::string image_pull_policy;                                 // empty = the cluster's default
  std::string agent_image;  // brings /leoflow-agent; empty = fetched from agent_url
  std::string agent_url, agent_sha256;
  std::string server, server_ca;  // host:port for agents; PEM of whom they trust
  std::string audience = "leoflow";
  // With it pods prove who they are by a Secret of their own instead of a token of the cluster.
  std::string place_key;
  std::string service_account;  // of tasks that name none; empty = the namespace's default
  // Where pods keep what they fetched for those that come after: a folder of each node, or a claim
  // that there is. At most one of them; neither = each pod its own.
  std::string cache_host_path, cache_claim;
  std::string staging_access = "ReadWriteOnce";
  int run_as_user = kPodUser;  // 0 = root, for volumes that only root can write to
  json::object pod_template;   // {metadata, spec} merged into every pod
  PodPolicy policy;
};

// What is to run. The specs outlive the call.
struct PodRequest {
  std::string place;                 // place_of()
  std::optional<AttemptId> attempt;  // unset: started ahead, holds until it gets one (bind_pod)
  WorkItem item;
  const DagSpec* dag = nullptr;
  const TaskSpec* task = nullptr;  // null for a DAG callback
  std::string volume;              // name of the run's staging volume; empty = none
  std::string secret;              // name of its Secret, with place_key
  std::string image;               // of the DAG version; empty = that of the settings
};

// The place of an attempt: "a17". The place started ahead for a try: "t4-2".
std::string place_of(AttemptId attempt);
std::string place_ahead_of(TaskInstanceKey task_instance, int try_number);
// A pure function of the two; a DNS label.
std::string pod_name(const std::string& instance, const std::string& place);
// The claim of a staging volume: installations that share a namespace share no volume.
std::string claim_name(const std::string& instance, const std::string& volume);
// Text as a label value: at most 63 of [A-Za-z0-9._-], beginning and ending with one of the first.
std::string label_value(std::string_view text);

// What a pod that was started ahead lacks, as a merge patch: its attempt, and its deadline counted
// from the pod's start.
json::object bind_pod(AttemptId attempt, const TaskSpec* task, Duration age);

// The Secret that a pod waits for: made when the pod's uid is known, and gone with the pod. The
// pod is not scheduled before open_pod() takes its gate away, so it never finds the Secret missing.
json::object make_pod_secret(const PodSettings& settings, const std::string& place,
                             const std::string& secret, const std::string& pod_uid);
json::object open_pod();

// `denied` when the policy forbids a key that the task uses.
Result<json::object> make_pod(const PodSettings& settings, const PodRequest& request);

// Members of `over` replace those of `into`; objects are merged, lists of named objects by name,
// other lists are joined.
void merge_pod(json::object& into, const json::object& over);

}  // namespace leoflow::kube
