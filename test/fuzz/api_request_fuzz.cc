// SPDX-License-Identifier: Apache-2.0
// Request targets, Accept headers and JSON bodies as any client may send them: no crash, and what
// is accepted is sound.
#include <cstdint>
#include <string_view>

#include "api/params_check.h"
#include "api/routes.h"
#include "api/url.h"
#include "base/check.h"

using namespace leoflow;
using namespace leoflow::api;

namespace {

void fuzz_target(const Router& router, std::string_view text) {
  auto url = parse_url(text);
  if (!url) return;
  for (const auto& segment : url->segments)
    CHECK(!segment.empty() && segment != "." && segment != "..");
  auto found = router.find(Method::get, url->segments);
  if (found.route) check_query(*found.route, url->query);
}

void fuzz_body(const Router& router, std::string_view text) {
  for (const auto& route : router.routes()) {
    if (route->body.empty()) continue;
    Request request{.body = std::string(text)};
    json::object body;
    auto refused = read_body(*route, router, request, body);
    if (refused) CHECK(refused->status >= 400 && json::parse(refused->body).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Router& router = []() -> const Router& {
    static Router filled;
    add_all_routes(filled);
    return filled;
  }();
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) fuzz_target(router, text);
  if (data[0] % 3 == 1) fuzz_body(router, text);
  if (data[0] % 3 == 2) choose_content_type({"application/json", "text/plain"}, text);
  return 0;
}
