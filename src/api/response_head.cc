// SPDX-License-Identifier: Apache-2.0
#include "api/response_head.h"

#include "api/gzip.h"

namespace leoflow::api {
namespace {

// For whatever a browser might take an answer for.
constexpr std::string_view kContentPolicyLine =
    "Content-Security-Policy: default-src 'self'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'\r\n";
// Browsers that came by https once come by nothing else for a year.
constexpr std::string_view kStrictTransportLine = "Strict-Transport-Security: max-age=31536000\r\n";
constexpr size_t kHeadBytesUsual = 640;

}  // namespace

std::string response_head(const Response& response, const HeadFacts& facts) {
  std::string text;
  text.reserve(kHeadBytesUsual);
  text.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  text.append(status_text(response.status));
  text += "\r\nServer: leoflow\r\nX-Content-Type-Options: nosniff\r\n";
  if (!response.content_type.empty())
    text.append("Content-Type: ").append(response.content_type).append("\r\n");
  for (const auto& [name, value] : response.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  if (!has_header(response, "Content-Security-Policy")) text += kContentPolicyLine;
  if (!has_header(response, "Referrer-Policy")) text += "Referrer-Policy: same-origin\r\n";
  if (!has_header(response, "Cache-Control")) text += "Cache-Control: no-store\r\n";
  if (facts.secure) text += kStrictTransportLine;
  if (facts.packed) text += "Content-Encoding: gzip\r\n";
  if (facts.body_bytes >= kGzipBytesMin && !has_header(response, "Vary"))
    text += "Vary: Accept-Encoding\r\n";
  if (response.stream) {
    if (facts.chunked) text += "Transfer-Encoding: chunked\r\n";
  } else if (response.status != 204 && response.status != 304) {
    text.append("Content-Length: ").append(std::to_string(facts.body_bytes)).append("\r\n");
  }
  text += facts.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

}  // namespace leoflow::api
