// SPDX-License-Identifier: Apache-2.0
// Task logs on disk: one file of JSON lines per attempt, written by offset as agents stream it,
// read by the API.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/guarded.h"
#include "async/loop.h"
#include "base/error.h"
#include "base/file.h"
#include "model/entities.h"
#include "rpc/log_sink.h"
#include "rpc/log_tails.h"
#include "store/store.h"

namespace leoflow {

// A chunk so large is of a log that streams: its agent waits for word of it (kLogWindowBytes).
constexpr size_t kLogBytesSyncedSoon = 64 * 1024;

// How long appended bytes wait for company before they are synced.
struct LogSyncDelays {
  Duration growing = std::chrono::milliseconds(250);
  Duration ended = std::chrono::milliseconds(2);  // from the log's end or a large chunk on
};

// Any thread. The store outlives it. What it remembers of attempts is bounded, none of it has to be
// released.
class RunLogs : public LogSink {
 public:
  static constexpr size_t kPathsMax = 4096;  // cached; past it all are dropped and looked up again

  RunLogs(fs::path root, Store& store, LogSyncDelays delays = {})
      : root_(std::move(root)), store_(store), delays_(delays) {}

  // root/dag_id=D/run_id=R/task_id=T[,map_index=N],attempt=TRY.ATTEMPT.log; DAG callbacks:
  // task_id=_callback. Long task ids are cut: the attempt alone makes the name unique.
  fs::path path_of(const TaskInstanceName& name, int try_number, AttemptId attempt) const;

  // Bytes stored of an attempt's log; 0 when there is none.
  Result<uint64_t> size(AttemptId attempt);
  // Unknown attempts (run deleted) are `not_found`.
  Result<uint64_t> append(AttemptId attempt, uint64_t offset, std::string_view bytes) override;
  // Synced after the delay of a log that grows, or that of one that has ended, whichever is first.
  void sync(AttemptId attempt, std::function<void(Result<uint64_t>)> done) override;
  uint64_t stored(AttemptId attempt) override;
  void log_begun(AttemptId attempt, uint64_t stored) override { tails_.begun(attempt, stored); }
  void log_ended(AttemptId attempt, uint64_t bytes) override;
  // Whether all of a settled attempt's log is here, as far as agents have said; see LogTails.
  bool complete(AttemptId attempt);
  // Calls `grown` from any thread after the log of an attempt has grown or got its end, until the
  // token is destroyed (which may outlive this).
  std::shared_ptr<void> watch(AttemptId attempt, std::function<void()> grown);
  // Removes the log of an attempt of a task.
  void remove(const TaskInstanceName& name, int try_number, AttemptId attempt);
  // Removes all logs of a run.
  void remove_run(const std::string& dag_id, const std::string& run_id);

  // What is remembered, for tests.
  size_t cached_paths() const;
  size_t watchers() const;

 private:
  using SyncDone = std::function<void(Result<uint64_t>)>;
  using Watcher = std::function<void()>;
  using Watchers = std::multimap<AttemptId, std::weak_ptr<Watcher>>;  // of tokens that live
  struct Shared {
    std::map<AttemptId, fs::path> paths;
    std::map<AttemptId, SyncDone> unsynced;
    std::set<AttemptId> soon;  // of these: ended, or grown by much
    bool sync_planned = false, soon_sync_planned = false;
  };
  void plan_sync(bool Shared::* planned, Duration delay);
  void sync_all();
  void sync_soon();
  Result<uint64_t> sync_one(AttemptId attempt);
  Result<fs::path> locate(AttemptId attempt);
  void wake_watchers(AttemptId attempt);

  fs::path root_;
  Store& store_;
  LogSyncDelays delays_;
  Guarded<Shared> shared_;
  // Shared because a token takes itself out, if this is still there.
  std::shared_ptr<Guarded<Watchers>> watchers_ = std::make_shared<Guarded<Watchers>>();
  LogTails tails_;
  LoopThread sync_thread_{"log-sync"};
};

}  // namespace leoflow
