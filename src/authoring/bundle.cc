// SPDX-License-Identifier: Apache-2.0
#include "authoring/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "authoring/file_age.h"
#include "authoring/listing.h"
#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr std::string_view kTemporary = ".tmp-";
// Up to so many files are synced one by one: that waits for nobody else's writes. Thousands of
// fsyncs would take longer than syncing the whole file system once.
constexpr size_t kSyncedOneByOneMax = 64;
constexpr std::string_view kNeverBundled =
    ".git\n.hg\n.svn\n__pycache__\n*.pyc\n.venv\nvenv\nnode_modules\n.mypy_cache\n.pytest_cache\n."
    "ruff_cache\n"
    ".idea\n.vscode\n.DS_Store\n*.swp\n*~\n";

class Lister {
 public:
  explicit Lister(const SourceFilter& filter) : filter_(filter) {}

  Status walk(const fs::path& folder, const std::string& prefix, size_t depth) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error) return fail(from_errno("read", folder.string(), error.value()));
    if (depth > kBundleDepthMax || !entered_.insert(real.string()).second) return {};
    for (const auto& entry : list_folder(folder, error)) {
      if (auto status = visit(entry, prefix + entry.path().filename().string(), depth); !status)
        return status;
    }
    if (error) return fail(from_errno("read", folder.string(), error.value()));
    return {};
  }

  SourceFiles take() {
    std::ranges::sort(files_);
    return std::move(files_);
  }

 private:
  Status visit(const fs::directory_entry& entry, const std::string& name, size_t depth) {
    std::error_code error;
    const bool is_folder = entry.is_directory(error);
    if (filter_.ignore.ignores(name, is_folder)) return {};
    if (is_folder) {
      if (filter_.wants_folder && !filter_.wants_folder(name)) return {};
      return walk(entry.path(), name + "/", depth + 1);
    }
    if (!entry.is_regular_file(error) || (filter_.wants_file && !filter_.wants_file(name)))
      return {};
    const uint64_t size = entry.file_size(error);
    bytes_ += error ? 0 : size;
    files_.push_back(name);
    if (files_.size() > kBundleFilesMax) {
      return too_much("more than " + std::to_string(kBundleFilesMax) + " files");
    }
    if (bytes_ > kBundleBytesMax) {
      return too_much("more than " + std::to_string(kBundleBytesMax >> 20) + " MiB, reached with " +
                      name);
    }
    return {};
  }

  static Status too_much(const std::string& what) {
    return fail(Code::exhausted, "the project's files are too much for a bundle: " + what,
                "leave data out with exclude_paths: in leoflow.yaml");
  }

  const SourceFilter& filter_;
  std::set<std::string> entered_;
  SourceFiles files_;
  uint64_t bytes_ = 0;
};

Result<std::string> read_source(const fs::path& root, const std::string& name) {
  auto content = read_file(root / name, kBundleBytesMax);
  if (!content) return fail(content.error().within("bundle"));
  return content;
}

bool is_executable(const fs::path& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IXUSR) != 0;
}

Status copy_file(const fs::path& root, const BundleFile& file, const fs::path& target) {
  auto content = read_source(root, file.name);
  if (!content) return fail(content);
  if (sha256_hex(*content) != file.sha256) {
    return fail(Code::unavailable, file.name + " changed while it was copied",
                "it is compiled again on its own");
  }
  const fs::path path = target / file.name;
  if (auto made = make_folder(path.parent_path()); !made) return made;
  const Fd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.executable ? 0755 : 0644));
  if (!fd) return fail(from_errno("create", path.string()));
  return write_all(fd.get(), *content, path.string());
}

Status sync_path(const fs::path& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return fail(from_errno("sync", path.string()));
  return {};
}

// Makes a copy durable: files and the folders that name them.
Status sync_copy(const fs::path& copy, const std::vector<BundleFile>& files) {
  if (files.size() > kSyncedOneByOneMax) {
    const Fd fd(open(copy.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || syncfs(fd.get()) != 0) return fail(from_errno("sync", copy.string()));
    return {};
  }
  std::set<fs::path> paths{copy};
  for (const BundleFile& file : files) {
    for (fs::path path = copy / file.name; path != copy; path = path.parent_path())
      paths.insert(path);
  }
  for (const fs::path& path : paths) {
    if (auto synced = sync_path(path); !synced) return synced;
  }
  return {};
}

}  // namespace

IgnoreRules bundle_ignore_rules(const std::vector<std::string>& exclude_paths) {
  IgnoreRules rules;
  rules.add(kNeverBundled);
  for (const std::string& glob : exclude_paths) rules.add(glob);
  return rules;
}

Result<SourceFiles> list_source_files(const fs::path& root, const SourceFilter& filter) {
  Lister lister(filter);
  if (auto walked = lister.walk(root, "", 0); !walked) return fail(walked);
  return lister.take();
}

Result<Bundle> BundleStore::describe(const fs::path& root, const SourceFiles& files) const {
  Bundle bundle;
  std::string listing;
  for (const std::string& name : files) {
    auto content = read_source(root, name);
    if (!content) return fail(content);
    bundle.files.push_back({name, sha256_hex(*content), is_executable(root / name)});
    listing += bundle.files.back().sha256 + " " + name + '\0';
  }
  bundle.hash = sha256_hex(listing);
  bundle.path = folder_ / bundle.hash;
  return bundle;
}

Status BundleStore::write(const fs::path& root, const Bundle& bundle) const {
  std::error_code error;
  if (fs::is_directory(bundle.path, error)) {
    mark_used(bundle.path);
    return {};
  }
  const fs::path temporary = folder_ / (std::string(kTemporary) + random_token(16));
  if (auto made = make_folder(temporary); !made) return made;
  auto copy_all = [&]() -> Status {
    for (const BundleFile& file : bundle.files) {
      if (auto copied = copy_file(root, file, temporary); !copied) return copied;
    }
    if (auto synced = sync_copy(temporary, bundle.files); !synced) return synced;
    fs::rename(temporary, bundle.path, error);
    const bool exists = fs::is_directory(bundle.path);
    if (error && !exists) return fail(from_errno("rename to", bundle.path.string(), error.value()));
    return sync_path(folder_);
  };
  Status status = copy_all();
  if (auto removed = remove_tree(temporary); status && !removed) status = removed;
  return status;
}

Result<size_t> BundleStore::collect(const std::set<std::string>& paths_in_use, Time before) const {
  size_t count = 0;
  std::error_code error;
  for (const auto& entry : list_folder(folder_, error)) {
    if (paths_in_use.contains(entry.path().string()) || last_used(entry.path()) >= before) continue;
    if (auto removed = remove_renamed(entry.path()); !removed) return fail(removed);
    ++count;
  }
  return count;
}

}  // namespace leoflow
