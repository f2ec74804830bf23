// SPDX-License-Identifier: Apache-2.0
#include "api/url.h"

#include <algorithm>

#include "api/http.h"
#include "base/utf8.h"

namespace leoflow::api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Result<std::string> decode_segment(std::string_view raw) {
  auto text = percent_decode(raw, false);
  if (!text) return fail(text);
  if (text->empty()) return fail(Code::invalid, "the path has an empty segment");
  if (*text == "." || *text == "..")
    return fail(Code::invalid, "dot segments are not allowed in the path");
  if (std::ranges::any_of(*text, is_control) || text->find('\\') != std::string::npos ||
      !valid_utf8(*text)) {
    return fail(Code::invalid, "the path has a character that is not allowed");
  }
  return text;
}

Status read_path(std::string_view path, Url& url) {
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    if (url.segments.size() == kPathSegmentsMax)
      return fail(Code::invalid, "the path has too many segments");
    size_t end = path.find('/');
    auto segment = decode_segment(path.substr(0, end));
    if (!segment) return fail(segment);
    url.segments.push_back(std::move(*segment));
    if (end == std::string_view::npos) return {};
    path.remove_prefix(end + 1);
    if (path.empty()) return fail(Code::invalid, "the path has an empty segment");
  }
  return {};
}

Status read_query(std::string_view query, Url& url) {
  while (!query.empty()) {
    size_t end = query.find('&');
    std::string_view part = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (part.empty()) continue;
    if (url.query.size() == kQueryParamsMax)
      return fail(Code::invalid, "the query has too many parameters");
    size_t equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    if (!name) return fail(name);
    auto text =
        percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1), true);
    if (!text) return fail(text);
    if (!valid_utf8(*name) || !valid_utf8(*text) || text->find('\0') != std::string::npos) {
      return fail(Code::invalid, "the query has a character that is not allowed");
    }
    url.query.emplace_back(std::move(*name), std::move(*text));
  }
  return {};
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Code::invalid, "broken percent escape in the URL");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<Url> parse_url(std::string_view target) {
  if (target.size() > kUrlBytesMax) return fail(Code::invalid, "the URL is too long");
  if (target.empty() || target[0] != '/')
    return fail(Code::invalid, "the request target must start with /");
  if (std::ranges::any_of(target, is_control) || target.find('#') != std::string_view::npos) {
    return fail(Code::invalid, "the URL has a character that is not allowed");
  }
  Url url;
  size_t question = target.find('?');
  if (auto status = read_path(target.substr(0, question), url); !status) return fail(status);
  if (question == std::string_view::npos) return url;
  if (auto status = read_query(target.substr(question + 1), url); !status) return fail(status);
  return url;
}

}  // namespace leoflow::api
