// SPDX-License-Identifier: Apache-2.0
// Archives of folders that pods fetch: each made once, kept on the server's disk under the hash of
// its bytes. Cache: what is gone is made again for the next attempt.
//
// Layout: FOLDER/<sha256> is an archive, FOLDER/<key>.key names the one of a source,
// FOLDER/<key>.lock is held while it is made.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "rpc/archive_source.h"

namespace leoflow {

constexpr auto kArchiveWaitMax = std::chrono::minutes(10);  // for another process that makes it

// Any thread, any process.
class Archives : public ArchiveSource {
 public:
  explicit Archives(fs::path folder) : folder_(std::move(folder)) {}

  // The folder to archive; called when its archive is to be made.
  using Source = std::function<Result<fs::path>()>;

  // The hash of the archive of a folder whose content never changes; `key` names that content and
  // is a file name. Made on first use. Blocks as long as reading it all takes.
  Result<std::string> ensure(const std::string& key, const Source& source);
  Result<fs::path> find(const std::string& sha256) override;
  // Removes what nobody asked for since then; how many archives.
  size_t collect(Time before) const;

 private:
  std::string known(const std::string& key) const;
  Result<std::string> make(const std::string& key, const fs::path& source);

  fs::path folder_;
};

}  // namespace leoflow
