// SPDX-License-Identifier: Apache-2.0
// What the agent keeps on disk per attempt, under home/agent/attempts/<id>/: state.json (how to
// find its processes), xcoms.jsonl (the journal of pushes), outcome.json, log.jsonl. Outcome and
// journal survive loss of power once their call returned; the rest survives the end of the agent.
// One agent at a time (the lock of the home).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "model/ids.h"

namespace leoflow {

struct JournaledXCom {
  int64_t sequence = 0;  // from 1
  std::string key;
  std::string value_json;  // empty when spilled
  std::string spill_path;
  int64_t size_bytes = 0;
  int map_index = kUnmapped;
};

struct FinishedRecord {
  std::string kind;  // succeeded, failed, skipped, lost, cancelled
  bool retryable = true;
  std::string reason;
  int64_t exit_code = 0;
  int64_t started_at_us = 0;  // 0 = user code never began
  int64_t ended_at_us = 0;
  std::string rendered_fields;
};

struct ProcessRecord {
  int64_t pid = 0;
  int64_t pid_start = 0;  // field 22 of /proc/<pid>/stat: tells a recycled pid
  int64_t started_at_us = 0;
  bool acknowledged = false;  // its outcome is with the server; only log bytes are missing there
  std::vector<std::string> cgroups;
};

struct StoredAttempt {
  AttemptId id;
  ProcessRecord process;
  std::optional<FinishedRecord> finished;
  std::vector<JournaledXCom> xcoms;
  uint64_t log_bytes = 0;
};

class AttemptStore {
 public:
  // Creates home_agent/attempts.
  static Result<AttemptStore> open(const fs::path& home_agent);

  // Everything kept, oldest first. Damaged or half-written records count as missing (only
  // unacknowledged writes can be).
  std::vector<StoredAttempt> load() const;

  Status create(AttemptId attempt);
  Status save_process(AttemptId attempt, const ProcessRecord& record);
  Status save_outcome(AttemptId attempt, const FinishedRecord& record);
  Status append_xcom(AttemptId attempt, const JournaledXCom& xcom);
  void forget(AttemptId attempt);

  // The installation whose attempts these are; empty when none was met yet.
  std::string instance_id() const;
  Status set_instance_id(const std::string& instance_id);

  fs::path folder(AttemptId attempt) const {
    return root_ / "attempts" / std::to_string(attempt.value);
  }
  fs::path log_path(AttemptId attempt) const { return folder(attempt) / "log.jsonl"; }

 private:
  explicit AttemptStore(fs::path root) : root_(std::move(root)) {}
  fs::path root_;
};

}  // namespace leoflow
