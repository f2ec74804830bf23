// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/log_port.h"

namespace leoflow::api {
namespace {

class FileReader : public LogReader {
 public:
  FileReader(Fd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::string> read(uint64_t offset, size_t bytes_max) override {
    std::string bytes(bytes_max, '\0');
    ssize_t count = -1;
    do {
      count = pread(fd_.get(), bytes.data(), bytes.size(), off_t(offset));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return fail(from_errno("read", path_.string()));
    bytes.resize(size_t(count));
    return bytes;
  }

  Result<uint64_t> size() override {
    struct stat info{};
    if (fstat(fd_.get(), &info) != 0) return fail(from_errno("look at", path_.string()));
    return uint64_t(info.st_size);
  }

  std::string source() const override { return path_.string(); }

 private:
  Fd fd_;
  fs::path path_;
};

}  // namespace

LogFiles::LogFiles(PathOf path_of, Watch watch, Complete complete)
    : path_of_(std::move(path_of)), watch_(std::move(watch)), complete_(std::move(complete)) {}

Result<std::unique_ptr<LogReader>> LogFiles::open(const LogName& name) {
  fs::path path = path_of_(name);
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(from_errno("open", path.string()));
  return std::make_unique<FileReader>(std::move(fd), std::move(path));
}

bool LogFiles::complete(const LogName& name) { return !complete_ || complete_(name); }

std::shared_ptr<void> LogFiles::watch(const LogName& name, std::function<void()> grown) {
  return watch_ ? watch_(name, std::move(grown)) : nullptr;
}

}  // namespace leoflow::api
