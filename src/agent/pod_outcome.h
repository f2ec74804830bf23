// SPDX-License-Identifier: Apache-2.0
// Keeps the termination message true: the outcome of the pod's attempt is in it before the server
// hears of it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/agent_core.h"
#include "base/file.h"
#include "model/pod_contract.h"
#include "model/termination_record.h"

namespace leoflow {

// Loop's thread only.
class PodOutcome : public OutcomeWitness {
 public:
  // `message` is the file that the kubelet reads, also after loss of power: an outcome is synced
  // there before it is reported, and nowhere else, as all else goes with the pod. `ended` is called
  // when no process of the attempt is left.
  PodOutcome(fs::path message, std::function<void()> ended)
      : message_(std::move(message)), ended_(std::move(ended)) {}

  Status on_outcome(AttemptId attempt, const FinishedRecord& outcome,
                    const std::map<int64_t, JournaledXCom>& unacknowledged) override;
  void on_acknowledged(AttemptId attempt) override;
  void on_refused(AttemptId attempt, const std::string& reason) override;
  void on_ended(AttemptId attempt) override;

  // The pod ends without having had an attempt, or before its outcome is known.
  void give_up(AttemptId attempt, const std::string& reason, Time now);

  bool refused() const { return refused_; }
  pod::Exit exit() const;

 private:
  Status write(bool sync);
  void write_unsynced();

  fs::path message_;
  std::function<void()> ended_;
  std::optional<TerminationRecord> record_;
  bool refused_ = false;
};

}  // namespace leoflow
