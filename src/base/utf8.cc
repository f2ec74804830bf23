// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

namespace leoflow {
namespace {

// What may follow a lead byte: the length of the sequence and the range of its second byte (Unicode
// table 3-7).
struct Lead {
  size_t length;
  unsigned char second_min, second_max;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step utf8_step(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  Lead lead = lead_of(byte(0));
  if (lead.length == 0) return {1, false};
  size_t length = 1;
  for (; length < lead.length; ++length) {
    unsigned char low = length == 1 ? lead.second_min : 0x80;
    unsigned char high = length == 1 ? lead.second_max : 0xBF;
    if (length == text.size() || byte(length) < low || byte(length) > high) return {length, false};
  }
  return {length, true};
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    Utf8Step step = utf8_step(text);
    if (!step.valid) return false;
    text.remove_prefix(step.length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Utf8Step step = utf8_step(text);
    out.append(step.valid ? text.substr(0, step.length) : kReplacementCharacter);
    text.remove_prefix(step.length);
  }
  return out;
}

}  // namespace leoflow
