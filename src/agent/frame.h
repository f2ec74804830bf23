// SPDX-License-Identifier: Apache-2.0
// Frames between the agent and the Python processes: 4 bytes of length (big endian) and a JSON
// object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow {

constexpr size_t kFrameBytesMax = size_t(64) << 20;

// Requires: json.size() <= kFrameBytesMax.
std::string encode_frame(std::string_view json);

// Cuts a byte stream into frames. Value type, not thread-safe.
class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame's JSON text, nullopt when more bytes are needed; `exhausted` when a frame
  // is announced that is longer than kFrameBytesMax (the stream is useless then).
  Result<std::optional<std::string>> next();

 private:
  std::string buffer_;
  size_t start_ = 0;
};

// An object's text with the value of one top-level member taken out (null in its place): large
// values are passed on as they are, digit for digit, instead of through a tree.
struct TakenMember {
  std::string rest;
  std::string value;  // JSON text; empty when there is no such member
};
// `invalid` when the text is not an object at its top level. What is inside the value and the rest
// is not checked.
Result<TakenMember> take_member(std::string_view object, std::string_view name);

// An object's text with members appended ("\"a\":1,\"b\":2"); a later duplicate wins for Python's
// parser. Requires: `members` is valid and not empty. `invalid` when `object` does not end as an
// object.
Result<std::string> append_members(std::string_view object, std::string_view members);

}  // namespace leoflow
