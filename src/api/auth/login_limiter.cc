// SPDX-License-Identifier: Apache-2.0
#include "api/auth/login_limiter.h"

#include <algorithm>

namespace leoflow::api {
namespace {

std::string key_of(const std::string& address, const std::string& username) {
  return address + "\n" + username;
}

Duration wait_after(int failures) {
  constexpr int kDoublingsMax = 16;
  if (failures < kLoginFailuresFree) return Duration(0);
  int doublings = std::min(failures - kLoginFailuresFree, kDoublingsMax);
  return std::min(kLoginWaitFirst * (1 << doublings), kLoginWaitMax);
}

}  // namespace

Duration LoginLimiter::wait_needed(const std::string& address, const std::string& username,
                                   Time now) {
  std::lock_guard lock(mutex_);
  auto found = failures_.find(key_of(address, username));
  if (found == failures_.end()) return Duration(0);
  return std::max(found->second.last + wait_after(found->second.count) - now, Duration(0));
}

void LoginLimiter::failed(const std::string& address, const std::string& username, Time now) {
  std::lock_guard lock(mutex_);
  forget_old(now);
  Failures& failures = failures_[key_of(address, username)];
  ++failures.count;
  failures.last = now;
}

void LoginLimiter::succeeded(const std::string& address, const std::string& username) {
  std::lock_guard lock(mutex_);
  failures_.erase(key_of(address, username));
}

void LoginLimiter::forget_old(Time now) {
  std::erase_if(failures_,
                [&](const auto& entry) { return entry.second.last + kLoginMemory <= now; });
  if (failures_.size() < kLoginKeysMax) return;
  auto oldest =
      std::ranges::min_element(failures_, {}, [](const auto& entry) { return entry.second.last; });
  failures_.erase(oldest);
}

}  // namespace leoflow::api
