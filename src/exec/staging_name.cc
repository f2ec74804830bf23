// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/crypto.h"
#include "exec/staging_name.h"

namespace leoflow {
namespace {

constexpr size_t kHashDigits = 10;

bool plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Lower case, every run of other characters as one "-", none at either end.
std::string sanitised(std::string_view text, size_t bytes_max) {
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (plain(c))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == bytes_max) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

}  // namespace

std::string staging_name(std::string_view dag_id, std::string_view run_id) {
  constexpr size_t kPartMax = (kStagingNameBytesMax - kHashDigits - 2) / 2;
  std::string name;
  for (std::string_view part : {dag_id, run_id}) {
    const std::string text = sanitised(part, kPartMax);
    if (!text.empty()) name += text + "-";
  }
  std::string both(dag_id);
  both += '\0';
  both += run_id;
  return name + sha256_hex(both).substr(0, kHashDigits);
}

bool valid_staging_name(std::string_view name) {
  if (name.empty() || name.size() > kStagingNameBytesMax || name.front() == '-' ||
      name.back() == '-')
    return false;
  return std::ranges::all_of(name, [](char c) { return plain(c) || c == '-'; });
}

}  // namespace leoflow
