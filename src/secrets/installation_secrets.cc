// SPDX-License-Identifier: Apache-2.0
#include "secrets/installation_secrets.h"

#include <array>
#include <optional>

#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr size_t kSecretBytes = 32;
// Indexed by InstallationSecret: names of settings. What is missing here would not be rotated.
constexpr std::array<const char*, 2> kNames{"attempt_token_key", "jwt_secret"};

std::string context_of(const std::string& name) { return "setting:" + name; }

Result<std::optional<std::string>> load(SettingStore& settings, const KeyRing& keys,
                                        const std::string& name) {
  auto stored = settings.get_setting(name);
  if (!stored) return fail(stored);
  if (!*stored) return std::nullopt;
  auto sealed = from_base64url(**stored);
  if (!sealed) return fail(sealed.error().within("setting " + name));
  auto secret = keys.open(*sealed, context_of(name));
  if (!secret) return fail(secret);
  return std::optional(std::move(*secret));
}

Status save(SettingStore& settings, const KeyRing& keys, const std::string& name,
            const std::string& secret) {
  return settings.put_setting(name, base64url(keys.seal(secret, context_of(name))));
}

}  // namespace

Result<std::string> installation_secret(SettingStore& settings, const KeyRing& keys,
                                        InstallationSecret which) {
  std::string name = kNames.at(static_cast<size_t>(which));
  auto stored = load(settings, keys, name);
  if (!stored) return fail(stored);
  if (*stored) return std::move(**stored);
  std::string secret = random_bytes(kSecretBytes);
  if (auto put = save(settings, keys, name, secret); !put) return fail(put);
  return secret;
}

Result<int64_t> reseal_installation_secrets(SettingStore& settings, const KeyRing& keys) {
  int64_t count = 0;
  for (const char* name : kNames) {
    auto stored = load(settings, keys, name);
    if (!stored) return fail(stored);
    if (!*stored) continue;
    if (auto put = save(settings, keys, name, **stored); !put) return fail(put);
    ++count;
  }
  return count;
}

}  // namespace leoflow
