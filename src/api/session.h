// SPDX-License-Identifier: Apache-2.0
// One client connection of HttpServer. Lives on the server's io thread; private to server.cc and
// session.cc.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "api/server.h"
#include "api/worker_pool.h"
#include "async/guarded.h"

namespace leoflow::api {

// What a session needs of its server; outlives every session.
struct SessionHost {
  const ServerLimits& limits;
  const HttpServer::HandleRequest& handle;
  WorkerPool& workers;
  std::atomic<bool>& stopping;
  std::function<void(const void* session)> closed;  // io thread, once
  // True while posting to the io thread is allowed: streams may be woken from anywhere, also while
  // the server goes.
  std::shared_ptr<Guarded<bool>> gate;
};

class SessionControl {
 public:
  virtual ~SessionControl() = default;
  // io thread. Idle connections and streams end at once, a request in progress is still answered.
  virtual void stop() = 0;
};

// Starts serving a socket. io thread.
std::shared_ptr<SessionControl> start_session(boost::asio::ip::tcp::socket socket,
                                              SessionHost& host);

}  // namespace leoflow::api
