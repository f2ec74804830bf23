// SPDX-License-Identifier: Apache-2.0
// What parses is written so that it parses to the same value; any bytes can be written as a string.
#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto value = leoflow::json::parse(text)) {
    auto again = leoflow::json::parse(leoflow::json::dump(*value));
    CHECK(again && *again == *value);
  }
  leoflow::json::Writer writer;
  writer.string(text);
  auto quoted = leoflow::json::parse(writer.take());
  CHECK(quoted && quoted->as_string() == leoflow::replace_invalid_utf8(text));
  return 0;
}
