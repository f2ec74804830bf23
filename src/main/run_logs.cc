// SPDX-License-Identifier: Apache-2.0
#include "main/run_logs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace leoflow {
namespace {

constexpr size_t kTaskIdBytesMax = 160;  // of a file name, which may have 255

// A path segment without separators; ids never hold NUL, and "." and ".." are given a leading
// underscore.
std::string segment(const std::string& id) {
  std::string text = id;
  for (char& c : text) {
    if (c == '/') c = '_';
  }
  return text == "." || text == ".." ? "_" + text : text;
}

fs::path run_folder(const fs::path& root, const std::string& dag_id, const std::string& run_id) {
  return root / ("dag_id=" + segment(dag_id)) / ("run_id=" + segment(run_id));
}

}  // namespace

fs::path RunLogs::path_of(const TaskInstanceName& name, int try_number, AttemptId attempt) const {
  std::string file =
      "task_id=" + (name.task_id.empty() ? std::string("_callback") : segment(name.task_id));
  file.resize(std::min(file.size(), kTaskIdBytesMax));
  if (name.map_index != kUnmapped) file += ",map_index=" + std::to_string(name.map_index);
  file += ",attempt=" + std::to_string(try_number) + "." + std::to_string(attempt.value) + ".log";
  return run_folder(root_, name.dag_id, name.run_id) / file;
}

Result<fs::path> RunLogs::locate(AttemptId attempt) {
  auto cached = shared_.with([&](Shared& shared) -> std::optional<fs::path> {
    auto it = shared.paths.find(attempt);
    return it == shared.paths.end() ? std::nullopt : std::optional(it->second);
  });
  if (cached) return *cached;
  auto row = store_.runs().get_attempt(attempt);
  if (!row) return fail(row);
  if (!*row)
    return fail(Code::not_found, "attempt " + std::to_string(attempt.value) + " is not known");
  auto run = store_.runs().get_run((*row)->run);
  if (!run) return fail(run);
  if (!*run)
    return fail(Code::not_found,
                "the run of attempt " + std::to_string(attempt.value) + " is gone");
  TaskInstanceName name{(*run)->dag_id, (*run)->run_id, (*row)->task_id, (*row)->map_index};
  fs::path path = path_of(name, (*row)->try_number, attempt);
  shared_.with([&](Shared& shared) {
    if (shared.paths.size() >= kPathsMax) shared.paths.clear();
    shared.paths[attempt] = path;
  });
  return path;
}

Result<uint64_t> RunLogs::size(AttemptId attempt) {
  auto path = locate(attempt);
  if (!path) return fail(path);
  struct stat info{};
  return stat(path->c_str(), &info) == 0 ? uint64_t(info.st_size) : 0;
}

uint64_t RunLogs::stored(AttemptId attempt) { return sync_one(attempt).value_or(0); }

// The agent keeps its copy until it hears that ours is durable, so that may take a moment; the
// thread that takes outcomes must not wait for the disk.
void RunLogs::sync(AttemptId attempt, SyncDone done) {
  shared_.with([&](Shared& shared) { shared.unsynced[attempt] = std::move(done); });
  plan_sync(&Shared::sync_planned, delays_.growing);
}

void RunLogs::plan_sync(bool Shared::* planned, Duration delay) {
  bool first = shared_.with([&](Shared& shared) { return !std::exchange(shared.*planned, true); });
  if (!first) return;
  sync_thread_.loop().post([this, planned, delay] {
    sync_thread_.loop().after(
        delay, [this, planned] { planned == &Shared::sync_planned ? sync_all() : sync_soon(); });
  });
}

void RunLogs::sync_all() {
  auto unsynced = shared_.with([](Shared& shared) {
    shared.sync_planned = false;
    shared.soon.clear();
    return std::exchange(shared.unsynced, {});
  });
  for (auto& [attempt, done] : unsynced) done(sync_one(attempt));
}

void RunLogs::sync_soon() {
  auto unsynced = shared_.with([](Shared& shared) {
    shared.soon_sync_planned = false;
    std::map<AttemptId, SyncDone> found;
    for (AttemptId attempt : std::exchange(shared.soon, {}))
      found.insert(shared.unsynced.extract(attempt));
    return found;
  });
  for (auto& [attempt, done] : unsynced) done(sync_one(attempt));
}

