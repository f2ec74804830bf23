// SPDX-License-Identifier: Apache-2.0
#include "authoring/uploads.h"

#include <fcntl.h>

#include <algorithm>

#include "authoring/file_age.h"
#include "authoring/listing.h"
#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr size_t kHashDigits = 64;

bool is_hash(const std::string& text) {
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == kHashDigits && std::ranges::all_of(text, hex);
}

uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

Uploads::Uploads(fs::path folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {
  // What cannot be removed or made now is told when a part is to be written.
  static_cast<void>(remove_tree(folder_));
  static_cast<void>(make_folder(folder_, 0700));
}

Result<UploadState> Uploads::append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                                    std::string_view part) {
  if (!is_hash(sha256)) return fail(Code::invalid, "an archive is named by its SHA-256 in hex");
  if (bytes > kUploadBytesMax || part.size() > kUploadPartBytesMax) {
    return fail(Code::invalid,
                "the archive is too large: at most " + std::to_string(kUploadBytesMax >> 20) +
                    " MiB, in parts of " + std::to_string(kUploadPartBytesMax >> 20) + " MiB",
                "leave data out with exclude_paths: in leoflow.yaml");
  }
  if (find(sha256)) return state(sha256);
  sweep();
  if (auto room = check_room(sha256); !room) return fail(room);
  const fs::path path = part_of(sha256);
  const uint64_t have = size_of(path);
  const bool known = offset < have && offset + part.size() <= have;
  if (!known && offset != have) {
    return fail(Code::conflict, "the next part of the archive begins at byte " +
                                    std::to_string(have) + ", not at " + std::to_string(offset));
  }
  if (offset + part.size() > bytes)
    return fail(Code::invalid, "the part goes beyond the end of the archive");
  if (!known) {
    const Fd out(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!out) return fail(from_errno("create", path.string()));
    if (auto written = write_all(out.get(), part, path.string()); !written) {
      static_cast<void>(remove_tree(path));  // half a part cannot be told from a whole one
      return fail(written);
    }
  }
  if (size_of(path) == bytes) {
    if (auto finished = finish(sha256); !finished) return fail(finished);
  }
  return UploadState{sha256, bytes, size_of(find(sha256).value_or(path)), find(sha256).has_value()};
}

Status Uploads::check_room(const std::string& sha256) const {
  std::error_code error;
  if (fs::exists(part_of(sha256), error)) return {};
  if (list_folder(folder_, error).size() < kUploadsMax) return {};
  return fail(Code::exhausted,
              "there are " + std::to_string(kUploadsMax) + " uploads on their way already",
              "wait a moment; unfinished ones go after an hour");
}

Status Uploads::finish(const std::string& sha256) {
  const fs::path path = part_of(sha256);
  auto content = read_file(path, kUploadBytesMax);
  if (!content) return fail(content);
  if (sha256_hex(*content) != sha256) {
    static_cast<void>(remove_tree(path));
    return fail(Code::invalid, "the archive that arrived has another hash than announced",
                "send it again");
  }
  std::error_code error;
  fs::rename(path, folder_ / sha256, error);
  if (error) return fail(from_errno("rename", path.string(), error.value()));
  return {};
}

Result<UploadState> Uploads::state(const std::string& sha256) const {
  if (auto whole = find(sha256)) {
    const uint64_t bytes = size_of(*whole);
    return UploadState{sha256, bytes, bytes, true};
  }
  std::error_code error;
  if (!is_hash(sha256) || !fs::exists(part_of(sha256), error))
    return fail(Code::not_found, "there is no upload " + sha256);
  return UploadState{sha256, 0, size_of(part_of(sha256)), false};
}

Result<fs::path> Uploads::find(const std::string& sha256) const {
  std::error_code error;
  const fs::path path = folder_ / sha256;
  if (!is_hash(sha256) || !fs::is_regular_file(path, error))
    return fail(Code::not_found, "the archive " + sha256 + " was not uploaded", "upload it first");
  mark_used(path);
  return path;
}

void Uploads::sweep() {
  std::error_code error;
  for (const auto& entry : list_folder(folder_, error)) {
    if (last_used(entry.path()) + kUploadKept < clock_.now())
      static_cast<void>(remove_tree(entry.path()));
  }
}

}  // namespace leoflow
