// SPDX-License-Identifier: Apache-2.0
// A folder that is removed with its owner.
#pragma once

#include <stdlib.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "main/host.h"

namespace leoflow {

class TemporaryFolder {
 public:
  // Below $TMPDIR or /tmp, for this user only.
  static Result<TemporaryFolder> make(const std::string& name) {
    std::string path = (fs::path(variable_or("TMPDIR", "/tmp")) / (name + "-XXXXXX")).string();
    if (mkdtemp(path.data()) == nullptr) return fail(from_errno("create a folder like", path));
    return TemporaryFolder(path);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~TemporaryFolder() {
    if (!path_.empty()) static_cast<void>(remove_tree(path_));
  }
  const fs::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

}  // namespace leoflow
