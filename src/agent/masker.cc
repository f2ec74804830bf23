// SPDX-License-Identifier: Apache-2.0
#include "agent/masker.h"

#include <algorithm>

namespace leoflow {

void Masker::add(std::string_view secret) {
  add_one(secret);
  if (secret.find('\n') == secret.npos) return;
  while (!secret.empty()) {
    size_t end = std::min(secret.find('\n'), secret.size());
    std::string_view line = secret.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    add_one(line);
    secret.remove_prefix(std::min(end + 1, secret.size()));
  }
}

void Masker::add_one(std::string_view secret) {
  if (secret.size() < kMaskBytesMin || count_ >= kMaskTextsMax) return;
  auto& bucket = by_first_byte_[uint8_t(secret[0])];
  if (std::find(bucket.begin(), bucket.end(), secret) != bucket.end()) return;
  auto place = std::find_if(bucket.begin(), bucket.end(),
                            [&](auto& other) { return other.size() < secret.size(); });
  bucket.insert(place, std::string(secret));
  ++count_;
}

size_t Masker::match(std::string_view text) const {
  for (const std::string& secret : by_first_byte_[uint8_t(text[0])]) {
    if (text.starts_with(secret)) return secret.size();
  }
  return 0;
}

std::string Masker::apply(std::string_view text) const {
  std::string masked;
  if (count_ == 0) return masked.assign(text);
  masked.reserve(text.size());
  size_t copied = 0;
  for (size_t at = 0; at < text.size();) {
    size_t length = match(text.substr(at));
    if (length == 0) {
      ++at;
      continue;
    }
    masked.append(text.substr(copied, at - copied)).append("***");
    at += length;
    copied = at;
  }
  return masked.append(text.substr(copied));
}

}  // namespace leoflow
