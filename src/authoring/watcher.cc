// SPDX-License-Identifier: Apache-2.0
#include "authoring/watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/log.h"

namespace leoflow {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
constexpr size_t kEventBytes = 64 * 1024;

}  // namespace

Watcher::Watcher(Loop& loop, Options options, Callback callback)
    : loop_(loop), options_(options), callback_(std::move(callback)) {
  inotify_ = Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_) {
    fall_back(from_errno("start", "inotify").message());
    return;
  }
  loop_.watch(inotify_.get(), Loop::Ready::read, [this] { read_events(); });
}

Watcher::~Watcher() {
  if (inotify_) loop_.unwatch(inotify_.get(), Loop::Ready::read);
  if (debounce_timer_) loop_.cancel(debounce_timer_);
  if (scan_timer_) loop_.cancel(scan_timer_);
}

void Watcher::watch(const std::vector<fs::path>& folders) {
  if (!inotify_) return;
  if (folders.size() > options_.watches_max) {
    return fall_back("more than " + std::to_string(options_.watches_max) + " folders to watch");
  }
  const std::set<fs::path> wanted(folders.begin(), folders.end());
  for (auto at = descriptors_.begin(); at != descriptors_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
      continue;
    }
    inotify_rm_watch(inotify_.get(), at->second);
    folders_.erase(at->second);
    at = descriptors_.erase(at);
  }
  for (const fs::path& folder : wanted) {
    if (!add(folder)) return;
  }
}

// False when watching has fallen back to the timer.
bool Watcher::add(const fs::path& folder) {
  const int descriptor = inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (descriptor < 0 && errno == ENOSPC) {
    return fall_back("the host's limit fs.inotify.max_user_watches is reached"), false;
  }
  if (descriptor < 0) return true;  // gone already: its parent reports that
  const auto known = descriptors_.find(folder);
  if (known != descriptors_.end() && known->second == descriptor) return true;
  if (known != descriptors_.end()) folders_.erase(known->second);
  // New to us: files may have come into it before the watch did.
  folders_[descriptor] = folder;
  descriptors_[folder] = descriptor;
  pending_.paths.insert(folder);
  changed();
  return true;
}

void Watcher::fall_back(std::string reason) {
  log::warning("watching folders by a scan each second: " + reason,
               {{"hint", "sysctl fs.inotify.max_user_watches raises the limit"}});
  fallback_reason_ = std::move(reason);
  if (inotify_) loop_.unwatch(inotify_.get(), Loop::Ready::read);
  inotify_.reset();
  folders_.clear();
  descriptors_.clear();
  scan_timer_ = loop_.after(options_.scan_interval, [this] { scan(); });
}

void Watcher::scan() {
  scan_timer_ = loop_.after(options_.scan_interval, [this] { scan(); });
  pending_.unknown = true;
  report();
}

void Watcher::read_events() {
  alignas(inotify_event) char buffer[kEventBytes];
  bool any = false;
  while (true) {
    const ssize_t size = read(inotify_.get(), buffer, sizeof buffer);
    if (size <= 0) break;
    for (const char* at = buffer; at < buffer + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if (event->mask & IN_Q_OVERFLOW) {
        pending_.unknown = any = true;
        continue;
      }
      const auto folder = folders_.find(event->wd);
      if (folder == folders_.end()) continue;
      pending_.paths.insert(event->len ? folder->second / event->name : folder->second);
      any = true;
      if (event->mask & IN_IGNORED) {  // the folder is gone, and so is the watch
        const auto descriptor = descriptors_.find(folder->second);
        if (descriptor != descriptors_.end() && descriptor->second == event->wd)
          descriptors_.erase(descriptor);
        folders_.erase(folder);
      }
    }
  }
  if (any) changed();
}

// Waits for a pause in the changes, but not for ever.
void Watcher::changed() {
  const int postponed_max =
      static_cast<int>(kDebounceMax / std::max(options_.debounce, Duration(1000)));
  if (debounce_timer_ && ++postponed_ > postponed_max) return;
  if (debounce_timer_) loop_.cancel(debounce_timer_);
  debounce_timer_ = loop_.after(options_.debounce, [this] {
    debounce_timer_ = 0;
    report();
  });
}

void Watcher::report() {
  postponed_ = 0;
  const FolderChanges changes = std::exchange(pending_, {});
  callback_(changes);
}

}  // namespace leoflow
