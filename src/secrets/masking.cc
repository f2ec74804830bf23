// SPDX-License-Identifier: Apache-2.0
#include "secrets/masking.h"

#include <algorithm>

#include "base/json.h"
#include "secrets/percent.h"

namespace leoflow {
namespace {

constexpr std::string_view kSensitiveNames[] = {
    "access_token", "api_key",     "apikey", "authorization", "keyfile_dict",    "passphrase",
    "passwd",       "password",    "secret", "private_key",   "service_account", "token",
};

void add_text(std::string_view text, std::vector<std::string>& secrets) {
  if (text.size() < kMaskedLengthMin) return;
  secrets.emplace_back(text);
  std::string encoded = percent_encode(text);
  if (encoded != text) secrets.push_back(std::move(encoded));
}

// All texts below a value, or only those under sensitive names. Depth is bounded by the parser.
void add_texts(const json::value& value, bool all, std::vector<std::string>& secrets) {
  if (value.is_string() && all) add_text(value.get_string(), secrets);
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) add_texts(item, all, secrets);
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_object()) add_texts(member, all || looks_sensitive(name), secrets);
  }
}

void mask_members(json::value& value) {
  if (value.is_array()) {
    for (json::value& item : value.get_array()) mask_members(item);
  }
  if (!value.is_object()) return;
  for (auto& [name, member] : value.get_object()) {
    if (looks_sensitive(name)) member = kMask;
    else mask_members(member);
  }
}

}  // namespace

bool looks_sensitive(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::ranges::any_of(kSensitiveNames, [&](std::string_view part) { return lower.contains(part); });
}

std::string mask(std::string_view text, const std::vector<std::string>& secrets) {
  std::vector<std::string_view> ordered(secrets.begin(), secrets.end());
  std::ranges::sort(ordered, [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
  std::string masked(text);
  for (std::string_view secret : ordered) {
    if (secret.size() < kMaskedLengthMin) continue;
    for (size_t at = 0; (at = masked.find(secret, at)) != std::string::npos; at += kMask.size()) {
      masked.replace(at, secret.size(), kMask);
    }
  }
  return masked;
}

std::string mask_extra(std::string_view extra) {
  if (extra.empty()) return {};
  Result<json::value> parsed = json::parse(extra);
  if (!parsed || !parsed->is_object()) return std::string(kMask);
  mask_members(*parsed);
  return json::dump(*parsed);
}

void add_secret_texts(const Connection& connection, std::vector<std::string>& secrets) {
  add_text(connection.password, secrets);
  if (connection.extra.empty()) return;
  Result<json::value> extra = json::parse(connection.extra);
  extra ? add_texts(*extra, false, secrets) : add_text(connection.extra, secrets);
}

void add_secret_texts(const Variable& variable, std::vector<std::string>& secrets) {
  bool sensitive = looks_sensitive(variable.key);
  if (sensitive) add_text(variable.value, secrets);
  bool structured = variable.value.starts_with('{') || variable.value.starts_with('[');
  if (!structured) return;
  if (Result<json::value> parsed = json::parse(variable.value)) add_texts(*parsed, sensitive, secrets);
}

}  // namespace leoflow
