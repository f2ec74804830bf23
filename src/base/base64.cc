// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <algorithm>

#include "base/crypto.h"

namespace leoflow {

std::string base64(std::string_view bytes) {
  std::string text = base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string url(text);
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return from_base64url(url);
}

}  // namespace leoflow
