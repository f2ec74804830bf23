// SPDX-License-Identifier: Apache-2.0
// What a pod's object says about the attempt in it. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "exec/executor.h"
#include "model/termination_record.h"

namespace leoflow::kube {

enum class PodPhase { pending, running, ended };

// Why a pod waits or ended otherwise than by its agent's word.
enum class PodCause {
  none,
  unschedulable,     // no node has room, or volume, or the wanted labels
  image_pull,        // cannot be pulled at the moment
  image_name,        // is no name of an image
  container_config,  // names a secret, config map or key that is not there
  start_error,       // the container cannot be started: command, mount, runtime
  init_failed,       // the agent could not be brought in
  oom_killed,        // its own memory limit
  node_oom,          // killed for memory without a limit of its own
  storage_limit,     // evicted for exceeding its own ephemeral storage
  evicted,
  preempted,
  node_lost,
  deleted,     // by hand or by another controller
  deadline,    // activeDeadlineSeconds
  agent_died,  // the container ended and left no word
};
std::string_view to_string(PodCause cause);

struct PodVerdict {
  PodPhase phase = PodPhase::pending;
  PodCause cause = PodCause::none;
  std::string reason;     // one sentence; empty when all is as it should be
  bool hopeless = false;  // waiting for it cannot help
  bool no_room = false;   // the nodes are full
  bool deleting = false;  // its deletion was asked for
  std::string gated_for;  // name of the Secret that it waits for; empty = for none
  int64_t exit_code = 0;
  std::optional<TerminationRecord> record;
  bool record_damaged = false;
  std::optional<Time> started_at, ended_at;  // of the container
  std::string uid, node, place, service_account;
  AttemptId attempt;     // of its label; 0 = none
  DagVersionId version;  // of its annotation; 0 = none
  std::optional<Time> created_at;
};

// Never fails: what is missing or of a wrong type counts as not said.
PodVerdict judge_pod(const json::object& pod);

// How the attempt ended, by a pod that ended (or is gone). The agent's record is trusted over the
// phase; without one the user is charged only for limits of the task's own.
Outcome outcome_of(const PodVerdict& verdict, AttemptId attempt, Time now);

}  // namespace leoflow::kube
