// SPDX-License-Identifier: Apache-2.0
#include "authoring/file_age.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/crypto.h"

namespace leoflow {

void mark_used(const fs::path& path) { utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

Time last_used(const fs::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return Time{};
  return Time(
      std::chrono::seconds(status.st_mtim.tv_sec) +
      std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

Status remove_renamed(const fs::path& path) {
  const fs::path aside = path.parent_path() / (".deleted-" + random_token(16));
  std::error_code error;
  fs::rename(path, aside, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  if (error) return fail(from_errno("rename", path.string(), error.value()));
  return remove_tree(aside);
}

}  // namespace leoflow
