// SPDX-License-Identifier: Apache-2.0
// One client connection of HttpServer. Lives on the server's io thread; private to server.cc and
// session.cc.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "api/server.h"
#include "api/stream_beat.h"
#include "api/tls_identity.h"
#include "api/worker_pool.h"

namespace leoflow::api {

// What a session needs of its server; outlives every session.
struct SessionHost {
  const ServerLimits& limits;
  const TrustedProxies& proxies;
  const HttpServer::HandleRequest& handle;
  WorkerPool& workers;
  std::atomic<bool>& stopping;
  StreamBeat& beat;
  std::function<void(const void* session)> closed;  // io thread, once
  std::unique_ptr<TlsIdentity> tls;                 // null: plain
  std::vector<char> scratch;                        // what was just read; io thread
  size_t body_bytes = 0;                            // of all requests that are being read
};

class SessionControl {
 public:
  virtual ~SessionControl() = default;
  // io thread. Idle connections and streams end at once, a request in progress is still answered.
  virtual void stop() = 0;
  // io thread, now and then. Ends what has taken too long.
  virtual void expire(std::chrono::steady_clock::time_point now) = 0;
};

// Starts serving a socket that does not block. io thread.
std::shared_ptr<SessionControl> start_session(boost::asio::ip::tcp::socket socket,
                                              SessionHost& host);

}  // namespace leoflow::api
