// SPDX-License-Identifier: Apache-2.0
// Any bytes as a request, however they are cut: what is read does not depend on the cuts, and
// whoever claims to be a proxy stays within what may be believed.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/host_name.h"
#include "api/proxies.h"
#include "api/request_reader.h"
#include "base/check.h"

namespace {

using leoflow::api::RequestReader;

constexpr size_t kHeaderBytesMax = 4096, kBodyBytesMax = 8192;

// The request that the bytes are, given in pieces of at most `step`; empty = none. Whether wrong
// ones are refused at once or more is waited for does depend on the pieces.
std::string read_in_pieces(std::string_view bytes, size_t step) {
  RequestReader reader(kHeaderBytesMax, kBodyBytesMax);
  RequestReader::ErrorCode error;
  std::string waiting;
  while (!reader.done()) {
    size_t used = waiting.empty() ? 0 : reader.feed(waiting, error);
    waiting.erase(0, used);
    if (error) return {};
    if (reader.takes_header() && !reader.wrong_headers().empty()) return {};
    CHECK(reader.body_bytes() <= kBodyBytesMax);
    if (used > 0) continue;
    if (bytes.empty()) return {};
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  leoflow::api::Request request = reader.release();
  CHECK(request.host.empty() || leoflow::api::is_host(request.host));
  return request.target + " " + request.host + " " + request.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  CHECK(read_in_pieces(text, 1) == read_in_pieces(text, size + 1));
  auto trusted = leoflow::api::TrustedProxies::parse({"10.0.0.0/8", "fd00::/8"});
  for (const char* peer : {"10.0.0.1", "203.0.113.1"}) {
    auto origin = trusted->origin({peer, "own", false}, {text, text, text});
    CHECK(leoflow::api::IpAddress::parse(origin.address).has_value());
    CHECK(leoflow::api::is_host(origin.host));
    CHECK(peer[0] == '1' || (origin.address == peer && !origin.secure));
  }
  return 0;
}
