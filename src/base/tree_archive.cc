// SPDX-License-Identifier: Apache-2.0
#include "base/tree_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace leoflow {
namespace {

constexpr std::string_view kMagic = "leoflow archive 1\n";
constexpr size_t kHeadBytes = 16;  // time and size
constexpr size_t kCopyBytes = 256 * 1024;

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += char((value >> (8 * i)) & 0xff);
  return text;
}

uint64_t parse_number(std::string_view text) {
  uint64_t value = 0;
  for (unsigned char c : text) value = value << 8 | c;
  return value;
}

std::unexpected<Error> damaged(const std::string& what) {
  return fail(Code::invalid, "the archive is damaged: " + what);
}

class Packer {
 public:
  Packer(int out, bool keep_times, const TreeLimits& limits)
      : out_(out), keep_times_(keep_times), limits_(limits) {}

  Result<PackedTree> pack(const fs::path& folder) {
    if (auto put = write(kMagic); !put) return fail(put);
    if (auto walked = walk(folder, "", 0); !walked) return fail(walked);
    if (auto put = write("e"); !put) return fail(put);
    if (auto put = flush(); !put) return fail(put);
    return PackedTree{hash_.hex(), total_};
  }

 private:
  Status walk(const fs::path& folder, const std::string& prefix, size_t depth) {
    if (depth > kTreeDepthMax) return too_much("folders in each other");
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
      entries.push_back(*at);
    }
    if (error) return fail(from_errno("read", folder.string(), error.value()));
    std::ranges::sort(entries, {}, [](const auto& entry) { return entry.path().filename(); });
    for (const auto& entry : entries) {
      std::string name = prefix + entry.path().filename().string();
      if (name.size() > kTreePathBytesMax) return too_much("bytes in the path " + name);
      bool link = entry.is_symlink(error);
      if (entry.is_directory(error) && !link) {
        if (auto put = begin('d', name); !put) return put;
        if (auto walked = walk(entry.path(), name + "/", depth + 1); !walked) return walked;
      } else if (entry.is_regular_file(error)) {
        if (auto put = add_file(entry.path(), name); !put) return put;
      }
    }
    return {};
  }

  Status begin(char kind, const std::string& name) {
    if (++entries_ > limits_.entries_max) return too_much("entries");
    return write(kind + number(name.size(), 2) + name);
  }

  Status add_file(const fs::path& path, const std::string& name) {
    Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || fstat(file.get(), &status) != 0) return fail(from_errno("open", path.string()));
    bool executable = (status.st_mode & S_IXUSR) != 0;
    if (auto put = begin(executable ? 'x' : 'f', name); !put) return put;
    auto left = uint64_t(status.st_size);
    bytes_ += left;
    if (bytes_ > limits_.bytes_max) return too_much("bytes");
    int64_t time = keep_times_ ? status.st_mtim.tv_sec : 0;
    if (auto put = write(number(uint64_t(time), 8) + number(left, 8)); !put) return put;
    std::string part;
    while (left > 0) {
      part.resize(size_t(std::min<uint64_t>(left, kCopyBytes)));
      ssize_t count = read(file.get(), part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(from_errno("read", path.string()));
      if (count == 0) return fail(Code::unavailable, path.string() + " changed while it was read");
      part.resize(size_t(count));
      left -= uint64_t(count);
      if (auto put = write(part); !put) return put;
    }
    return {};
  }

  static Status too_much(const std::string& of_what) {
    return fail(Code::exhausted, "the folder is too much for an archive: too many " + of_what);
  }

  Status write(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < kCopyBytes ? Status{} : flush();
  }
  Status flush() {
    hash_.add(buffer_);
    total_ += buffer_.size();
    auto written = write_all(out_, buffer_, "an archive");
    buffer_.clear();
    return written;
  }

  int out_;
  bool keep_times_;
  const TreeLimits& limits_;
  Sha256 hash_;
  std::string buffer_;
  uint64_t bytes_ = 0, total_ = 0;
  size_t entries_ = 0;
};

}  // namespace

Result<PackedTree> pack_tree(const fs::path& folder, int out, bool keep_times,
                             const TreeLimits& limits) {
  return Packer(out, keep_times, limits).pack(folder);
}

TreeUnpacker::TreeUnpacker(const fs::path& folder, TreeLimits limits)
    : limits_(limits),
      where_(folder.string()),
      root_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      field_bytes_(kMagic.size()) {}

