// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace leoflow {
namespace {

constexpr size_t kReadChunk = 64 * 1024;

// A new file beside the target that nobody else sees yet; unlinked unless renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) {
    path_ = (target.parent_path() / ("." + target.filename().string() + ".XXXXXX")).string();
    fd_ = Fd(::mkostemp(path_.data(), O_CLOEXEC));
  }
  ~TemporaryFile() {
    if (fd_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  Status become(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0)
      return fail(from_errno("write", target.string()));
    fd_.reset();
    return {};
  }

 private:
  std::string path_;
  Fd fd_;
};

Status sync_folder(const fs::path& folder) {
  Fd fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail(from_errno("sync", folder.string()));
  return {};
}

Status replace_file(const fs::path& path, std::string_view content, int mode, bool durably) {
  TemporaryFile temporary(path);
  if (temporary.fd() < 0) return fail(from_errno("write", path.string()));
  if (::fchmod(temporary.fd(), mode_t(mode)) != 0) return fail(from_errno("write", path.string()));
  if (Status written = write_all(temporary.fd(), content, path.string()); !written) return written;
  if (durably && ::fsync(temporary.fd()) != 0) return fail(from_errno("sync", path.string()));
  if (Status renamed = temporary.become(path); !renamed) return renamed;
  return durably ? sync_folder(path.parent_path()) : Status{};
}

Error from_code(std::string_view call, const fs::path& path, const std::error_code& code) {
  return from_errno(call, path.string(), code.value());
}

bool is_gone(const std::error_code& code) {
  return code.value() == ENOENT || code.value() == ENOTDIR;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string> read_file(const fs::path& path, size_t bytes_max) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(from_errno("open", path.string()));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail(from_errno("read", path.string()));
  std::string content;
  // Files of /proc and /sys say size 0, others may grow: the size is only a first guess.
  size_t guess = std::min(size_t(status.st_size), bytes_max) + 1;
  size_t used = 0;
  while (true) {
    if (content.size() == used) content.resize(used == 0 ? guess : used + kReadChunk);
    ssize_t got = ::read(fd.get(), content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(from_errno("read", path.string()));
    if (got == 0) break;
    used += size_t(got);
    if (used > bytes_max) {
      return fail(Code::exhausted, "cannot read " + path.string() + ": longer than " +
                                       std::to_string(bytes_max) + " bytes");
    }
  }
  content.resize(used);
  return content;
}

Status write_file_durably(const fs::path& path, std::string_view content, int mode) {
  return replace_file(path, content, mode, true);
}

Status write_file(const fs::path& path, std::string_view content, int mode) {
  return replace_file(path, content, mode, false);
}

Status make_folder(const fs::path& path, int mode) {
  if (path.empty()) return {};
  if (::mkdir(path.c_str(), mode_t(mode)) == 0) return {};
  int error_number = errno;
  std::error_code code;
  if (error_number == EEXIST && fs::is_directory(path, code)) return {};
  if (error_number != ENOENT) return fail(from_errno("create folder", path.string(), error_number));
  fs::path parent = path.parent_path();
  if (parent == path || parent.empty())
    return fail(from_errno("create folder", path.string(), error_number));
  if (Status made = make_folder(parent, mode); !made) return made;
  if (::mkdir(path.c_str(), mode_t(mode)) == 0 || errno == EEXIST) return {};
  return fail(from_errno("create folder", path.string()));
}

Status remove_tree(const fs::path& path) {
  std::error_code code;
  fs::remove_all(path, code);
  if (code && !is_gone(code)) return fail(from_code("remove", path, code));
  return {};
}

Status write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(from_errno("write", what));
    bytes.remove_prefix(size_t(written));
  }
  return {};
}

Result<uint64_t> folder_size(const fs::path& path, size_t files_max) {
  uint64_t bytes = 0;
  size_t entries = 0;
  std::vector<fs::path> folders{path};
  while (!folders.empty()) {
    fs::path folder = std::move(folders.back());
    folders.pop_back();
    std::error_code code;
    fs::directory_iterator entry(folder, code), end;
    bool is_top = folder == path;
    // Below the top, things may disappear while we look.
    if (code && (is_top || !is_gone(code))) return fail(from_code("read folder", folder, code));
    for (; !code && entry != end; entry.increment(code)) {
      if (++entries > files_max) {
        return fail(Code::exhausted,
                    path.string() + " holds more than " + std::to_string(files_max) + " files");
      }
      struct stat status{};
      if (::lstat(entry->path().c_str(), &status) != 0) continue;
      if (S_ISDIR(status.st_mode)) folders.push_back(entry->path());
      if (S_ISREG(status.st_mode)) bytes += uint64_t(status.st_size);
    }
  }
  return bytes;
}

Result<Fd> lock_file(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail(from_errno("open", path.string()));
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK)
      return fail(Code::conflict, path.string() + " is locked by another process");
    return fail(from_errno("lock", path.string()));
  }
  return fd;
}

}  // namespace leoflow
