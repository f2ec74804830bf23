// SPDX-License-Identifier: Apache-2.0
// Files and descriptors. Paths are std::filesystem::path; errors name the call and the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow {

namespace fs = std::filesystem;

// Owns a file descriptor; closes it when destroyed. Move only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { int fd = fd_; fd_ = -1; return fd; }
  void reset();

 private:
  int fd_ = -1;
};

// Whole content. `exhausted` when the file is longer than bytes_max.
Result<std::string> read_file(const fs::path& path, size_t bytes_max = size_t(256) << 20);
// Writes beside the target, fsyncs, renames over it and fsyncs the folder: readers see the old or the new content,
// and the new one survives loss of power.
Status write_file_durably(const fs::path& path, std::string_view content, int mode = 0644);
// Writes without fsync (caches, generated files), still by rename.
Status write_file(const fs::path& path, std::string_view content, int mode = 0644);
// Creates the folder and its parents.
Status make_folder(const fs::path& path, int mode = 0755);
// Removes a file or tree; a missing one is success.
Status remove_tree(const fs::path& path);
// All bytes to a descriptor, retrying short writes and EINTR.
Status write_all(int fd, std::string_view bytes, std::string_view what);
// Sum of sizes of regular files below a folder (apparent size, links not followed). `exhausted` past files_max
// entries. Files that disappear meanwhile do not count.
Result<uint64_t> folder_size(const fs::path& path, size_t files_max = 1'000'000);
// An exclusive advisory lock on a file, created if missing; `conflict` when another process holds it. Held until the
// Fd is closed.
Result<Fd> lock_file(const fs::path& path);

}  // namespace leoflow