Result<uint64_t> RunLogs::sync_one(AttemptId attempt) {
  auto path = locate(attempt);
  if (!path) return fail(path);
  Fd file(open(path->c_str(), O_WRONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return uint64_t(0);
  if (!file) return fail(from_errno("open", path->string()));
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return fail(from_errno("stat", path->string()));
  if (fdatasync(file.get()) != 0) return fail(from_errno("sync", path->string()));
  return uint64_t(info.st_size);
}

Result<uint64_t> RunLogs::append(AttemptId attempt, uint64_t offset, std::string_view bytes) {
  auto path = locate(attempt);
  if (!path) return fail(path);
  Fd file(open(path->c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file && errno == ENOENT) {
    if (auto made = make_folder(path->parent_path(), 0700); !made) return fail(made);
    file = Fd(open(path->c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
  if (!file) return fail(from_errno("open", path->string()));
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return fail(from_errno("stat", path->string()));
  uint64_t stored = uint64_t(info.st_size);
  if (offset > stored || offset + bytes.size() <= stored) {
    tails_.grew(attempt, stored);
    return stored;
  }
  bytes.remove_prefix(stored - offset);
  if (lseek(file.get(), off_t(stored), SEEK_SET) < 0)
    return fail(from_errno("seek in", path->string()));
  if (auto written = write_all(file.get(), bytes, path->string()); !written) return fail(written);
  tails_.grew(attempt, stored + bytes.size());
  if (bytes.size() >= kLogBytesSyncedSoon) {
    shared_.with([&](Shared& shared) { shared.soon.insert(attempt); });
    plan_sync(&Shared::soon_sync_planned, delays_.ended);
  }
  wake_watchers(attempt);
  return stored + bytes.size();
}

void RunLogs::log_ended(AttemptId attempt, uint64_t bytes) {
  tails_.ended(attempt, bytes);
  bool unsynced = shared_.with([&](Shared& shared) {
    return shared.unsynced.contains(attempt) && shared.soon.insert(attempt).second;
  });
  if (unsynced) plan_sync(&Shared::soon_sync_planned, delays_.ended);
  wake_watchers(attempt);
}

bool RunLogs::complete(AttemptId attempt) {
  return tails_.complete(attempt, std::chrono::steady_clock::now());
}

void RunLogs::wake_watchers(AttemptId attempt) {
  auto watchers = watchers_->with([&](const Watchers& all) {
    std::vector<std::weak_ptr<Watcher>> found;
    auto [first, last] = all.equal_range(attempt);
    for (auto it = first; it != last; ++it) found.push_back(it->second);
    return found;
  });
  for (const auto& weak : watchers) {
    if (auto watcher = weak.lock()) (*watcher)();
  }
}

std::shared_ptr<void> RunLogs::watch(AttemptId attempt, std::function<void()> grown) {
  auto watcher = std::make_shared<Watcher>(std::move(grown));
  auto entry = watchers_->with([&](Watchers& all) { return all.emplace(attempt, watcher); });
  void* token = watcher.get();
  auto end = [owner = std::weak_ptr(watchers_), entry,
              watcher = std::move(watcher)](void*) mutable {
    watcher.reset();
    if (auto watchers = owner.lock()) watchers->with([&](Watchers& all) { all.erase(entry); });
  };
  return std::shared_ptr<void>(token, std::move(end));
}

void RunLogs::remove(const TaskInstanceName& name, int try_number, AttemptId attempt) {
  shared_.with([&](Shared& shared) { shared.paths.erase(attempt); });
  std::error_code ignored;
  fs::remove(path_of(name, try_number, attempt), ignored);
}

void RunLogs::remove_run(const std::string& dag_id, const std::string& run_id) {
  fs::path folder = run_folder(root_, dag_id, run_id);
  shared_.with([&](Shared& shared) {
    std::erase_if(shared.paths,
                  [&](const auto& cached) { return cached.second.parent_path() == folder; });
  });
  // A log that cannot be removed is left behind; the next run of that name starts its own files.
  static_cast<void>(remove_tree(folder));
}

size_t RunLogs::cached_paths() const {
  return shared_.with([](const Shared& shared) { return shared.paths.size(); });
}

size_t RunLogs::watchers() const {
  return watchers_->with([](const Watchers& all) { return all.size(); });
}

}  // namespace leoflow
