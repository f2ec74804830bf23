// SPDX-License-Identifier: Apache-2.0
// Any text as a connection: an error that does not repeat it, or a connection whose own text reads
// back as the same one.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "secrets/connection_text.h"
#include "secrets/masking.h"

namespace {

// Whether an error of ours says it whatever the text was: a part of a sentence or of the hint.
bool said_anyway(std::string_view words) {
  for (const char* wrong : {"", "a://b:c", "a://b://c://d", "a://b@c://d", "{"}) {
    auto refused = leoflow::parse_connection("c", wrong);
    if (!refused && refused.error().text().find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kToldMin = 12;  // shorter texts are part of any sentence
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto connection = leoflow::parse_connection("c", text);
  if (!connection) {
    bool told = size >= kToldMin && connection.error().text().find(text) != std::string::npos;
    CHECK(!told || said_anyway(text));
    return 0;
  }
  std::string json = leoflow::connection_json(*connection);
  auto again = leoflow::parse_connection("c", json);
  CHECK(again && leoflow::connection_json(*again) == json);
  CHECK(leoflow::parse_connection("c", leoflow::connection_uri(*connection)).has_value());
  leoflow::mask_extra(connection->extra);
  return 0;
}
