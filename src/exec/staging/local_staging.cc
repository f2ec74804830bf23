// SPDX-License-Identifier: Apache-2.0
#include "exec/staging/local_staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <future>

#include "base/crypto.h"
#include "base/log.h"

namespace leoflow {
namespace {

constexpr std::string_view kDeleted = ".deleted-";
// A volume is not made when less than this would be left: the limit is a promise that nobody
// reserved.
constexpr uint64_t kFreeBytesMin = 16 * 1024 * 1024;

Status check_name(const std::string& name) {
  if (valid_staging_name(name)) return {};
  return fail(Code::invalid, "'" + name + "' is not the name of a staging volume");
}

Time created_at(const fs::path& path) {
  struct statx status{};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME | STATX_MTIME, &status) != 0) return Time{};
  const statx_timestamp& at = status.stx_mask & STATX_BTIME ? status.stx_btime : status.stx_mtime;
  return Time(std::chrono::seconds(at.tv_sec) + std::chrono::microseconds(at.tv_nsec / 1000));
}

}  // namespace

LocalStaging::LocalStaging(fs::path root) : root_(std::move(root)), remover_("staging") {
  std::error_code error;
  fs::directory_iterator at(root_, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->path().filename().string().starts_with(kDeleted)) remove_later(at->path());
  }
}

LocalStaging::~LocalStaging() { remover_.stop_and_join(); }

Result<std::string> LocalStaging::create(const std::string& name, uint64_t size_bytes) {
  if (auto checked = check_name(name); !checked) return fail(checked);
  const fs::path path = root_ / name;
  if (auto made = make_folder(root_, 0700); !made) return fail(made);
  struct statvfs space{};
  const bool known = statvfs(root_.c_str(), &space) == 0;
  const uint64_t free = known ? uint64_t(space.f_bavail) * space.f_frsize : size_bytes;
  std::error_code error;
  if (!fs::exists(path, error) && free < std::min(size_bytes, kFreeBytesMin)) {
    return fail(Code::exhausted, "the disk of the staging volumes is full: " + root_.string(),
                "free space, or clear finished runs");
  }
  if (auto made = make_folder(path, 0700); !made) return fail(made);
  return path.string();
}

Status LocalStaging::remove(const std::string& name) {
  if (auto checked = check_name(name); !checked) return checked;
  fs::path aside = root_ / (std::string(kDeleted) + name + "-" + random_token(8));
  std::error_code error;
  fs::rename(root_ / name, aside, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  if (error) return fail(from_errno("remove", (root_ / name).string(), error.value()));
  remove_later(std::move(aside));
  return {};
}

void LocalStaging::remove_later(fs::path aside) {
  remover_.loop().post([aside = std::move(aside)] {
    if (auto removed = remove_tree(aside); !removed) {
      log::warning("cannot remove a staging volume; tried again at the next start",
                   {{"path", aside.string()}, {"error", removed.error().message()}});
    }
  });
}

Result<std::vector<StagingFound>> LocalStaging::list() {
  std::vector<StagingFound> found;
  std::error_code error;
  fs::directory_iterator at(root_, error);
  if (error == std::errc::no_such_file_or_directory) return found;
  for (; !error && at != fs::directory_iterator() && found.size() < kStagingListMax;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (!valid_staging_name(name) || !at->is_directory(ignored)) continue;
    found.push_back(
        {.name = name, .path = at->path().string(), .created_at = created_at(at->path())});
  }
  if (error) return fail(from_errno("list", root_.string(), error.value()));
  std::ranges::sort(found, {}, &StagingFound::name);
  return found;
}

Result<uint64_t> LocalStaging::size(const std::string& name) {
  if (auto checked = check_name(name); !checked) return fail(checked);
  std::error_code error;
  if (!fs::is_directory(root_ / name, error)) {
    return fail(Code::not_found, "there is no staging volume '" + name + "'");
  }
  return folder_size(root_ / name);
}

void LocalStaging::wait_removed() {
  std::promise<void> done;
  remover_.loop().post([&done] { done.set_value(); });
  done.get_future().wait();
}

}  // namespace leoflow
