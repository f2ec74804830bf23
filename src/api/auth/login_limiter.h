// SPDX-License-Identifier: Apache-2.0
// Slows down guessing: after some failures an address must wait before it tries a user name again,
// longer after each failure, never longer than a minute. Nobody is locked out: other addresses of
// the same user do not wait, API tokens are not concerned.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/time.h"

namespace leoflow::api {

constexpr int kLoginFailuresFree = 3;                          // before the first wait
constexpr Duration kLoginWaitFirst = std::chrono::seconds(1);  // doubles with each failure
constexpr Duration kLoginWaitMax = std::chrono::minutes(1);
constexpr Duration kLoginMemory =
    std::chrono::minutes(15);             // failures older than this are forgotten
constexpr size_t kLoginKeysMax = 10'000;  // keys remembered; beyond, the oldest goes

// Any thread.
class LoginLimiter {
 public:
  // Zero when a try is allowed now, else how long to wait.
  Duration wait_needed(const std::string& address, const std::string& username, Time now);
  void failed(const std::string& address, const std::string& username, Time now);
  void succeeded(const std::string& address, const std::string& username);

 private:
  struct Failures {
    int count = 0;
    Time last{};
  };
  void forget_old(Time now);

  std::mutex mutex_;
  std::map<std::string, Failures> failures_;  // by address + "\n" + user; guarded by mutex_
};

}  // namespace leoflow::api