Status TreeUnpacker::feed(std::string_view bytes) {
  if (!root_) return fail(Code::not_found, "there is no folder " + where_);
  hash_.add(bytes);
  while (!bytes.empty()) {
    if (step_ == Step::end) return damaged("something follows its end");
    if (step_ == Step::content) {
      if (auto taken = take_content(bytes); !taken) return taken;
      continue;
    }
    size_t count = std::min(bytes.size(), field_bytes_ - field_.size());
    field_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (field_.size() < field_bytes_) return {};
    if (auto taken = step(); !taken) return taken;
  }
  return {};
}

// The field is whole: what it means, and what follows.
Status TreeUnpacker::step() {
  switch (step_) {
    case Step::magic:
      if (field_ != kMagic) return damaged("it does not begin as one");
      step_ = Step::kind;
      field_bytes_ = 1;
      field_.clear();
      return {};
    case Step::kind: return take_kind();
    case Step::path: return take_path();
    default: return take_head();
  }
}

Status TreeUnpacker::take_kind() {
  kind_ = field_[0];
  field_.clear();
  if (kind_ == 'e') {
    step_ = Step::end;
    return {};
  }
  if (kind_ != 'd' && kind_ != 'f' && kind_ != 'x') return damaged("an entry of no known kind");
  if (++entries_ > limits_.entries_max)
    return fail(Code::exhausted, "the archive has too many entries");
  step_ = Step::path;
  field_bytes_ = 2;
  return {};
}

// First the length alone, then with the path itself.
Status TreeUnpacker::take_path() {
  if (field_.size() == 2) {
    size_t size = parse_number(field_);
    if (size == 0 || size > kTreePathBytesMax) return damaged("a path of no possible length");
    field_bytes_ = 2 + size;
    return {};
  }
  path_ = field_.substr(2);
  field_.clear();
  if (auto good = check_path(); !good) return good;
  if (kind_ == 'd') {
    step_ = Step::kind;
    field_bytes_ = 1;
    if (mkdirat(root_.get(), path_.c_str(), 0755) == 0) return {};
    if (errno == EEXIST || errno == ENOENT || errno == ENOTDIR)
      return damaged("\"" + path_ + "\" cannot be a folder");
    return fail(from_errno("create", where_ + "/" + path_));
  }
  step_ = Step::head;
  field_bytes_ = kHeadBytes;
  return {};
}

Status TreeUnpacker::check_path() const {
  size_t depth = 0, at = 0;
  bool good = path_.find('\0') == path_.npos;
  while (good && at <= path_.size()) {
    size_t end = std::min(path_.find('/', at), path_.size());
    std::string_view part = std::string_view(path_).substr(at, end - at);
    good = !part.empty() && part != "." && part != ".." && ++depth <= kTreeDepthMax;
    at = end + 1;
  }
  if (good) return {};
  return damaged("a path that leads nowhere below its folder");
}

Status TreeUnpacker::take_head() {
  time_ = int64_t(parse_number(std::string_view(field_).substr(0, 8)));
  left_ = parse_number(std::string_view(field_).substr(8));
  field_.clear();
  if (left_ > limits_.bytes_max - bytes_)
    return fail(Code::exhausted, "the archive is larger than is taken");
  bytes_ += left_;
  file_ =
      Fd(openat(root_.get(), path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                kind_ == 'x' ? 0755 : 0644));
  if (!file_) {
    if (errno == EEXIST || errno == ENOENT || errno == ENOTDIR)
      return damaged("\"" + path_ + "\" cannot be a file");
    return fail(from_errno("create", where_ + "/" + path_));
  }
  step_ = Step::content;
  return left_ == 0 ? close_file() : Status{};
}

Status TreeUnpacker::take_content(std::string_view& bytes) {
  auto part = bytes.substr(0, size_t(std::min<uint64_t>(left_, bytes.size())));
  bytes.remove_prefix(part.size());
  left_ -= part.size();
  if (auto written = write_all(file_.get(), part, where_ + "/" + path_); !written) return written;
  return left_ == 0 ? close_file() : Status{};
}

Status TreeUnpacker::close_file() {
  if (time_ > 0) {
    timespec times[2] = {{time_, 0}, {time_, 0}};
    futimens(file_.get(), times);  // at worst Python compiles again
  }
  file_.reset();
  step_ = Step::kind;
  field_bytes_ = 1;
  return {};
}

Status TreeUnpacker::finish(std::string_view sha256_hex) {
  if (step_ != Step::end) return damaged("its end is missing");
  if (hash_.hex() != sha256_hex) return damaged("its content is not what was asked for");
  return {};
}

}  // namespace leoflow
