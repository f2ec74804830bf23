// SPDX-License-Identifier: Apache-2.0
// Wakes streams in company: many that have something to tell at the same time cost one message to
// the io thread, and those that keep a pace one timer. Private to server.cc and session.cc.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "async/guarded.h"

namespace leoflow::api {

// io thread.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  virtual void woken() = 0;  // the stream has something to tell
  virtual void beat() = 0;   // the time that it asked for has come, or is near
};

class StreamBeat {
 public:
  using Owner = std::weak_ptr<StreamOwner>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit StreamBeat(boost::asio::any_io_executor executor);

  // What calls woken() of an owner soon. Any thread, also after close(): then nothing happens.
  std::function<void()> waker(Owner owner);
  // beat() at that time, or up to a pace before it if others are due. io thread.
  void at(SteadyTime time, Owner owner);
  // Requires: the io thread has ended.
  void close();

 private:
  struct Woken {
    bool open = true;
    std::vector<Owner> owners;
  };
  static void tell(Guarded<Woken>& woken);

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Guarded<Woken>> woken_ = std::make_shared<Guarded<Woken>>();
  std::vector<Owner> due_;
};

}  // namespace leoflow::api
