// SPDX-License-Identifier: Apache-2.0
// Bundles: immutable copies of a project's source, one folder per content hash, written once and
// shared by versions.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "authoring/ignore_rules.h"
#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace leoflow {

constexpr size_t kBundleFilesMax = 5'000;
constexpr uint64_t kBundleBytesMax = 100 * 1024 * 1024;
constexpr size_t kBundleDepthMax = 32;

// Names relative to a root, sorted; what a bundle is made of.
using SourceFiles = std::vector<std::string>;

// Which files of a folder tree to take. Symbolic links are followed, a folder is entered once.
struct SourceFilter {
  IgnoreRules ignore;
  std::function<bool(const std::string& name)> wants_file;    // unset = all
  std::function<bool(const std::string& name)> wants_folder;  // unset = all
};
// `exhausted` past kBundleFilesMax files or kBundleBytesMax bytes; the hint names exclude_paths.
Result<SourceFiles> list_source_files(const fs::path& root, const SourceFilter& filter);
// The rules for what never belongs in a bundle (.git, __pycache__, *.pyc, .venv, venv, ...), plus
// more globs.
IgnoreRules bundle_ignore_rules(const std::vector<std::string>& exclude_paths);

struct BundleFile {
  std::string name;
  std::string sha256;  // hex, of the content
  bool executable = false;
};

struct Bundle {
  std::string hash;  // over names and contents only
  fs::path path;
  std::vector<BundleFile> files;
};

// Any thread, any process: writers of the same content do not disturb each other.
class BundleStore {
 public:
  explicit BundleStore(fs::path folder) : folder_(std::move(folder)) {}

  // Reads the files and says which bundle they are; writes nothing. `not_found` for a file that has
  // gone meanwhile.
  Result<Bundle> describe(const fs::path& root, const SourceFiles& files) const;
  // Makes sure that the bundle exists on disk, whole and durable. `unavailable` when a file changed
  // since describe().
  Status write(const fs::path& root, const Bundle& bundle) const;
  // Removes bundles whose folder is not in use and was last used before the given time; returns how
  // many.
  Result<size_t> collect(const std::set<std::string>& paths_in_use, Time before) const;

  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

}  // namespace leoflow
