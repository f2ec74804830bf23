// SPDX-License-Identifier: Apache-2.0
// Tells when something changes below some folders: inotify, or a timer when the host has no watches
// left.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

constexpr size_t kWatchesMax = 8'192;
constexpr Duration kScanInterval = std::chrono::seconds(1);
constexpr Duration kDebounce = std::chrono::milliseconds(30);
// A stream of changes that never pauses is reported at least this often.
constexpr Duration kDebounceMax = std::chrono::milliseconds(300);

// What changed since the last call.
struct FolderChanges {
  std::set<fs::path> paths;  // written, created, moved or deleted files and folders
  bool unknown = false;      // anything may have changed (events were lost, or the timer fired)
};

struct WatcherOptions {
  size_t watches_max = kWatchesMax;
  Duration debounce = kDebounce;
  Duration scan_interval = kScanInterval;
};

// Belongs to a loop: all calls and the callback on its thread. Destroy it on that thread, or after
// the loop has ended.
class Watcher {
 public:
  using Callback = std::function<void(const FolderChanges&)>;
  using Options = WatcherOptions;

  Watcher(Loop& loop, Options options, Callback callback);
  ~Watcher();
  Watcher(const Watcher&) = delete;

  // Watches exactly these folders from now on. Folders that vanish stop being watched by
  // themselves.
  void watch(const std::vector<fs::path>& folders);
  // Why the timer is used instead of inotify; empty while inotify works.
  const std::string& fallback_reason() const { return fallback_reason_; }

 private:
  bool add(const fs::path& folder);
  void fall_back(std::string reason);
  void read_events();
  void changed();
  void report();
  void scan();

  Loop& loop_;
  Options options_;
  Callback callback_;
  Fd inotify_;
  std::map<int, fs::path> folders_;  // by watch descriptor
  std::map<fs::path, int> descriptors_;
  std::string fallback_reason_;
  FolderChanges pending_;
  Loop::TimerId debounce_timer_ = 0, scan_timer_ = 0;
  int postponed_ = 0;
};

}  // namespace leoflow
