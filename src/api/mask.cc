// SPDX-License-Identifier: Apache-2.0
#include "api/mask.h"

#include <algorithm>
#include <array>

namespace leoflow::api {
namespace {

constexpr std::array<std::string_view, 11> kSensitive{
    "access_token", "api_key",     "apikey", "authorization", "passphrase",  "passwd",
    "password",     "private_key", "secret", "token",         "keyfile_dict"};
constexpr std::string_view kServiceAccount = "service_account";

void mask_in_place(json::value& value) {
  if (value.is_array()) {
    for (json::value& item : value.get_array()) mask_in_place(item);
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) {
      if (sensitive_name(member.key()) && !member.value().is_null()) {
        member.value() = kMask;
      } else if (member.key() == "extra" && member.value().is_string()) {
        member.value() = masked_extra(std::string(member.value().get_string()));
      } else {
        mask_in_place(member.value());
      }
    }
  }
}

void restore(json::object& given, const json::object& stored) {
  for (auto& member : given) {
    const json::value* before = stored.if_contains(member.key());
    if (!before) continue;
    bool hidden = member.value().is_string() && member.value().get_string() == kMask;
    if (hidden && sensitive_name(member.key())) {
      member.value() = *before;
    } else if (member.value().is_object() && before->is_object()) {
      restore(member.value().get_object(), before->get_object());
    }
  }
}

json::object unmasked_members(const json::object& from) {
  json::object kept;
  for (const auto& member : from) {
    const json::value& value = member.value();
    if (value == json::value(kMask) && sensitive_name(member.key())) continue;
    kept[member.key()] =
        value.is_object() ? json::value(unmasked_members(value.get_object())) : value;
  }
  return kept;
}

}  // namespace

bool sensitive_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return char(tolower(c)); });
  auto contains = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
  return std::ranges::any_of(kSensitive, contains) || contains(kServiceAccount);
}

json::value masked(const json::value& value) {
  json::value copy = value;
  mask_in_place(copy);
  return copy;
}

std::string masked_extra(const std::string& extra) {
  if (extra.empty()) return {};
  auto parsed = json::parse(extra);
  if (!parsed || !parsed->is_object()) return std::string(kMask);
  return json::dump(masked(*parsed));
}

std::string without_masks(const std::string& extra) {
  if (extra == kMask) return {};
  auto parsed = json::parse(extra);
  if (!parsed || !parsed->is_object()) return extra;
  json::object kept = unmasked_members(parsed->get_object());
  return kept.empty() ? std::string() : json::dump(json::value(kept));
}

std::string unmasked_extra(const std::string& given, const std::string& stored) {
  if (given == kMask) return stored;
  auto update = json::parse(given);
  auto before = json::parse(stored);
  if (!update || !before || !update->is_object() || !before->is_object()) return given;
  restore(update->get_object(), before->get_object());
  return json::dump(*update);
}

}  // namespace leoflow::api
