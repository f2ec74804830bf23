// SPDX-License-Identifier: Apache-2.0
#include "async/http_url.h"

#include <algorithm>
#include <charconv>

namespace leoflow {
namespace {

constexpr uint16_t kHttpPort = 80, kHttpsPort = 443;

std::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return fail(Code::invalid, "'" + std::string(text.substr(0, 200)) +
                                 "' is not a URL to call: " + std::string(why));
}

bool parse_port(std::string_view text, uint16_t& port) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

std::string HttpUrl::authority() const {
  std::string out = host.contains(':') ? "[" + host + "]" : host;
  if (port != (tls ? kHttpsPort : kHttpPort)) out += ":" + std::to_string(port);
  return out;
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  HttpUrl url;
  std::string_view rest = text;
  if (rest.size() > kHttpUrlBytesMax) return bad_url(text, "it is too long");
  if (!printable(rest)) return bad_url(text, "it has a space or a control character");
  if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return bad_url(text, "it must begin with https:// or http://");
  }
  size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  url.target = end == rest.npos ? "/" : std::string(rest.substr(end));
  if (url.target[0] == '?') url.target.insert(0, "/");
  if (url.target.contains('#')) return bad_url(text, "it has a fragment");
  if (authority.contains('@')) return bad_url(text, "it has a user name");
  url.port = url.tls ? kHttpsPort : kHttpPort;
  size_t host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) {
    if (host_end == authority.npos) return bad_url(text, "a bracket is not closed");
    url.host = authority.substr(1, host_end - 1);
    ++host_end;
  } else {
    url.host = authority.substr(0, host_end);
  }
  if (url.host.empty()) return bad_url(text, "it names no host");
  if (host_end >= authority.size()) return url;
  if (authority[host_end] != ':' || !parse_port(authority.substr(host_end + 1), url.port))
    return bad_url(text, "its port is wrong");
  return url;
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-._~").contains(c);
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

}  // namespace leoflow
