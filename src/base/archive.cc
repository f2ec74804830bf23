// SPDX-License-Identifier: Apache-2.0
#include "base/archive.h"

#include <charconv>

namespace leoflow {
namespace {

// Splits a length-prefixed field "N:" off the front.
Result<std::string_view> take_field(std::string_view& rest) {
  size_t size = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
  size_t digits = size_t(end - rest.data());
  bool whole = error == std::errc() && digits < rest.size() && *end == ':';
  if (!whole || size > rest.size() - digits - 1)
    return fail(Code::internal, "a folder packed into this program is damaged");
  std::string_view field = rest.substr(digits + 1, size);
  rest.remove_prefix(digits + 1 + size);
  return field;
}

}  // namespace

Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes) {
  std::vector<ArchiveFile> files;
  while (!bytes.empty()) {
    auto path = take_field(bytes);
    auto content = path ? take_field(bytes) : path;
    if (!content) return fail(content);
    files.push_back({*path, *content});
  }
  return files;
}

}  // namespace leoflow
