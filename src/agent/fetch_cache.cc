// SPDX-License-Identifier: Apache-2.0
#include "agent/fetch_cache.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/crypto.h"
#include "base/log.h"
#include "base/tree_archive.h"

namespace leoflow {
namespace {

constexpr int kLockTryEveryMs = 50;

bool is_hash(const std::string& text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<Fd> open_lock(const fs::path& path) {
  Fd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock) return fail(from_errno("open", path.string()));
  return lock;
}

struct Cached {
  std::string hash;
  uint64_t bytes = 0;
  Time used{};
};

}  // namespace

Result<fs::path> FetchCache::get(const std::string& hash, const ArchiveBytes& fetch) {
  if (!is_hash(hash)) return fail(Code::invalid, "\"" + hash + "\" is no SHA-256");
  if (held_.contains(hash)) return folder(hash);
  if (auto made = make_folder(root_); !made) return fail(made);
  auto lock = open_lock(beside(hash, ".lock"));
  if (!lock) return fail(lock);
  auto give_up = std::chrono::steady_clock::now() + kCacheLockWaitMax;
  for (;;) {
    auto there = use_if_there(hash, lock->get());
    if (!there) return fail(there);
    if (*there) break;
    if (flock(lock->get(), LOCK_EX | LOCK_NB) == 0) {
      auto made = make(hash, fetch);
      flock(lock->get(), LOCK_UN);
      if (!made) return fail(made);
      continue;
    }
    if (std::chrono::steady_clock::now() > give_up)
      return fail(Code::timeout, "another process does not finish archive " + hash);
    poll(nullptr, 0, kLockTryEveryMs);
  }
  held_.emplace(hash, std::move(*lock));
  return folder(hash);
}

Result<fs::path> FetchCache::shared_folder(std::string_view name, uint64_t bytes) {
  const std::string hash = sha256_hex(name);
  if (held_.contains(hash)) return folder(hash);
  if (auto made = make_folder(root_); !made) return fail(made);
  auto lock = open_lock(beside(hash, ".lock"));
  if (!lock) return fail(lock);
  if (flock(lock->get(), LOCK_SH | LOCK_NB) != 0)
    return fail(Code::unavailable, "another process removes " + folder(hash).string());
  if (auto made = make_folder(folder(hash)); !made) return fail(made);
  if (auto told = write_file(beside(hash, ".size"), std::to_string(bytes)); !told)
    return fail(told);
  held_.emplace(hash, std::move(*lock));
  return folder(hash);
}

// Takes the shared lock first: while it is held nobody removes the folder.
Result<bool> FetchCache::use_if_there(const std::string& hash, int lock) {
  if (flock(lock, LOCK_SH | LOCK_NB) != 0) return false;
  std::error_code error;
  if (!fs::is_directory(folder(hash), error)) {
    flock(lock, LOCK_UN);
    return false;
  }
  utimensat(AT_FDCWD, beside(hash, ".size").c_str(), nullptr, 0);
  return true;
}

// Requires: the exclusive lock is held.
Status FetchCache::make(const std::string& hash, const ArchiveBytes& fetch) {
  std::error_code error;
  if (fs::is_directory(folder(hash), error)) return {};
  clear_leftovers(hash);
  const fs::path temporary = root_ / (".tmp-" + hash + "-" + random_token(8));
  if (auto made = make_folder(temporary); !made) return made;
  uint64_t bytes = 0;
  TreeUnpacker unpacker(temporary);
  auto take = [&](std::string_view part) {
    bytes += part.size();
    return unpacker.feed(part);
  };
  Status status = fetch(hash, take);
  if (status) status = unpacker.finish(hash);
  if (status) status = write_file(beside(hash, ".size"), std::to_string(bytes));
  if (status) {
    fs::rename(temporary, folder(hash), error);
    if (error) status = fail(from_errno("rename to", folder(hash).string(), error.value()));
  }
  if (!status) {
    clear_leftovers(hash);
    return status;
  }
  collect();
  return {};
}

void FetchCache::clear_leftovers(const std::string& hash) {
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    if (entry.path().filename().string().starts_with(".tmp-" + hash)) found.push_back(entry.path());
  }
  for (const fs::path& path : found) {
    if (auto removed = remove_tree(path); !removed) log::warning(removed.error().message());
  }
}

bool FetchCache::remove(const std::string& hash) {
  auto lock = open_lock(beside(hash, ".lock"));
  if (!lock || flock(lock->get(), LOCK_EX | LOCK_NB) != 0) return false;  // in use
  std::error_code error;
  fs::rename(folder(hash), root_ / (".tmp-" + hash + "-gone"), error);
  if (error) return false;
  fs::remove(beside(hash, ".size"), error);
  clear_leftovers(hash);
  return true;
}

size_t FetchCache::collect() {
  std::error_code error;
  std::vector<Cached> found;
  uint64_t total = 0;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    std::string name = entry.path().filename();
    if (!is_hash(name)) continue;
    Cached cached{name};
    struct stat status{};
    if (stat(beside(name, ".size").c_str(), &status) == 0)
      cached.used = from_micros(int64_t(status.st_mtim.tv_sec) * 1'000'000);
    auto text = read_file(beside(name, ".size"), 64);
    cached.bytes = text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
    total += cached.bytes;
    found.push_back(std::move(cached));
  }
  std::ranges::sort(found, {}, &Cached::used);
  size_t count = 0;
  for (const Cached& one : found) {
    bool old = clock_.now() - one.used > kCacheUnusedMax;
    if ((!old && total <= bytes_max_) || held_.contains(one.hash) || !remove(one.hash)) continue;
    total -= one.bytes;
    ++count;
  }
  return count;
}

}  // namespace leoflow
