// SPDX-License-Identifier: Apache-2.0
#include "api/auth/login_limiter.h"

#include <algorithm>

namespace leoflow::api {
namespace {
std::string key_of(const std::string& address, const std::string& username) {
  return address + "\n" + username;
}
}  // namespace

Duration LoginLimiter::wait_needed(const std::string& address, const std::string& username,
                                   Time now) {
  std::lock_guard lock(mutex_);
  auto found = windows_.find(key_of(address, username));
  if (found == windows_.end() || found->second.failures < kLoginFailuresMax) return Duration(0);
  Duration left = found->second.start + kLoginWindow - now;
  return std::max(left, Duration(0));
}

void LoginLimiter::failed(const std::string& address, const std::string& username, Time now) {
  std::lock_guard lock(mutex_);
  forget_old(now);
  Window& window = windows_[key_of(address, username)];
  if (window.failures == 0) window.start = now;
  ++window.failures;
}

void LoginLimiter::succeeded(const std::string& address, const std::string& username) {
  std::lock_guard lock(mutex_);
  windows_.erase(key_of(address, username));
}

void LoginLimiter::forget_old(Time now) {
  std::erase_if(windows_,
                [&](const auto& entry) { return entry.second.start + kLoginWindow <= now; });
  if (windows_.size() < kLoginKeysMax) return;
  auto oldest =
      std::ranges::min_element(windows_, {}, [](const auto& entry) { return entry.second.start; });
  windows_.erase(oldest);
}

}  // namespace leoflow::api
