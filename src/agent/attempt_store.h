// SPDX-License-Identifier: Apache-2.0
// What the agent keeps on disk under home/agent: `journal`, one line per thing that happened to an
// attempt, and `spool/`, the logs. An outcome and the XComs before it survive loss of power once
// save_outcome() returned; everything else survives the end of the agent. Both are reused instead
// of made and removed with each attempt: creating and deleting files is the dearest thing a file
// system does. One agent at a time (the lock of the home).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "model/ids.h"
#include "model/resource_use.h"

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
  ResourceUse use;
  std::string rendered_fields;
  std::string asset_events;  // JSON list; empty = none
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

constexpr uint64_t kJournalBytesMax = 4 << 20;  // then it is rewritten without forgotten attempts
constexpr size_t kSpoolsKept = 256;             // unused spool files; more are removed

class AttemptStore {
 public:
  // Creates what is missing and cuts off a line that was not written to its end. Without `syncs`
  // nothing survives loss of power: for a folder that is gone then anyway, as that of a pod.
  static Result<AttemptStore> open(const fs::path& home_agent, bool syncs = true);

  // Everything kept, oldest first. Damaged lines count as missing.
  Result<std::vector<StoredAttempt>> load() const;

  // The rest fails without a trace when the disk is full. Requires: create() before the others.
  Status create(AttemptId attempt);
  Status save_process(AttemptId attempt, const ProcessRecord& record);
  Status save_outcome(AttemptId attempt, const FinishedRecord& record);
  Status append_xcom(AttemptId attempt, const JournaledXCom& xcom);
  void forget(AttemptId attempt);

  // The installation whose attempts these are; empty when none was met yet.
  std::string instance_id() const;
  Status set_instance_id(const std::string& instance_id);

  // The attempt's log, for LogSpool and read_spool. Requires: created and not forgotten.
  fs::path log_path(AttemptId attempt) const;

 private:
  AttemptStore(fs::path root, bool syncs) : root_(std::move(root)), syncs_(syncs) {}
  fs::path journal_path() const { return root_ / "journal"; }
  fs::path spool_path(int number) const;
  Status open_journal();
  void find_spools();
  Status append(const std::string& line);
  void release_spool(int number);
  void shrink();
  Status rewrite();

  fs::path root_;
  bool syncs_;
  Fd journal_;
  uint64_t journal_bytes_ = 0;
  uint64_t shrink_at_ = kJournalBytesMax;
  std::map<AttemptId, int> spools_;  // of the attempts not forgotten
  std::vector<int> unused_spools_;
  int next_spool_ = 0;
};

}  // namespace leoflow
