// SPDX-License-Identifier: Apache-2.0
#include "api/page.h"

#include <algorithm>
#include <array>

#include "api/etag.h"
#include "api/gzip.h"
#include "api/problem.h"
#include "base/crypto.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kAssets = "assets/";  // files named by their content
constexpr std::string_view kPacked = ".gz";

constexpr std::string_view kNoPage =
    "This is the Leoflow API; its document is at /openapi.json.\n"
    "This program was built without the web page. To get it: cmake --preset release (or "
    "-DLEOFLOW_UI=ON), "
    "then build again.\n";

// The page brings all it needs; styles are set by scripts, so they alone may be inline.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

struct Kind {
  std::string_view extension, type;
};
constexpr std::array<Kind, 14> kKinds{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
}};

// Empty for extensions that no file of a page has.
std::string_view type_of(std::string_view path) {
  auto found = std::ranges::find_if(
      kKinds, [&](const Kind& kind) { return path.ends_with(kind.extension); });
  return found == kKinds.end() ? std::string_view() : found->type;
}

Response text_response(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return response;
}

std::string joined(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments) path += (path.empty() ? "" : "/") + segment;
  return path;
}

// Names of runs and DAGs have dots too: only what looks like a file of the page is one. The address
// of an asset that tasks make, /assets/3, has none.
bool wants_file(const std::vector<std::string>& segments, std::string_view path) {
  bool top = segments.size() == 1 && !type_of(path).empty();
  return top || (path.starts_with(kAssets) && path.contains('.'));
}

}  // namespace

WebPage::WebPage(const std::vector<ArchiveFile>& files) {
  for (const ArchiveFile& file : files) {
    if (file.path.ends_with(kPacked)) {
      std::string_view path = file.path.substr(0, file.path.size() - kPacked.size());
      files_[std::string(path)].packed = file.content;
      continue;
    }
    File& known = files_[std::string(file.path)];
    known.plain = file.content;
    // The name of an asset changes with its content.
    bool named = file.path.starts_with(kAssets);
    known.tag = named ? file.path.substr(kAssets.size()) : sha256_hex(file.content).substr(0, 16);
  }
}

bool WebPage::may_be_page(const std::vector<std::string>& segments) {
  return segments.empty() || (segments[0] != "api" && segments[0] != "auth");
}

const WebPage::File* WebPage::find(std::string_view path) const {
  auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

Response WebPage::serve(const Request& request, const std::vector<std::string>& segments) const {
  bool slash = std::ranges::any_of(segments, [](const std::string& s) { return s.contains('/'); });
  if (slash) return problem(400, "an escaped slash is not allowed in this path");
  if (!find(kIndex))
    return segments.empty() ? text_response(200, kNoPage) : problem(404, "Not Found");
  std::string path = joined(segments);
  const File* file = find(path);
  if (!file && wants_file(segments, path)) return problem(404, "Not Found");
  if (!file) {
    path += "/" + std::string(kIndex);  // a page of its own: docs
    file = find(path);
  }
  if (!file) {
    path = kIndex;
    file = find(kIndex);
  }
  Response response;
  bool asset = path.starts_with(kAssets);
  response.headers = {
      {"Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache"},
      {"ETag", "\"" + file->tag + "\""},
      {"Vary", "Accept-Encoding"},
      {"Content-Security-Policy", std::string(kContentPolicy)},
      {"Referrer-Policy", "same-origin"},
  };
  if (matches_etag(request.header("if-none-match"), file->tag)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  std::string_view type = type_of(path);
  response.content_type = type.empty() ? "application/octet-stream" : type;
  bool packed = !file->packed.empty() && accepts_gzip(request.header("accept-encoding"));
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = packed ? file->packed : file->plain;
  return response;
}

}  // namespace leoflow::api
