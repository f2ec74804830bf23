// SPDX-License-Identifier: Apache-2.0
// What Python processes may send: frames come out the same however the bytes are cut, and a member
// is taken out of any object.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/frame.h"
#include "base/check.h"
#include "base/json.h"

namespace {

std::vector<std::string> frames_of(std::string_view bytes, size_t piece) {
  leoflow::FrameReader reader;
  std::vector<std::string> frames;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    while (true) {
      auto frame = reader.next();
      if (!frame) return frames;
      if (!*frame) break;
      frames.push_back(std::move(**frame));
    }
  }
  return frames;
}

void take_members(std::string_view text) {
  auto taken = leoflow::take_member(text, "value");
  auto whole = leoflow::json::parse(text);
  if (!whole || !whole->is_object()) return;
  CHECK(taken.has_value() && leoflow::json::parse(taken->rest).has_value());
  CHECK(taken->value.empty() || leoflow::json::parse(taken->value).has_value());
  auto longer = leoflow::append_members(text, "\"leoflow\":1");
  CHECK(longer.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto whole = frames_of(bytes, size + 1);
  CHECK(frames_of(bytes, 1) == whole);
  for (const std::string& frame : whole) {
    CHECK(frames_of(leoflow::encode_frame(frame), size + 8) == std::vector<std::string>{frame});
    take_members(frame);
  }
  take_members(bytes);
  return 0;
}
