// SPDX-License-Identifier: Apache-2.0
#include "api/stream_beat.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace leoflow::api {

StreamBeat::StreamBeat(boost::asio::any_io_executor executor)
    : executor_(executor), timer_(executor) {}

void StreamBeat::tell(Guarded<Woken>& woken) {
  auto owners = woken.with([](Woken& shared) { return std::exchange(shared.owners, {}); });
  for (const Owner& weak : owners) {
    if (auto owner = weak.lock()) owner->woken();
  }
}

std::function<void()> StreamBeat::waker(Owner owner) {
  return [shared = woken_, executor = executor_, owner = std::move(owner)] {
    // Posting under the lock: after close() the executor may be gone.
    shared->with([&](Woken& woken) {
      if (!woken.open) return;
      woken.owners.push_back(owner);
      if (woken.owners.size() > 1) return;
      boost::asio::post(executor, [shared] { tell(*shared); });
    });
  };
}

void StreamBeat::at(SteadyTime time, Owner owner) {
  due_.push_back(std::move(owner));
  if (due_.size() > 1 && timer_.expiry() <= time) return;
  timer_.expires_at(time);  // ends a wait for a later time
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    for (const Owner& weak : std::exchange(due_, {})) {
      if (auto one = weak.lock()) one->beat();
    }
  });
}

void StreamBeat::close() {
  woken_->with([](Woken& woken) { woken = {.open = false, .owners = {}}; });
}

}  // namespace leoflow::api
