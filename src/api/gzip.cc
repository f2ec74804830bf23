// SPDX-License-Identifier: Apache-2.0
#include "api/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace leoflow::api {

bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    size_t comma = std::min(header.find(','), header.size());
    std::string_view part = header.substr(0, comma);
    header.remove_prefix(std::min(comma + 1, header.size()));
    size_t semicolon = std::min(part.find(';'), part.size());
    std::string_view name = part.substr(0, semicolon);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name != "gzip" && name != "*") continue;
    std::string quality(part.substr(semicolon));
    std::erase(quality, ' ');
    return quality != ";q=0" && !quality.starts_with(";q=0.0");
  }
  return false;
}

std::string gzip(std::string_view text) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kLevel = 5;
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = uInt(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = uInt(out.size());
  int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? out : std::string();
}

}  // namespace leoflow::api
