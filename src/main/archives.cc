// SPDX-License-Identifier: Apache-2.0
#include "main/archives.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "authoring/file_age.h"
#include "base/crypto.h"
#include "base/tree_archive.h"

namespace leoflow {
namespace {

constexpr int kLockTryEveryMs = 50;

Result<Fd> wait_for_lock(const fs::path& path) {
  auto give_up = std::chrono::steady_clock::now() + kArchiveWaitMax;
  auto lock = lock_file(path);
  while (!lock && lock.error().code() == Code::conflict) {
    if (std::chrono::steady_clock::now() > give_up)
      return fail(Code::timeout, "another process does not finish " + path.stem().string());
    poll(nullptr, 0, kLockTryEveryMs);
    lock = lock_file(path);
  }
  return lock;
}

}  // namespace

// Empty when it must be made.
std::string Archives::known(const std::string& key) const {
  auto hash = read_file(folder_ / (key + ".key"), 256);
  std::error_code error;
  if (!hash || hash->empty() || !fs::exists(folder_ / *hash, error)) return {};
  mark_used(folder_ / *hash);
  return *hash;
}

Result<std::string> Archives::ensure(const std::string& key, const Source& source) {
  if (std::string hash = known(key); !hash.empty()) return hash;
  if (auto made = make_folder(folder_, 0700); !made) return fail(made);
  auto lock = wait_for_lock(folder_ / (key + ".lock"));
  if (!lock) return fail(lock);
  if (std::string hash = known(key); !hash.empty()) return hash;
  auto folder = source();
  if (!folder) return fail(folder);
  return make(key, *folder);
}

Result<std::string> Archives::make(const std::string& key, const fs::path& source) {
  fs::path temporary = folder_ / (key + ".tmp");  // the lock makes it ours
  Fd out(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out) return fail(from_errno("create", temporary.string()));
  auto packed = pack_tree(source, out.get(), true);
  std::error_code error;
  if (!packed) {
    fs::remove(temporary, error);
    return fail(packed);
  }
  fs::rename(temporary, folder_ / packed->sha256, error);
  if (error) return fail(from_errno("rename", temporary.string(), error.value()));
  if (auto named = write_file(folder_ / (key + ".key"), packed->sha256, 0600); !named)
    return fail(named);
  return packed->sha256;
}

Result<fs::path> Archives::find(const std::string& sha256) {
  fs::path path = folder_ / sha256;
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return fail(Code::not_found, "archive " + sha256 + " is not here any more");
  mark_used(path);
  return path;
}

size_t Archives::collect(Time before) const {
  std::error_code error;
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const fs::path& path = entry.path();
    bool archive = !path.has_extension();
    bool key = path.extension() == ".key";
    if ((!archive && !key) || last_used(path) >= before) continue;
    // A key in use names an archive that is; it is written once and looks old.
    if (key) {
      auto hash = read_file(path, 256);
      if (hash && fs::exists(folder_ / *hash, error)) continue;
    }
    fs::remove(path, error);
    count += archive ? 1 : 0;
  }
  return count;
}

}  // namespace leoflow
