// SPDX-License-Identifier: Apache-2.0
#include "model/ids.h"

namespace leoflow {
namespace {

constexpr size_t kKeyBytesMax = 250;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string to_string(const TaskInstanceName& name) {
  std::string text = name.dag_id + "/" + name.run_id + "/" + name.task_id;
  if (name.map_index != kUnmapped) text += "[" + std::to_string(name.map_index) + "]";
  return text;
}

bool valid_key(std::string_view text) {
  if (text.empty() || text.size() > kKeyBytesMax) return false;
  for (char c : text) {
    bool beyond_ascii = static_cast<unsigned char>(c) >= 0x80;
    if (!is_alphanumeric(c) && !beyond_ascii && c != '_' && c != '.' && c != '-') return false;
  }
  return true;
}

bool valid_run_id(std::string_view text) {
  constexpr std::string_view others = "_.~:+-";
  if (text.empty() || text.size() > kKeyBytesMax) return false;
  for (char c : text) {
    if (!is_alphanumeric(c) && others.find(c) == others.npos) return false;
  }
  return true;
}

}  // namespace leoflow
