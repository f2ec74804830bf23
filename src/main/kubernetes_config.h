// SPDX-License-Identifier: Apache-2.0
// The settings of `--executor kubernetes`: a YAML file (docs/kubernetes.md) and what the command
// line says on top.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "exec/kubernetes/cluster_access.h"
#include "exec/kubernetes/pod_spec.h"
#include "exec/kubernetes/pvc_staging.h"
#include "model/dag_spec.h"

namespace leoflow {

constexpr int kAgentPortDefault = 9091;  // the next one serves the agent program
constexpr int kHeldPodsMaxDefault = 10;
constexpr int kHeldSecondsMaxDefault = 600;

struct KubernetesConfig {
  kube::ContextChoice choice;
  kube::PodSettings pods;  // namespace and what depends on the server is filled by Pods
  std::string storage_class;
  // Whether pods share a claim that the server makes (exec/kubernetes/own_cache.h); unset = the
  // command decides.
  std::optional<bool> own_cache;
  std::string agent_address;  // of this server, as pods reach it; empty = found out
  int agent_port = kAgentPortDefault;
  // Places started ahead: of which tasks, how many at once, how long one is held.
  StartAhead start_ahead = StartAhead::single;
  // Pods prove who they are by a Secret each, not by a token that the cluster reviews.
  bool pod_secrets = false;
  int held_pods_max = kHeldPodsMaxDefault;
  int held_seconds_max = kHeldSecondsMaxDefault;
};

// Every key known, every type right; errors (`invalid`) name the key.
Result<KubernetesConfig> parse_kubernetes_config(std::string_view yaml, std::string_view name);

// The address by which this host reaches the cluster's API: where pods of most clusters reach this
// host. `invalid` with advice when that is loopback.
Result<std::string> address_towards(const std::string& api_url);

}  // namespace leoflow
