// SPDX-License-Identifier: Apache-2.0
#include "api/host_name.h"

#include <algorithm>
#include <cctype>

namespace leoflow::api {
namespace {

constexpr size_t kPortDigitsMax = 5;

bool all_of(std::string_view text, std::string_view also) {
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || also.find(char(c)) != std::string_view::npos;
  });
}

bool is_port(std::string_view text) {
  return text.empty() || (text.size() > 1 && text.size() <= kPortDigitsMax + 1 && text[0] == ':' &&
                          std::ranges::all_of(text.substr(1), [](unsigned char c) {
                            return std::isdigit(c) != 0;
                          }));
}

}  // namespace

bool is_host(std::string_view text) {
  if (text.size() > kHostBytesMax) return false;
  if (text.starts_with('[')) {
    size_t end = text.find(']');
    return end != std::string_view::npos && all_of(text.substr(1, end - 1), ":.") &&
           is_port(text.substr(end + 1));
  }
  size_t colon = std::min(text.find(':'), text.size());
  return all_of(text.substr(0, colon), "-._") && is_port(text.substr(colon));
}

}  // namespace leoflow::api
