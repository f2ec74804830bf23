// SPDX-License-Identifier: Apache-2.0
// A folder as one stream of bytes: how bundles, environments and the Python side travel to pods.
//
// "leoflow archive 1\n", then entries in the order of their paths, parents first:
//   'd' path                        a folder
//   'f' or 'x' path time size bytes a file, 'x' with the right to execute it
//   'e'                             the end, nothing follows
// path is a 2-byte length and that many bytes, time 8 bytes (seconds since the epoch, 0 = not
// kept), size 8 bytes; numbers big-endian. There are no links, so nothing can lead out of the
// folder. Times matter to Python, which trusts a compiled file only beside a source of that time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

constexpr size_t kTreePathBytesMax = 1024;
constexpr size_t kTreeDepthMax = 64;

struct TreeLimits {
  size_t entries_max = 300'000;
  uint64_t bytes_max = uint64_t(16) << 30;  // of all files
};

struct PackedTree {
  std::string sha256;  // hex, of the archive's bytes
  uint64_t bytes = 0;
};

// Writes the archive of a folder. Links to files are packed as the files, links to folders and what
// is neither file nor folder are left out. `exhausted` past the limits, `unavailable` when a file
// changes meanwhile.
Result<PackedTree> pack_tree(const fs::path& folder, int out, bool keep_times,
                             const TreeLimits& limits = {});

// Writes an archive's files below a folder as its bytes arrive, and hashes them. Any thread, one at
// a time. After an error, and until finish() says so, what is in the folder is not to be used.
class TreeUnpacker {
 public:
  // Requires: the folder exists, is empty, and nobody else writes there.
  explicit TreeUnpacker(const fs::path& folder, TreeLimits limits = {});

  // `invalid` for anything that is not an archive of ours, `exhausted` past the limits, else the
  // error of the disk.
  Status feed(std::string_view bytes);
  // `invalid` when the end is missing or the hash is another.
  Status finish(std::string_view sha256_hex);

 private:
  enum class Step { magic, kind, path, head, content, end };
  Status step();
  Status take_kind();
  Status take_path();
  Status take_head();
  Status take_content(std::string_view& bytes);
  Status close_file();
  Status check_path() const;

  TreeLimits limits_;
  std::string where_;  // for messages
  Fd root_, file_;
  Sha256 hash_;
  Step step_ = Step::magic;
  std::string field_;   // of what is being read
  size_t field_bytes_;  // until it is whole
  char kind_ = 0;
  std::string path_;
  int64_t time_ = 0;
  uint64_t left_ = 0;  // of the file
  uint64_t bytes_ = 0;
  size_t entries_ = 0;
};

}  // namespace leoflow
