// SPDX-License-Identifier: Apache-2.0
// Unpacked archives by their hash, kept between attempts and, where the folder is one of the node,
// between pods.
//
// Layout: ROOT/<sha256>/ is whole once it has that name; ROOT/<sha256>.lock is held exclusively
// while it is made or removed and shared while a process uses it; ROOT/<sha256>.size tells its
// bytes, its time the last use; ROOT/.tmp-<sha256>-* is being made or removed. Whoever dies lets
// go of its locks, and the next one clears up. Who may write to the folder is trusted: a cache is
// shared between pods that trust each other, or it belongs to one.
//
// A folder that its users fill themselves lies there as well, under the hash of its name.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace leoflow {

constexpr auto kCacheLockWaitMax = std::chrono::minutes(10);  // for another pod that fetches it
constexpr Duration kCacheUnusedMax = std::chrono::hours(24 * 14);

// Hands the archive's bytes to `take` as they arrive, in order; stops at its first error.
using ArchiveBytes = std::function<Status(const std::string& hash,
                                          const std::function<Status(std::string_view)>& take)>;

// One thread at a time; blocks. Any number of processes.
class FetchCache {
 public:
  FetchCache(fs::path root, uint64_t bytes_max, const Clock& clock)
      : root_(std::move(root)), bytes_max_(bytes_max), clock_(clock) {}

  // The folder of an archive's files, fetched unless it is there. It stays until this object goes.
  // `invalid` when what arrived is not that archive, `timeout` when another process does not finish
  // it, else the error of the fetch or the disk.
  Result<fs::path> get(const std::string& hash, const ArchiveBytes& fetch);

  // The folder of this name, for what its users make and others may use; empty at first. It stays
  // until this object goes, and counts as `bytes` large. Its users expect that it comes back empty.
  // `unavailable` while it is being removed, else the error of the disk.
  Result<fs::path> shared_folder(std::string_view name, uint64_t bytes);

  // Removes what nobody uses: what is old, and the least recently used while the rest is more than
  // bytes_max. How many.
  size_t collect();

 private:
  fs::path folder(const std::string& hash) const { return root_ / hash; }
  fs::path beside(const std::string& hash, const char* ending) const {
    return root_ / (hash + ending);
  }
  Result<bool> use_if_there(const std::string& hash, int lock);
  Status make(const std::string& hash, const ArchiveBytes& fetch);
  void clear_leftovers(const std::string& hash);
  bool remove(const std::string& hash);

  fs::path root_;
  uint64_t bytes_max_;
  const Clock& clock_;
  std::map<std::string, Fd> held_;  // locks of what is in use, by hash
};

}  // namespace leoflow
