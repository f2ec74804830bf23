// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pod_spec.h"

#include <algorithm>

#include "exec/kubernetes/pod_start.h"
#include "exec/place_token.h"
#include "model/pod_contract.h"

namespace leoflow::kube {
namespace {

constexpr const char* kHome = "/leoflow";
constexpr const char* kAgent = "/leoflow/leoflow-agent";
constexpr const char* kTokenFolder = "/var/run/leoflow";
constexpr const char* kCacheFolder = "/leoflow-cache";
constexpr int kTokenSeconds = 3600;  // the kubelet renews it

json::object variable(std::string_view name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

json::object from_field(std::string_view name, const char* path) {
  json::object field{{"fieldRef", json::object{{"fieldPath", path}}}};
  return {{"name", name}, {"valueFrom", std::move(field)}};
}

json::object mount(const char* volume, std::string_view path, bool read_only = false) {
  json::object out{{"name", volume}, {"mountPath", path}};
  if (read_only) out["readOnly"] = true;
  return out;
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

const json::value* execution(const PodRequest& request, const char* key) {
  return request.task ? request.task->execution.if_contains(key) : nullptr;
}

int64_t grace_of(const PodRequest& request) {
  auto* value = execution(request, "termination_grace_period_seconds");
  return value && value->is_int64() ? value->as_int64() : kGraceSeconds;
}

Status allowed(const PodPolicy& policy, const PodRequest& request) {
  if (!request.task) return {};
  const std::string task = "task '" + request.task->task_id + "'";
  for (const auto& [key, value] : request.task->execution) {
    if (!policy.execution_keys) break;
    const auto& keys = *policy.execution_keys;
    if (std::ranges::find(keys, std::string_view(key)) != keys.end()) continue;
    return fail(Code::denied, task + ": execution." + std::string(key) + " is not allowed here",
                "ask whoever runs this installation");
  }
  auto* account = execution(request, "service_account");
  const auto& accounts = policy.service_accounts;
  if (!account || accounts.empty()) return {};
  if (std::ranges::find(accounts, std::string_view(account->as_string())) != accounts.end())
    return {};
  return fail(Code::denied, task + ": the service account is not allowed here",
              "ask whoever runs this installation");
}

json::object labels_of(const PodSettings& settings, const PodRequest& request) {
  json::object labels;
  labels["app.kubernetes.io/name"] = "leoflow-task";
  labels[kManagedBy] = "leoflow";
  labels[kInstanceLabel] = settings.instance;
  labels[kPlaceLabel] = request.place;
  if (request.attempt) labels[kAttemptLabel] = std::to_string(request.attempt->value);
  labels["leoflow.io/dag"] = label_value(request.item.dag_id);
  labels["leoflow.io/task"] = label_value(request.item.task_id);
  labels["leoflow.io/run"] = std::to_string(request.item.run.value);
  if (!request.volume.empty()) labels[kVolumeLabel] = request.volume;
  return labels;
}

json::object annotations_of(const PodRequest& request) {
  json::object marks;
  const WorkItem& item = request.item;
  marks["leoflow.io/dag-id"] = item.dag_id;
  marks["leoflow.io/run-id"] = item.run_id;
  marks["leoflow.io/task-id"] = item.task_id;
  marks["leoflow.io/map-index"] = std::to_string(item.map_index);
  marks["leoflow.io/try-number"] = std::to_string(item.try_number);
  marks[kVersionNote] = std::to_string(item.version.value);
  // A node that is scaled down waits for the task.
  marks["cluster-autoscaler.kubernetes.io/safe-to-evict"] = "false";
  marks["karpenter.sh/do-not-disrupt"] = "true";
  return marks;
}

json::object metadata_of(const PodSettings& settings, const PodRequest& request) {
  return {{"name", pod_name(settings.instance, request.place)},
          {"namespace", settings.namespace_name},
          {"labels", labels_of(settings, request)},
          {"annotations", annotations_of(request)}};
}

// What leoflow.yaml wants of it: the weakest.
json::object metadata_wished(const PodRequest& request) {
  json::object out;
  for (const char* key : {"labels", "annotations"}) {
    if (auto* own = execution(request, key); own && own->is_object()) out[key] = *own;
  }
  return out;
}

json::object resources_of(const PodRequest& request) {
  json::object out, requests, limits;
  if (!request.task || !request.task->resources) return out;
  const ResourceSpec& spec = *request.task->resources;
  auto add = [](json::object& to, const char* name, const std::string& amount) {
    if (!amount.empty()) to[name] = amount;
  };
  add(requests, "cpu", spec.cpu_request);
  add(requests, "memory", spec.memory_request);
  add(requests, "ephemeral-storage", spec.ephemeral_storage_request);
  add(limits, "cpu", spec.cpu_limit);
  add(limits, "memory", spec.memory_limit);
  add(limits, "ephemeral-storage", spec.ephemeral_storage_limit);
  if (!requests.empty()) out["requests"] = std::move(requests);
  if (!limits.empty()) out["limits"] = std::move(limits);
  if (!spec.claims.empty()) out["claims"] = spec.claims;
  return out;
}

json::object locked_down() {
  return {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", json::object{{"drop", json::array{"ALL"}}}}};
}

std::string image_of(const PodSettings& settings, const PodRequest& request) {
  if (!request.image.empty()) return request.image;
  std::string image = settings.image;
  return replaced(std::move(image), "{python}", request.dag->python_version);
}

void add_image(const PodSettings& settings, const PodRequest& request, json::object& container) {
  container["image"] = image_of(settings, request);
  std::string policy = settings.image_pull_policy;
  if (auto* own = execution(request, "image_pull_policy")) policy = own->as_string();
  if (!policy.empty()) container["imagePullPolicy"] = policy;
}

json::array command_of(const PodSettings& settings) {
  if (!settings.agent_image.empty()) return {kAgent, "pod"};
  return {"python3", "-I", "-c", kPodStart};
}

// Only where an image brings the agent.
json::object init_container(const PodSettings& settings, const PodRequest& request) {
  json::object out{{"name", kInitContainer},
                   {"securityContext", locked_down()},
                   {"terminationMessagePolicy", "FallbackToLogsOnError"},
                   {"volumeMounts", json::array{mount("leoflow", kHome)}}};
  // A quota counts the larger of the two, and one that wants limits wants them of both.
  json::object resources = resources_of(request);
  resources.erase("claims");
  if (!resources.empty()) out["resources"] = std::move(resources);
  out["image"] = settings.agent_image;
  out["command"] = json::array{"/leoflow-agent", "copy", kAgent};
  return out;
}

bool shares_cache(const PodSettings& settings) {
  return !settings.cache_host_path.empty() || !settings.cache_claim.empty();
}

json::array variables_of(const PodSettings& settings, const PodRequest& request) {
  json::array env{variable(pod::kServer, settings.server),
                  variable(pod::kPlace, request.place),
                  variable(pod::kImage, image_of(settings, request)),
                  variable(pod::kTokenFile, std::string(kTokenFolder) + "/token"),
                  variable(pod::kGrace, std::to_string(grace_of(request))),
                  variable("HOME", "/tmp"),
                  from_field(pod::kPodName, "metadata.name"),
                  from_field(pod::kNamespace, "metadata.namespace"),
                  from_field(pod::kPodUid, "metadata.uid"),
                  variable(pod::kCa, settings.server_ca)};
  if (settings.agent_image.empty()) {
    env.push_back(variable("LEOFLOW_AGENT_URL", settings.agent_url));
    env.push_back(variable("LEOFLOW_AGENT_SHA256", settings.agent_sha256));
    env.push_back(variable("LEOFLOW_AGENT_PATH", kAgent));
  }
  if (shares_cache(settings)) env.push_back(variable(pod::kCache, kCacheFolder));
  return env;
}

json::object task_container(const PodSettings& settings, const PodRequest& request) {
  json::object out{{"name", kTaskContainer},
                   {"command", command_of(settings)},
                   {"env", variables_of(settings, request)},
                   {"securityContext", locked_down()}};
  add_image(settings, request, out);
  json::array mounts{mount("leoflow", kHome), mount("tmp", "/tmp"),
                     mount("token", kTokenFolder, true)};
  if (!request.volume.empty()) mounts.push_back(mount("staging", pod::kStagingPath));
  if (shares_cache(settings)) mounts.push_back(mount("cache", kCacheFolder));
  out["volumeMounts"] = std::move(mounts);
  json::object resources = resources_of(request);
  if (!resources.empty()) out["resources"] = std::move(resources);
  return out;
}

// By which the pod proves who it is.
json::object token_volume(const PodSettings& settings, const PodRequest& request) {
  if (!settings.place_key.empty()) {
    json::object secret{{"secretName", request.secret}};
    return {{"name", "token"}, {"secret", std::move(secret)}};
  }
  json::object token{
      {"path", "token"}, {"audience", settings.audience}, {"expirationSeconds", kTokenSeconds}};
  json::array sources{json::object{{"serviceAccountToken", std::move(token)}}};
  json::object projected{{"sources", std::move(sources)}};
  return {{"name", "token"}, {"projected", std::move(projected)}};
}

json::object claim_volume(const char* name, const std::string& claim) {
  return {{"name", name}, {"persistentVolumeClaim", json::object{{"claimName", claim}}}};
}

json::array volumes_of(const PodSettings& settings, const PodRequest& request) {
  json::array volumes{json::object{{"name", "leoflow"}, {"emptyDir", json::object{}}},
                      json::object{{"name", "tmp"}, {"emptyDir", json::object{}}},
                      token_volume(settings, request)};
  if (!request.volume.empty()) {
    volumes.push_back(claim_volume("staging", claim_name(settings.instance, request.volume)));
  }
  if (!settings.cache_host_path.empty()) {
    json::object path{{"path", settings.cache_host_path}, {"type", "DirectoryOrCreate"}};
    volumes.push_back(json::object{{"name", "cache"}, {"hostPath", std::move(path)}});
  }
  if (!settings.cache_claim.empty()) volumes.push_back(claim_volume("cache", settings.cache_claim));
  return volumes;
}

// A volume that one node can mount: the run's pods of one moment stand on the same node.
void pin_to_volume(const PodSettings& settings, const PodRequest& request, json::object& spec) {
  if (request.volume.empty() || settings.staging_access != "ReadWriteOnce") return;
  json::object labels{{kInstanceLabel, settings.instance}, {kVolumeLabel, request.volume}};
  json::object term{{"labelSelector", json::object{{"matchLabels", std::move(labels)}}},
                    {"topologyKey", "kubernetes.io/hostname"}};
  json::object required{
      {"requiredDuringSchedulingIgnoredDuringExecution", json::array{std::move(term)}}};
  json::object affinity{{"podAffinity", std::move(required)}};
  merge_pod(spec, {{"affinity", std::move(affinity)}});
}

void add_execution(const PodRequest& request, json::object& spec) {
  constexpr std::pair<const char*, const char*> kFields[] = {
      {"node_selector", "nodeSelector"},
      {"tolerations", "tolerations"},
      {"priority_class_name", "priorityClassName"},
      {"runtime_class_name", "runtimeClassName"},
      {"topology_spread_constraints", "topologySpreadConstraints"},
      {"affinity", "affinity"},
      {"resource_claims", "resourceClaims"},
      {"service_account", "serviceAccountName"},
  };
  for (auto [key, field] : kFields) {
    if (auto* value = execution(request, key)) spec[field] = *value;
  }
}

std::optional<int64_t> deadline_of(const TaskSpec* task, Duration age) {
  if (!task || !task->execution_timeout) return std::nullopt;
  auto limit = *task->execution_timeout + Duration(kDeadlineSpare) + age;
  return std::chrono::ceil<std::chrono::seconds>(limit).count();
}

json::object spec_of(const PodSettings& settings, const PodRequest& request) {
  json::object user{{"runAsUser", settings.run_as_user},
                    {"runAsGroup", settings.run_as_user},
                    {"fsGroup", settings.run_as_user},
                    {"fsGroupChangePolicy", "OnRootMismatch"},
                    {"seccompProfile", json::object{{"type", "RuntimeDefault"}}}};
  user["runAsNonRoot"] = settings.run_as_user != 0;
  json::object spec{{"restartPolicy", "Never"},
                    {"automountServiceAccountToken", false},
                    {"enableServiceLinks", false},
                    {"terminationGracePeriodSeconds", grace_of(request)},
                    {"securityContext", std::move(user)},
                    {"containers", json::array{task_container(settings, request)}},
                    {"volumes", volumes_of(settings, request)}};
  if (!settings.place_key.empty())
    spec["schedulingGates"] = json::array{json::object{{"name", kSecretGate}}};
  if (!settings.agent_image.empty())
    spec["initContainers"] = json::array{init_container(settings, request)};
  if (!settings.service_account.empty()) spec["serviceAccountName"] = settings.service_account;
  add_execution(request, spec);
  pin_to_volume(settings, request, spec);
  // A pod that was started ahead holds for as long as its upstreams take.
  if (auto deadline = deadline_of(request.task, Duration(0)); request.attempt && deadline)
    spec["activeDeadlineSeconds"] = *deadline;
  return spec;
}

bool named(const json::array& list) {
  return !list.empty() && std::ranges::all_of(list, [](const json::value& item) {
    return item.is_object() && item.as_object().contains("name");
  });
}

void merge_list(json::array& into, const json::array& over) {
  bool by_name = named(over) && (into.empty() || named(into));
  for (const json::value& item : over) {
    json::value* same = nullptr;
    for (json::value& one : into) {
      if (by_name && one.as_object().at("name") == item.as_object().at("name")) same = &one;
    }
    if (same) {
      merge_pod(same->as_object(), item.as_object());
    } else {
      into.push_back(item);
    }
  }
}

}  // namespace

std::string place_of(AttemptId attempt) { return "a" + std::to_string(attempt.value); }

std::string place_ahead_of(TaskInstanceKey task_instance, int try_number) {
  return "t" + std::to_string(task_instance.value) + "-" + std::to_string(try_number);
}

std::string pod_name(const std::string& instance, const std::string& place) {
  return "leoflow-" + instance + "-" + place;
}

std::string claim_name(const std::string& instance, const std::string& volume) {
  return "leoflow-" + instance + "-" + volume;
}

std::string label_value(std::string_view text) {
  constexpr size_t kLabelBytesMax = 63;
  auto plain = [](char c) { return isalnum(static_cast<unsigned char>(c)) != 0; };
  std::string out;
  for (char c : text.substr(0, kLabelBytesMax))
    out += plain(c) || c == '-' || c == '_' || c == '.' ? c : '-';
  while (!out.empty() && !plain(out.back())) out.pop_back();
  while (!out.empty() && !plain(out.front())) out.erase(0, 1);
  return out;
}

void merge_pod(json::object& into, const json::object& over) {
  for (const auto& [key, value] : over) {
    json::value& at = into[key];
    if (value.is_object() && at.is_object()) {
      merge_pod(at.as_object(), value.as_object());
    } else if (value.is_array() && at.is_array()) {
      merge_list(at.as_array(), value.as_array());
    } else {
      at = value;
    }
  }
}

json::object bind_pod(AttemptId attempt, const TaskSpec* task, Duration age) {
  json::object labels{{kAttemptLabel, std::to_string(attempt.value)}};
  json::object patch{{"metadata", json::object{{"labels", std::move(labels)}}}};
  if (auto deadline = deadline_of(task, age))
    patch["spec"] = json::object{{"activeDeadlineSeconds", *deadline}};
  return patch;
}

json::object make_pod_secret(const PodSettings& settings, const std::string& place,
                             const std::string& secret, const std::string& pod_uid) {
  json::object owner{{"apiVersion", "v1"},
                     {"kind", "Pod"},
                     {"name", pod_name(settings.instance, place)},
                     {"uid", pod_uid}};
  json::object labels{
      {kManagedBy, "leoflow"}, {kInstanceLabel, settings.instance}, {kPlaceLabel, place}};
  json::object metadata{{"name", secret},
                        {"labels", std::move(labels)},
                        {"ownerReferences", json::array{std::move(owner)}}};
  json::object text{{"token", make_place_token(settings.place_key, place, pod_uid)}};
  return {{"apiVersion", "v1"},         {"kind", "Secret"},  {"metadata", std::move(metadata)},
          {"type", "leoflow.io/place"}, {"immutable", true}, {"stringData", std::move(text)}};
}

json::object open_pod() { return {{"spec", json::object{{"schedulingGates", nullptr}}}}; }

Result<json::object> make_pod(const PodSettings& settings, const PodRequest& request) {
  if (auto ok = allowed(settings.policy, request); !ok) return fail(ok);
  json::object pod{{"apiVersion", "v1"},
                   {"kind", "Pod"},
                   {"metadata", metadata_wished(request)},
                   {"spec", spec_of(settings, request)}};
  merge_pod(pod, settings.pod_template);
  // What the executor lives by is not the template's.
  json::object fixed{{"restartPolicy", "Never"}};
  merge_pod(pod, {{"metadata", metadata_of(settings, request)}, {"spec", std::move(fixed)}});
  for (json::value& container : pod["spec"].as_object()["containers"].as_array()) {
    if (json::string_or(container.as_object(), "name") == kTaskContainer)
      container.as_object()["command"] = command_of(settings);
  }
  return pod;
}

}  // namespace leoflow::kube
