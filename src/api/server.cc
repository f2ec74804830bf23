// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <unordered_map>

#include "api/session.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 34\r\n"
    "Retry-After: 1\r\nConnection: close\r\n\r\n{\"detail\":\"too many connections\"}\n";
constexpr auto kAcceptPause =
    std::chrono::milliseconds(100);  // after accept failed for want of descriptors
constexpr size_t kScratchBytes = 64 * 1024;
constexpr Duration kTickMin = std::chrono::milliseconds(5), kTickMax = std::chrono::seconds(1);

// How often connections are looked at that may have taken too long.
Duration tick_of(const ServerLimits& limits) {
  Duration shortest = std::min(
      {limits.header_time_max, limits.body_time_max, limits.idle_time_max, limits.write_time_max});
  return std::clamp(shortest / 4, kTickMin, kTickMax);
}

std::unexpected<Error> listen_failed(const ServerOptions& options,
                                     const boost::system::error_code& error) {
  std::string place = options.address + ":" + std::to_string(options.port);
  if (error == asio::error::address_in_use) {
    return fail(Code::exists, "cannot listen on " + place + ": the port is in use",
                "stop the other program or choose another port");
  }
  Code code = error == asio::error::access_denied ? Code::denied : Code::invalid;
  return fail(code, "cannot listen on " + place + ": " + error.message());
}

}  // namespace

struct HttpServer::Impl {
  Impl(const ServerOptions& options, HandleRequest handle)
      : options(options),
        handle(std::move(handle)),
        acceptor(io),
        pause(io),
        tick(io),
        workers(options.workers, options.limits.connections_max * 2) {
    host.scratch.resize(kScratchBytes);
  }

  Status listen();
  void accept();
  void accepted(tcp::socket socket);
  void refuse(tcp::socket socket);
  void watch_deadlines();
  void session_closed(const void* session);
  void stop();

  const ServerOptions options;
  const HandleRequest handle;
  asio::io_context io{1};
  tcp::acceptor acceptor;
  uint16_t port = 0;
  asio::steady_timer pause, tick;
  bool ticking = false;
  WorkerPool workers;
  std::atomic<bool> stopping = false;
  std::atomic<size_t> open = 0;
  StreamBeat beat{io.get_executor()};
  SessionHost host{options.limits, options.proxies, handle, workers, stopping, beat};
  std::unordered_map<const void*, std::weak_ptr<SessionControl>> sessions;  // io thread
  std::thread thread;
};

Status HttpServer::Impl::listen() {
  if (options.tls) {
    auto identity = TlsIdentity::load(*options.tls);
    if (!identity) return fail(identity);
    host.tls = std::move(*identity);
  }
  boost::system::error_code error;
  auto address = asio::ip::make_address(options.address, error);
  if (error) return fail(Code::invalid, "'" + options.address + "' is not an address to listen on");
  tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_failed(options, error);
  port = acceptor.local_endpoint(error).port();
  return {};
}

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || stopping) return;
    if (!error) {
      accepted(std::move(socket));
      accept();
      return;
    }
    log::warning("cannot accept a connection: " + error.message());
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](boost::system::error_code cancelled) {
      if (!cancelled) accept();
    });
  });
}

void HttpServer::Impl::accepted(tcp::socket socket) {
  if (open >= options.limits.connections_max) {
    refuse(std::move(socket));
    return;
  }
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  ++open;
  auto session = start_session(std::move(socket), host);
  sessions[session.get()] = session;
  if (!std::exchange(ticking, true)) watch_deadlines();
}

// One timer for all connections, and none while there are none.
void HttpServer::Impl::watch_deadlines() {
  tick.expires_after(tick_of(options.limits));
  tick.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled) return;
    auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<SessionControl>> all;  // sessions leave the map while they end
    for (auto& [key, weak] : sessions) {
      if (auto session = weak.lock()) all.push_back(std::move(session));
    }
    for (auto& session : all) session->expire(now);
    ticking = !sessions.empty();
    if (ticking) watch_deadlines();
  });
}

void HttpServer::Impl::session_closed(const void* session) {
  sessions.erase(session);
  --open;
  if (stopping && sessions.empty()) io.stop();
}

// The text fits into the socket's buffer: writing does not wait.
void HttpServer::Impl::refuse(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kFull), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void HttpServer::Impl::stop() {
  if (stopping.exchange(true)) return;
  asio::post(io, [this] {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    auto copy = sessions;  // sessions leave the map while they stop
    for (auto& [key, weak] : copy) {
      if (auto session = weak.lock()) session->stop();
    }
    if (sessions.empty()) {
      io.stop();
      return;
    }
    pause.expires_after(options.limits.stop_time_max);
    pause.async_wait([this](boost::system::error_code cancelled) {
      if (!cancelled) io.stop();
    });
  });
  if (thread.joinable()) thread.join();
  beat.close();
  workers.stop();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  if (impl_) stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options,
                                                      HandleRequest handle) {
  auto impl = std::make_unique<Impl>(options, std::move(handle));
  if (auto status = impl->listen(); !status) return fail(status);
  Impl* raw = impl.get();
  raw->host.closed = [raw](const void* session) { raw->session_closed(session); };
  raw->accept();
  raw->thread = std::thread([raw] { raw->io.run(); });
  pthread_setname_np(raw->thread.native_handle(), "api-io");
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::stop() { impl_->stop(); }
uint16_t HttpServer::port() const { return impl_->port; }
size_t HttpServer::connections() const { return impl_->open; }

}  // namespace leoflow::api
