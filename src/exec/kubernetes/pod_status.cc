// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pod_status.h"

#include <array>
#include <charconv>

#include "exec/kubernetes/pod_spec.h"

namespace leoflow::kube {
namespace {

constexpr std::array<std::string_view, 16> kCauses{
    "none",        "unschedulable", "image_pull", "image_name", "container_config",
    "start_error", "init_failed",   "oom_killed", "node_oom",   "storage_limit",
    "evicted",     "preempted",     "node_lost",  "deleted",    "deadline",
    "agent_died"};
constexpr size_t kReasonBytesMax = 500;
const json::object kNothing;

const json::object& object_in(const json::object& from, std::string_view key) {
  auto* found = json::object_or_null(from, key);
  return found ? *found : kNothing;
}

template <typename Take>
void each(const json::object& from, std::string_view key, Take take) {
  auto* list = json::array_or_null(from, key);
  if (!list) return;
  for (const auto& item : *list) {
    if (item.is_object()) take(item.as_object());
  }
}

std::string cut(std::string text) {
  while (!text.empty() && isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  if (text.size() > kReasonBytesMax) text = text.substr(0, kReasonBytesMax) + "...";
  return text;
}

void set(PodVerdict& verdict, PodCause cause, std::string reason, bool hopeless = false) {
  verdict.cause = cause;
  verdict.reason = cut(std::move(reason));
  verdict.hopeless = hopeless;
}

std::optional<Time> time_in(const json::object& from, std::string_view key) {
  auto time = parse_time(json::string_or(from, key));
  return time ? std::optional(*time) : std::nullopt;
}

// What runtimes tell in words only.
std::string_view meaning_of(std::string_view pull_error) {
  struct Meaning {
    std::string_view said, means;
  };
  constexpr Meaning kMeanings[]{
      {"not found", "the registry has no such image"},
      {"manifest unknown", "the registry has no such image"},
      {"401 Unauthorized", "the registry wants a login (imagePullSecrets)"},
      {"403 Forbidden", "the registry wants a login (imagePullSecrets)"},
      {"authorization failed", "the registry wants a login (imagePullSecrets)"},
      {"unauthorized", "the registry wants a login (imagePullSecrets)"},
      {"access to the resource is denied", "the registry wants a login (imagePullSecrets)"},
      {"HTTP response to HTTPS client", "the registry speaks plain HTTP, the node does not"},
      {"x509:", "the node does not trust the registry"},
      {"dial tcp", "the registry does not answer"},
      {"i/o timeout", "the registry does not answer"},
      {"toomanyrequests", "the registry takes no more requests for now"},
      {"no space left on device", "the node's disk is full"}};
  for (const Meaning& each : kMeanings) {
    if (pull_error.contains(each.said)) return each.means;
  }
  return {};
}

// Each layer of a runtime puts the image's name before what the next one said, and only the last
// one says why. That also makes one text of an error and of the pause after it.
std::string pull_reason(const std::string& image, std::string_view text) {
  const std::string quoted = "\"" + image + "\": ", plain = image + ": ";
  if (const auto at = text.rfind(quoted); at != std::string_view::npos)
    text.remove_prefix(at + quoted.size());
  if (text.starts_with(plain)) text.remove_prefix(plain.size());
  const std::string begin = "image " + image + " cannot be pulled: ";
  const std::string_view meaning = meaning_of(text);
  if (meaning.empty()) return begin + std::string(text);
  return begin + std::string(meaning) + ": " + std::string(text);
}

// A container that has not started.
void judge_waiting(const json::object& container, PodVerdict& verdict) {
  const json::object& waiting = object_in(object_in(container, "state"), "waiting");
  std::string reason = json::string_or(waiting, "reason");
  std::string message = json::string_or(waiting, "message");
  std::string image = json::string_or(container, "image");
  std::string text = message.empty() ? reason : message;
  if (reason == "InvalidImageName") {
    set(verdict, PodCause::image_name, "'" + image + "' is not the name of an image", true);
  } else if (reason == "ErrImagePull" || reason == "ImagePullBackOff" ||
             reason == "ErrImageNeverPull" || reason == "RegistryUnavailable" ||
             reason == "ImageInspectError" || reason == "SignatureValidationFailed") {
    set(verdict, PodCause::image_pull, pull_reason(image, text));
  } else if (reason == "CreateContainerConfigError") {
    set(verdict, PodCause::container_config, "the container's settings do not hold: " + text);
  } else if (reason == "CreateContainerError" || reason == "RunContainerError" ||
             reason == "StartError") {
    set(verdict, PodCause::start_error, "the container cannot be started: " + text);
  }
}

void judge_pending(const json::object& status, PodVerdict& verdict) {
  each(status, "conditions", [&](const json::object& condition) {
    if (json::string_or(condition, "type") != "PodScheduled") return;
    if (json::string_or(condition, "status") != "False") return;
    if (json::string_or(condition, "reason") == "SchedulingGated") return;
    std::string message = json::string_or(condition, "message");
    verdict.no_room = message.contains("Insufficient") || message.contains("Too many pods");
    set(verdict, PodCause::unschedulable, "no node takes the pod: " + message);
  });
  auto waiting = [&](const json::object& container) { judge_waiting(container, verdict); };
  each(status, "initContainerStatuses", waiting);
  each(status, "containerStatuses", waiting);
}

std::string secret_awaited(const json::object& spec) {
  bool gated = false;
  std::string name;
  each(spec, "schedulingGates", [&](const json::object& gate) {
    gated = gated || json::string_or(gate, "name") == kSecretGate;
  });
  each(spec, "volumes", [&](const json::object& volume) {
    if (json::string_or(volume, "name") == "token")
      name = json::string_or(object_in(volume, "secret"), "secretName");
  });
  return gated ? name : std::string();
}

bool has_memory_limit(const json::object& pod) {
  bool found = false;
  each(object_in(pod, "spec"), "containers", [&](const json::object& container) {
    const json::object& limits = object_in(object_in(container, "resources"), "limits");
    if (json::string_or(container, "name") == kTaskContainer && limits.contains("memory"))
      found = true;
  });
  return found;
}

std::string memory_limit(const json::object& pod) {
  std::string limit;
  each(object_in(pod, "spec"), "containers", [&](const json::object& container) {
    if (json::string_or(container, "name") == kTaskContainer)
      limit = json::string_or(object_in(object_in(container, "resources"), "limits"), "memory");
  });
  return limit;
}

// The task's container has ended: its word, or what killed it.
void judge_ended_container(const json::object& pod, const json::object& ended,
                           PodVerdict& verdict) {
  verdict.exit_code = json::int_or(ended, "exitCode");
  verdict.started_at = time_in(ended, "startedAt");
  verdict.ended_at = time_in(ended, "finishedAt");
  auto record = read_termination(json::string_or(ended, "message"));
  if (!record) verdict.record_damaged = true;
  if (record && *record) verdict.record = std::move(**record);
  std::string reason = json::string_or(ended, "reason");
  if (reason == "OOMKilled") {
    bool own = has_memory_limit(pod);
    set(verdict, own ? PodCause::oom_killed : PodCause::node_oom,
        own ? "memory limit " + memory_limit(pod) + " exceeded" : "the node ran out of memory");
  } else if (reason == "StartError" || reason == "ContainerCannotRun") {
    set(verdict, PodCause::start_error,
        "the container cannot be started: " + json::string_or(ended, "message"));
  } else if (!verdict.record) {
    set(verdict, PodCause::agent_died,
        "the agent in the pod ended with exit code " + std::to_string(verdict.exit_code) +
            " and left no word");
  }
}

void judge_init(const json::object& status, PodVerdict& verdict) {
  each(status, "initContainerStatuses", [&](const json::object& container) {
    const json::object& ended = object_in(object_in(container, "state"), "terminated");
    if (ended.empty() || json::int_or(ended, "exitCode") == 0) return;
    std::string message = json::string_or(ended, "message");
    if (message.empty()) message = "exit code " + std::to_string(json::int_or(ended, "exitCode"));
    set(verdict, PodCause::init_failed,
        "init container " + json::string_or(container, "name") + " failed: " + message);
  });
}

// What ended the pod from outside, where that is said. It explains more than exit codes do.
void judge_disruption(const json::object& status, PodVerdict& verdict) {
  std::string reason = json::string_or(status, "reason");
  std::string message = json::string_or(status, "message");
  if (reason == "Evicted") {
    bool own = message.contains("ephemeral local storage") || message.contains("EmptyDir volume");
    set(verdict, own ? PodCause::storage_limit : PodCause::evicted,
        own ? message : "the pod was evicted: " + message);
  } else if (reason == "DeadlineExceeded") {
    set(verdict, PodCause::deadline, "the pod ran longer than it may");
  } else if (reason == "NodeLost" || reason == "NodeShutdown" || reason == "Terminated") {
    set(verdict, PodCause::node_lost, "the node was lost or shut down: " + message);
  } else if (reason == "UnexpectedAdmissionError" || reason == "NodeAffinity" ||
             reason.starts_with("OutOf")) {
    set(verdict, PodCause::evicted, "the node refused the pod: " + message);
  }
  each(status, "conditions", [&](const json::object& condition) {
    if (json::string_or(condition, "type") != "DisruptionTarget" ||
        json::string_or(condition, "status") != "True" || verdict.cause == PodCause::storage_limit)
      return;
    std::string why = json::string_or(condition, "reason");
    std::string text = json::string_or(condition, "message");
    if (why == "PreemptionByScheduler") {
      set(verdict, PodCause::preempted, "a pod of higher priority took its place: " + text);
    } else if (why == "DeletionByTaintManager" || why == "DeletionByPodGC") {
      set(verdict, PodCause::node_lost, "the node was lost: " + text);
    } else {
      set(verdict, PodCause::evicted, "the pod was evicted: " + text);
    }
  });
}

OutcomeKind kind_of(const TerminationRecord& record) {
  return parse_outcome_kind(record.kind).value_or(OutcomeKind::lost);
}

bool charged_to_task(PodCause cause) {
  return cause == PodCause::oom_killed || cause == PodCause::storage_limit ||
         cause == PodCause::deadline;
}

void tell_record(const TerminationRecord& record, Outcome& outcome) {
  outcome.kind = kind_of(record);
  outcome.retryable = record.retryable;
  outcome.reason = record.reason;
  outcome.exit_code = record.exit_code;
  if (record.started_at_us > 0) outcome.started_at = from_micros(record.started_at_us);
  if (record.ended_at_us > 0) outcome.ended_at = from_micros(record.ended_at_us);
  outcome.use = record.use;
  for (const auto& value : record.xcoms) {
    XCom xcom;
    xcom.key = value.key;
    xcom.value = value.value_json;
    xcom.map_index = value.map_index;
    xcom.size_bytes = value.value_json.size();
    outcome.xcoms.push_back(std::move(xcom));
  }
  auto events = parse_asset_emissions(record.asset_events);
  if (events) outcome.asset_events = std::move(*events);
  bool whole = record.xcoms_missing == 0 && events.has_value();
  if (outcome.kind != OutcomeKind::succeeded || whole) return;
  outcome.kind = OutcomeKind::lost;
  outcome.reason = "the task succeeded, but its XComs did not reach the server";
  outcome.xcoms.clear();
  outcome.asset_events.clear();
}

}  // namespace

std::string_view to_string(PodCause cause) { return kCauses[size_t(cause)]; }

PodVerdict judge_pod(const json::object& pod) {
  PodVerdict verdict;
  const json::object& metadata = object_in(pod, "metadata");
  const json::object& status = object_in(pod, "status");
  const json::object& labels = object_in(metadata, "labels");
  verdict.uid = json::string_or(metadata, "uid");
  verdict.place = json::string_or(labels, kPlaceLabel);
  std::string attempt = json::string_or(labels, kAttemptLabel);
  std::from_chars(attempt.data(), attempt.data() + attempt.size(), verdict.attempt.value);
  std::string version = json::string_or(object_in(metadata, "annotations"), kVersionNote);
  std::from_chars(version.data(), version.data() + version.size(), verdict.version.value);
  verdict.created_at = time_in(metadata, "creationTimestamp");
  verdict.node = json::string_or(object_in(pod, "spec"), "nodeName");
  verdict.service_account = json::string_or(object_in(pod, "spec"), "serviceAccountName");
  verdict.gated_for = secret_awaited(object_in(pod, "spec"));
  verdict.deleting = !json::string_or(metadata, "deletionTimestamp").empty();
  std::string phase = json::string_or(status, "phase");
  bool ended = phase == "Succeeded" || phase == "Failed";
  verdict.phase = ended                ? PodPhase::ended
                  : phase == "Running" ? PodPhase::running
                                       : PodPhase::pending;
  if (phase == "Pending") judge_pending(status, verdict);
  each(status, "containerStatuses", [&](const json::object& container) {
    if (json::string_or(container, "name") != kTaskContainer) return;
    const json::object& state = object_in(container, "state");
    auto running = time_in(object_in(state, "running"), "startedAt");
    if (running) verdict.started_at = running;
    const json::object& over = object_in(state, "terminated");
    // A sidecar may keep the pod running: the task's container alone counts.
    if (!over.empty()) verdict.phase = PodPhase::ended;
    if (!over.empty()) judge_ended_container(pod, over, verdict);
  });
  if (verdict.phase == PodPhase::ended) {
    judge_init(status, verdict);
    judge_disruption(status, verdict);
  }
  return verdict;
}

Outcome outcome_of(const PodVerdict& verdict, AttemptId attempt, Time now) {
  Outcome outcome{.attempt = attempt, .kind = OutcomeKind::lost};
  outcome.reason = verdict.reason.empty() ? "the pod is gone" : verdict.reason;
  outcome.exit_code = verdict.exit_code;
  outcome.ended_at = verdict.ended_at.value_or(now);
  if (verdict.record && verdict.record->attempt == attempt) {
    tell_record(*verdict.record, outcome);
  } else if (verdict.record) {
    outcome.reason = verdict.record->reason.empty() ? "the pod ended without the attempt"
                                                    : verdict.record->reason;
  } else if (verdict.record_damaged) {
    outcome.reason = "the pod's termination message is damaged";
  }
  bool own_word =
      verdict.record && verdict.record->attempt == attempt && outcome.kind != OutcomeKind::lost;
  // An agent that was told to end says less than what ended it.
  if (outcome.kind == OutcomeKind::lost && verdict.record && verdict.cause != PodCause::none)
    outcome.reason = verdict.reason;
  if (!own_word && charged_to_task(verdict.cause)) {
    outcome.kind = OutcomeKind::failed;
    outcome.reason = verdict.reason;
  }
  return outcome;
}

}  // namespace leoflow::kube
