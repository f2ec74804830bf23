// SPDX-License-Identifier: Apache-2.0
#include "secrets/key_ring.h"

#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kFileBytesMax = 64 * 1024;

std::string file_text(const std::vector<std::string>& keys) {
  std::string text = "# Keys of leoflow's secrets, newest first. Keep a copy in a safe place; never share it.\n";
  for (const std::string& key : keys) text += base64url(key) + "\n";
  return text;
}

Result<std::vector<std::string>> parse_keys(std::string_view text, const fs::path& path) {
  std::vector<std::string> keys;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    Result<std::string> key = from_base64url(line);
    if (!key || key->size() != kKeyBytes) {
      return fail(Code::invalid, "key file " + path.string() + ": line " + std::to_string(line_number) + " is no key",
                  "restore the file from a copy; without its keys stored secrets cannot be read");
    }
    keys.push_back(std::move(*key));
  }
  if (keys.empty() || keys.size() > kRingKeysMax) {
    return fail(Code::invalid, "key file " + path.string() + " holds " + std::to_string(keys.size()) +
                                   " keys; it needs 1 to " + std::to_string(kRingKeysMax),
                "restore the file from a copy");
  }
  return keys;
}

Status check_private(const fs::path& path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (error) return fail(from_errno("stat", path.string(), error.value()));
  if ((status.permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none) return {};
  return fail(Code::denied, "key file " + path.string() + " is open to other users",
              "chmod 600 " + path.string());
}

}  // namespace

Result<KeyRing> KeyRing::load_or_create(const fs::path& path) {
  crypto_init();
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (error) return fail(from_errno("stat", path.string(), error.value()));
    KeyRing ring(path, {});
    if (Status stored = ring.store({random_bytes(kKeyBytes)}); !stored) return fail(stored);
    return ring;
  }
  if (Status checked = check_private(path); !checked) return fail(checked);
  Result<std::string> text = read_file(path, kFileBytesMax);
  if (!text) return fail(text);
  Result<Keys> keys = parse_keys(*text, path);
  if (!keys) return fail(keys);
  return KeyRing(path, std::move(*keys));
}

std::string KeyRing::seal(std::string_view plain, std::string_view context) const {
  return leoflow::seal(keys_.get()->front(), plain, context);
}

Result<std::string> KeyRing::open(std::string_view sealed, std::string_view context) const {
  std::shared_ptr<const Keys> keys = keys_.get();
  for (const std::string& key : *keys) {
    Result<std::string> plain = open_sealed(key, sealed, context);
    if (plain) return plain;
  }
  return fail(Code::denied, "no key opens the stored secret (" + std::string(context) + ")",
              "is the key file the one it was stored with? restore it, or set the secret again");
}

Status KeyRing::rotate() {
  Keys keys = *keys_.get();
  if (keys.size() >= kRingKeysMax) {
    return fail(Code::exhausted, "the key ring is full (" + std::to_string(kRingKeysMax) + " keys)",
                "re-seal the stored secrets and drop old keys first");
  }
  keys.insert(keys.begin(), random_bytes(kKeyBytes));
  return store(std::move(keys));
}

Status KeyRing::drop_old() { return store({keys_.get()->front()}); }

Status KeyRing::store(Keys keys) {
  Status written = write_file_durably(path_, file_text(keys), 0600);
  if (written) keys_.set(std::move(keys));
  return written;
}

}  // namespace leoflow
