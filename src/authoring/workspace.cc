// SPDX-License-Identifier: Apache-2.0
#include "authoring/workspace.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <future>
#include <set>

#include "base/check.h"
#include "base/log.h"

namespace leoflow {
namespace {

int64_t mix(int64_t stamp, uint64_t value) {
  return static_cast<int64_t>((static_cast<uint64_t>(stamp) ^ value) * 0x9e3779b97f4a7c15u);
}

int64_t mix_file(int64_t stamp, const fs::path& path) {
  return mix(mix(stamp, std::hash<std::string>()(path.string())),
             static_cast<uint64_t>(file_stamp(path)));
}

}  // namespace

std::string_view to_string(FileState state) {
  switch (state) {
    case FileState::waiting: return "waiting";
    case FileState::compiling: return "compiling";
    case FileState::building_environment: return "building_environment";
    case FileState::ready: return "ready";
    case FileState::failed: return "failed";
  }
  return "unknown";
}

// A file and where it is on its way. At most one compilation of it is in a queue or running.
struct Workspace::Entry {
  DagFile file;
  int64_t fingerprint = 0;
  bool busy = false;   // queued or compiling
  bool again = false;  // changed since it was taken from the queue
  bool running = false;
  bool failed = true;  // the last compilation, or none yet
  std::vector<std::string> depends_on;
  std::shared_ptr<const FlatSnapshot>
      flat;                    // of a flat file: what its last compilation began with, or older
  std::shared_ptr<Fd> cancel;  // shared with the running compilation, which may outlive the entry
};

// The helper and DAG files of the plain dags folder, as a scan saw them. Taken before anything of
// that scan is compiled, so that a change during a compilation shows as a difference afterwards.
struct Workspace::FlatSnapshot {
  std::map<std::string, int64_t> stamps;  // by name
  int64_t all = 1;                        // over all of them
  int64_t helper_names = 1;               // over the names of those that are no DAG files
};

struct Workspace::Worker {
  explicit Worker(const char* name) : thread(name) {}
  bool busy = false;
  LoopThread thread;
};

Workspace::Workspace(WorkspaceOptions options, Compiler& compiler, DagStore& dags,
                     ImportErrorStore& errors, const Clock& clock, WorkspaceCallbacks callbacks)
    : options_(std::move(options)),
      compiler_(compiler),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      registrar_(dags, errors, compiler, clock, options_.registrar),
      discoverer_(options_.folder) {}

Workspace::~Workspace() { stop(); }

Status Workspace::start() {
  CHECK(!started_);
  if (auto loaded = registrar_.load(); !loaded) return loaded;
  started_ = true;
  for (int i = 0; i < options_.compiles_max; ++i)
    workers_.push_back(std::make_unique<Worker>("compile"));
  workers_.push_back(std::make_unique<Worker>("environments"));
  thread_ = std::make_unique<LoopThread>("workspace");
  thread_->loop().post([this] {
    if (options_.watch) {
      watcher_ = std::make_unique<Watcher>(thread_->loop(), options_.watcher,
                                           [this](const FolderChanges&) { scan(false); });
    }
    scan(false);
  });
  return {};
}

void Workspace::stop() {
  if (!started_ || stopped_) return;
  stopped_ = true;
  stopping_ = true;
  auto wait_on_thread = [this](auto function) {
    std::promise<void> done;
    thread_->loop().post([&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  };
  wait_on_thread([this] {
    for (auto& [name, entry] : entries_) cancel(*entry);
  });
  for (auto& worker : workers_) worker->thread.stop_and_join();
  wait_on_thread([this] { finish_on_thread(); });
  thread_->stop_and_join();
}

void Workspace::finish_on_thread() {
  if (retry_timer_) thread_->loop().cancel(retry_timer_);
  watcher_.reset();
  entries_.clear();
}

void Workspace::rescan() {
  if (!started_ || stopped_) return;
  thread_->loop().post([this] { scan(true); });
}

std::vector<FileStatus> Workspace::status() const {
  return statuses_.with([](const Statuses& statuses) {
    std::vector<FileStatus> list;
    for (const auto& [name, status] : statuses) list.push_back(status);
    return list;
  });
}

Workspace::Look Workspace::last_look() const {
  return look_.with([](const Look& look) { return look; });
}

void Workspace::show(const std::string& filename, const std::function<void(FileStatus&)>& change) {
  statuses_.with([&](Statuses& statuses) {
    FileStatus& status = statuses[filename];
    status.filename = filename;
    change(status);
  });
}

void Workspace::scan(bool all) {
  if (stopping_) return;
  auto found = discoverer_.run();
  if (!found) {
    // An unmounted disk must not take all DAGs away: keep what is registered and look again.
    const std::string text = found.error().text();
    look_.with([&](Look& look) { look.problems = {text}; });
    return scan_later();
  }
  if (watcher_) {
    watcher_->watch(found->folders);
    if (!watcher_->fallback_reason().empty())
      found->problems.push_back(watcher_->fallback_reason());
  }
  look_.with([&](Look& look) { look = {clock_.now(), found->problems}; });
  take_flat_snapshot(*found);
  drop_entries(*found);
  report_broken(*found);
  for (const DagFile& file : found->files) {
    auto& entry = entries_[file.name];
    if (!entry) entry = std::make_unique<Entry>();
    const bool moved = !(entry->file == file);
    entry->file = file;
    const int64_t stamp = fingerprint(*entry, *flat_);
    if (!all && !moved && stamp == entry->fingerprint) continue;
    entry->fingerprint = stamp;
    entry->flat = flat_;
    enqueue(*entry);
  }
  retry_waiting();
  scanned_ = true;
  pump();
}

void Workspace::scan_later() {
  if (retry_timer_ || stopping_) return;
  retry_timer_ = thread_->loop().after(kWorkspaceRetryDelay, [this] {
    retry_timer_ = 0;
    scan(false);
  });
}

// Changes when the file must be compiled again.
int64_t Workspace::fingerprint(const Entry& entry, const FlatSnapshot& flat) {
  if (!entry.file.flat) {
    int64_t stamp = mix_file(1, entry.file.path);
    const auto files = bundle_files(entry.file, nullptr);
    if (!files) return stamp;
    for (const std::string& name : *files) stamp = mix_file(stamp, entry.file.project / name);
    return stamp;
  }
  // A new helper may be what a file has been waiting for.
  int64_t stamp = mix(1, static_cast<uint64_t>(flat.helper_names));
  if (entry.failed) return mix(stamp, static_cast<uint64_t>(flat.all));
  auto add = [&](const std::string& name) {
    const auto known = flat.stamps.find(name);
    stamp = mix(stamp, known == flat.stamps.end() ? 0 : static_cast<uint64_t>(known->second));
  };
  add(entry.file.name);
  if (!entry.file.yaml.empty())
    add(entry.file.yaml.lexically_relative(entry.file.project).generic_string());
  for (const std::string& name : entry.depends_on) add(name);
  return stamp;
}

void Workspace::take_flat_snapshot(const Discovery& found) {
  auto snapshot = std::make_shared<FlatSnapshot>();
  std::set<std::string> dag_files;
  for (const DagFile& file : found.files) {
    if (file.flat) dag_files.insert(file.name);
  }
  const DagFile any{.name = {}, .path = {}, .project = discoverer_.workspace(), .flat = true};
  const auto files =
      dag_files.empty() ? SourceFiles() : bundle_files(any, nullptr).value_or(SourceFiles());
  for (const std::string& name : files) {
    const int64_t stamp = file_stamp(any.project / name);
    snapshot->stamps[name] = stamp;
    snapshot->all =
        mix(mix(snapshot->all, std::hash<std::string>()(name)), static_cast<uint64_t>(stamp));
    if (!dag_files.contains(name))
      snapshot->helper_names = mix(snapshot->helper_names, std::hash<std::string>()(name));
  }
  flat_ = std::move(snapshot);
}

void Workspace::drop_entries(const Discovery& found) {
  std::set<std::string> present;
  for (const DagFile& file : found.files) present.insert(file.name);
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (present.contains(at->first)) {
      ++at;
      continue;
    }
    cancel(*at->second);
    std::erase(queue_, at->first);
    std::erase(build_queue_, at->first);
    at = entries_.erase(at);
  }
  for (const auto& [name, why] : found.broken) present.insert(name);
  statuses_.with([&](Statuses& statuses) {
    std::erase_if(statuses, [&](const auto& item) { return !present.contains(item.first); });
  });
  tell(registrar_.retain(present), "");
}

void Workspace::report_broken(const Discovery& found) {
  for (const auto& [name, why] : found.broken) {
    const CompileFailure failure{.message = why, .hint = "add dag.py, or remove leoflow.yaml"};
    if (auto put = registrar_.report(name, failure); !put) tell(fail(put), name);
    show(name, [&, text = import_error_text(failure, name)](FileStatus& status) {
      status.state = FileState::failed;
      status.error = text;
    });
  }
  tell(ChangedDags{}, "");
}

void Workspace::enqueue(Entry& entry) {
  const std::string& name = entry.file.name;
  if (entry.running) {
    entry.again = true;
    cancel(entry);  // what it compiles is out of date
    return;
  }
  std::erase(build_queue_, name);
  if (std::ranges::find(queue_, name) == queue_.end()) queue_.push_back(name);
  entry.busy = true;
  show(name, [](FileStatus& status) { status.state = FileState::waiting; });
}

void Workspace::cancel(Entry& entry) {
  if (entry.cancel) eventfd_write(entry.cancel->get(), 1);
}

void Workspace::pump() {
  if (stopping_) return;
  for (auto& worker : workers_) {
    const bool builder = worker == workers_.back();
    std::deque<std::string>& queue = builder ? build_queue_ : queue_;
    if (worker->busy || queue.empty()) continue;
    const std::string name = std::move(queue.front());
    queue.pop_front();
    run(*worker, name, builder);
  }
  const bool quiet =
      std::ranges::none_of(entries_, [](const auto& item) { return item.second->busy; });
  if (quiet && scanned_ && callbacks_.on_settled) callbacks_.on_settled();
}

void Workspace::run(Worker& worker, const std::string& filename, bool build) {
  Entry& entry = *entries_.at(filename);
  worker.busy = true;
  entry.running = true;
  entry.cancel = std::make_shared<Fd>(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  show(filename, [&](FileStatus& status) {
    status.state = build ? FileState::building_environment : FileState::compiling;
    status.progress.clear();
  });
  worker.thread.loop().post([this, &worker, file = entry.file, cancel = entry.cancel, build] {
    CompileOptions options;
    options.build_environments = build;
    options.cancel_fd = cancel->get();
    options.on_progress = [this, name = file.name](std::string_view line) {
      show(name, [&](FileStatus& status) {
        if (status.progress.size() >= kProgressLinesMax)
          status.progress.erase(status.progress.begin());
        status.progress.emplace_back(line);
      });
    };
    CompiledFile compiled = compiler_.compile(file, options);
    thread_->loop().post([this, &worker, cancel, compiled = std::move(compiled)] {
      finished(worker, cancel, compiled);
    });
  });
}

void Workspace::finished(Worker& worker, const std::shared_ptr<Fd>& cancel,
                         const CompiledFile& compiled) {
  worker.busy = false;
  if (stopping_) return;
  const auto found = entries_.find(compiled.file.name);
  // An entry that went and came back is a new one; the old compilation does not speak for it.
  if (found != entries_.end() && found->second->cancel == cancel) {
    Entry& entry = *found->second;
    entry.running = entry.busy = false;
    entry.cancel.reset();
    if (std::exchange(entry.again, false)) {
      enqueue(entry);
    } else if (compiled.needs_environment) {
      entry.busy = true;
      build_queue_.push_back(compiled.file.name);
      show(compiled.file.name,
           [](FileStatus& status) { status.state = FileState::building_environment; });
    } else {
      apply(entry, compiled);
    }
  }
  pump();
}

void Workspace::apply(Entry& entry, const CompiledFile& compiled) {
  entry.failed = compiled.failure.has_value();
  entry.depends_on = compiled.depends_on;
  // What a flat file depends on is known only now; how that looked, from before the compilation.
  if (compiled.file.flat) entry.fingerprint = fingerprint(entry, *entry.flat);
  const std::string& filename = compiled.file.name;
  show(filename, [&](FileStatus& status) {
    status.state = compiled.failure ? FileState::failed : FileState::ready;
    status.error = compiled.failure ? import_error_text(*compiled.failure, filename) : "";
    status.took = compiled.took;
    if (compiled.failure) return;
    status.dag_ids.clear();
    status.warnings.clear();
    for (const CompiledDag& dag : compiled.dags) {
      status.dag_ids.push_back(dag.spec.dag_id);
      status.warnings.insert(status.warnings.end(), dag.spec.warnings.begin(),
                             dag.spec.warnings.end());
    }
  });
  const auto changed = registrar_.apply(compiled);
  if (!changed) {
    entry.fingerprint = 0;  // compiled again by the next scan
    scan_later();
  }
  tell(changed, filename);
  retry_waiting();
}

void Workspace::retry_waiting() {
  for (const std::string& filename : registrar_.take_retries()) {
    const auto entry = entries_.find(filename);
    if (entry != entries_.end()) enqueue(*entry->second);
  }
}

void Workspace::tell(const Result<ChangedDags>& changed, const std::string& filename) {
  if (registrar_.take_errors_changed() && callbacks_.on_import_errors_changed)
    callbacks_.on_import_errors_changed();
  if (!changed) {
    log::error("cannot register a DAG file",
               {{"file", filename}, {"error", changed.error().message()}});
    return scan_later();
  }
  if (!callbacks_.on_dag_changed) return;
  for (const std::string& dag_id : *changed) callbacks_.on_dag_changed(dag_id);
}

}  // namespace leoflow
