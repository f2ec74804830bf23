// SPDX-License-Identifier: Apache-2.0
// Hashing passwords with a bound on how many at once: each takes tens of milliseconds and 64 MB.
#pragma once

#include <atomic>
#include <semaphore>
#include <string>

#include "base/error.h"

namespace leoflow::api {

constexpr int kHashesAtOnceMax = 2;
constexpr int kHashesWaitingMax = 2;  // more: refused, so that logins never take all workers
constexpr size_t kPasswordBytesMin = 8;
constexpr size_t kPasswordBytesMax = 1024;

// Any thread; blocks while the bound is reached.
class Passwords {
 public:
  Passwords();

  // Both: `exhausted` when too many wait already.
  Result<std::string> hash(const std::string& password);
  // Takes equally long for an empty hash (a user who is not there, or has no password), which no
  // password fits.
  Result<bool> matches(const std::string& hash, const std::string& password);

 private:
  struct Turn;

  const std::string nobodys_hash_;
  std::counting_semaphore<kHashesAtOnceMax> turns_{kHashesAtOnceMax};
  std::atomic<int> inside_ = 0;
};

}  // namespace leoflow::api
