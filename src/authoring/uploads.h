// SPDX-License-Identifier: Apache-2.0
// Archives on their way in, part by part: FOLDER/<sha256>.part while they grow, FOLDER/<sha256>
// once they are whole. What nobody finishes or uses goes after kUploadKept.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "model/deployment.h"

namespace leoflow {

constexpr size_t kUploadsMax = 32;  // archives at once, whole or not
constexpr Duration kUploadKept = std::chrono::hours(1);

// Any thread, one at a time. A new one begins with an empty folder: clients send again.
class Uploads {
 public:
  Uploads(fs::path folder, const Clock& clock);

  // Takes the next part. `invalid` for a hash that is none, a size past kUploadBytesMax or another
  // than before, or a whole archive with another hash (it is thrown away); `conflict` when the part
  // does not begin where the last one ended (the message says where); `exhausted` when there are
  // too many. A part that is there already changes nothing.
  Result<UploadState> append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                             std::string_view part);
  // `not_found` when there is nothing of it.
  Result<UploadState> state(const std::string& sha256) const;
  // The whole archive's file. `not_found`.
  Result<fs::path> find(const std::string& sha256) const;
  // Removes what was not touched for kUploadKept.
  void sweep();

 private:
  fs::path part_of(const std::string& sha256) const { return folder_ / (sha256 + ".part"); }
  Status check_room(const std::string& sha256) const;
  Status finish(const std::string& sha256);

  fs::path folder_;
  const Clock& clock_;
};

}  // namespace leoflow
