// SPDX-License-Identifier: Apache-2.0
#include "api/etag.h"

#include <algorithm>
#include <functional>

#include "base/crypto.h"

namespace leoflow::api {
namespace {

// Tells apart two bodies of one address; nobody is harmed by who makes them equal on purpose.
std::string tag_of(std::string_view body) {
  uint64_t parts[] = {std::hash<std::string_view>()(body), body.size()};
  return hex({reinterpret_cast<const char*>(parts), sizeof parts});
}

}  // namespace

bool matches_etag(std::string_view header, std::string_view tag) {
  while (!header.empty()) {
    size_t comma = std::min(header.find(','), header.size());
    std::string_view part = header.substr(0, comma);
    header.remove_prefix(std::min(comma + 1, header.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (part == "*") return true;
    if (part.starts_with("W/")) part.remove_prefix(2);
    bool quoted = part.size() >= 2 && part.starts_with('"') && part.ends_with('"');
    if (quoted && part.substr(1, part.size() - 2) == tag) return true;
  }
  return false;
}

void tag_response(const Request& request, Response& response, bool secret) {
  bool read = request.method == Method::get || request.method == Method::head;
  bool tagged = has_header(response, "ETag");
  if (!read || tagged || response.stream || response.status != 200) return;
  std::string tag = tag_of(response.body);
  response.headers.emplace_back("ETag", "W/\"" + tag + "\"");
  if (!secret && !has_header(response, "Cache-Control"))
    response.headers.emplace_back("Cache-Control", "private, no-cache");
  if (!matches_etag(request.header("if-none-match"), tag)) return;
  response.status = 304;
  response.content_type.clear();
  response.body.clear();
}

}  // namespace leoflow::api
