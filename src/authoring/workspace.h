// SPDX-License-Identifier: Apache-2.0
// A live workspace: finds its DAG files, compiles what changed, registers the result, and does so
// again at each save.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/guarded.h"
#include "async/loop.h"
#include "authoring/compiler.h"
#include "authoring/discovery.h"
#include "authoring/registrar.h"
#include "authoring/watcher.h"

namespace leoflow {

constexpr int kCompilesMax = 2;
constexpr size_t kProgressLinesMax = 200;  // kept per file
// After an error of the store or a file that changed under our hands.
constexpr Duration kWorkspaceRetryDelay = std::chrono::seconds(1);

enum class FileState { waiting, compiling, building_environment, ready, failed };
std::string_view to_string(FileState state);

// How one DAG file stands, for the API and the command line.
struct FileStatus {
  std::string filename;  // relative to the workspace
  FileState state = FileState::waiting;
  std::vector<std::string> dag_ids;  // of the last good compilation
  std::string error;                 // of the last compilation; empty = none
  std::vector<std::string> warnings;
  std::vector<std::string> progress;  // last lines of the environment build
  Duration took{0};
};

struct WorkspaceOptions {
  fs::path folder;
  int compiles_max = kCompilesMax;  // beside one environment build at a time
  bool watch = true;                // false: only rescan() looks
  WatcherOptions watcher;
  RegistrarOptions registrar;
};

// Called on the workspace's thread; must return soon and not call stop().
struct WorkspaceCallbacks {
  std::function<void(const std::string& dag_id)> on_dag_changed = {};
  // An import error came, changed or went.
  std::function<void()> on_import_errors_changed = {};
  // Nothing is left to compile: after the first scan and after each burst of changes.
  std::function<void()> on_settled = {};
};

// Owned by main. start(), stop(), rescan() and status() from any thread; everything else happens on
// its own threads: one that decides and writes to the store, compiles_max that compile, one that
// builds environments.
class Workspace {
 public:
  Workspace(WorkspaceOptions options, Compiler& compiler, DagStore& dags, ImportErrorStore& errors,
            const Clock& clock, WorkspaceCallbacks callbacks);
  ~Workspace();  // stops
  Workspace(const Workspace&) = delete;

  // Reads what the store knows, then returns; the first scan goes on in the background. Once.
  Status start();
  // Ends running compilations and builds, then the threads. Idempotent.
  void stop();
  // Looks again and compiles every file, changed or not.
  void rescan();
  std::vector<FileStatus> status() const;
  // How the folder was found last. Problems: limits reached, unreadable folders, watching by timer,
  // a folder that is not there.
  struct Look {
    std::optional<Time> at;  // when it was last seen as a whole
    std::vector<std::string> problems;
  };
  Look last_look() const;
  bool watches() const { return options_.watch; }

 private:
  struct Entry;
  struct FlatSnapshot;
  struct Worker;
  using Statuses = std::map<std::string, FileStatus>;

  void scan(bool all);
  void scan_later();
  static int64_t fingerprint(const Entry& entry, const FlatSnapshot& flat);
  void take_flat_snapshot(const Discovery& found);
  void drop_entries(const Discovery& found);
  void report_broken(const Discovery& found);
  void enqueue(Entry& entry);
  void pump();
  void run(Worker& worker, const std::string& filename, bool build);
  void finished(Worker& worker, const std::shared_ptr<Fd>& cancel, const CompiledFile& compiled);
  void apply(Entry& entry, const CompiledFile& compiled);
  void retry_waiting();
  void tell(const Result<ChangedDags>& changed, const std::string& filename);
  void show(const std::string& filename, const std::function<void(FileStatus&)>& change);
  void cancel(Entry& entry);
  void finish_on_thread();

  WorkspaceOptions options_;
  Compiler& compiler_;
  const Clock& clock_;
  WorkspaceCallbacks callbacks_;
  Registrar registrar_;
  Discoverer discoverer_;
  Guarded<Statuses> statuses_;
  Guarded<Look> look_;
  std::atomic<bool> stopping_ = false;
  bool started_ = false, stopped_ = false;

  // The rest: on the workspace's thread only.
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::deque<std::string> queue_, build_queue_;
  std::shared_ptr<const FlatSnapshot>
      flat_;  // of the last scan; entries keep the one they were queued with
  bool scanned_ = false;
  Loop::TimerId retry_timer_ = 0;
  std::unique_ptr<Watcher> watcher_;
  std::vector<std::unique_ptr<Worker>> workers_;  // the last one builds environments
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace leoflow
