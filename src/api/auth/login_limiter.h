// SPDX-License-Identifier: Apache-2.0
// Slows down guessing: after a number of failures per minute, an address and user name must wait.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/time.h"

namespace leoflow::api {

constexpr int kLoginFailuresMax = 5;  // per window and key
constexpr Duration kLoginWindow = std::chrono::minutes(1);
constexpr size_t kLoginKeysMax = 10'000;  // keys remembered; beyond, the oldest window goes

// Any thread.
class LoginLimiter {
 public:
  // Zero when a try is allowed now, else how long to wait.
  Duration wait_needed(const std::string& address, const std::string& username, Time now);
  void failed(const std::string& address, const std::string& username, Time now);
  void succeeded(const std::string& address, const std::string& username);

 private:
  struct Window {
    Time start{};
    int failures = 0;
  };
  void forget_old(Time now);

  std::mutex mutex_;
  std::map<std::string, Window> windows_;  // by address + "\n" + user; guarded by mutex_
};

}  // namespace leoflow::api
