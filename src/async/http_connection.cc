// SPDX-License-Identifier: Apache-2.0
#include "async/http_connection.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include "async/last_chunk.h"
#include "base/check.h"

namespace leoflow {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr size_t kReadBytes = 64 * 1024;

bool is_address(const std::string& host) {
  in6_addr bytes;
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

std::unexpected<Error> bad_pem(std::string_view what, const boost::system::error_code& error) {
  return fail(Code::invalid, std::string(what) + " cannot be read: " + error.message());
}

}  // namespace

Result<std::shared_ptr<HttpConnection::Trust>> HttpConnection::make_trust(const HttpTls& tls) {
  auto trust = std::make_shared<Trust>();
  auto& context = trust->context;
  trust->server_name = tls.server_name;
  trust->verify = tls.verify;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  ErrorCode error;
  if (tls.ca_pem.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.add_certificate_authority(asio::buffer(tls.ca_pem), error);
  }
  if (error) return bad_pem("the trusted certificate", error);
  if (!tls.certificate_pem.empty()) {
    context.use_certificate_chain(asio::buffer(tls.certificate_pem), error);
    if (error) return bad_pem("the client certificate", error);
    context.use_private_key(asio::buffer(tls.key_pem), asio::ssl::context::pem, error);
    if (error) return bad_pem("the client key", error);
  }
  context.set_verify_mode(tls.verify ? asio::ssl::verify_peer : asio::ssl::verify_none, error);
  return trust;
}

HttpConnection::HttpConnection(asio::io_context& io, HttpUrl place, std::shared_ptr<Trust> trust)
    : io_(io), place_(std::move(place)), trust_(std::move(trust)), resolver_(io) {}

void HttpConnection::run(Exchange exchange) {
  CHECK(exchange_.sink == nullptr && !closed_);
  exchange_ = std::move(exchange);
  ++exchanges_;
  reusable_ = head_told_ = false;
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(kHttpHeadBytesMax);
  parser_->body_limit(exchange_.body_bytes_max.value_or(UINT64_MAX));
  if (exchange_.no_body) parser_->skip(true);
  stage_ = connected_ ? HttpStage::sending : HttpStage::connecting;
  connected_ ? write() : connect();
}

void HttpConnection::connect() {
  plain_.emplace(io_);
  auto connected = [self = shared_from_this()](const ErrorCode& error, const auto&) {
    if (self->closed_) return;
    if (error) return self->broken("cannot connect to", error);
    ErrorCode ignored;
    self->plain_->set_option(asio::ip::tcp::no_delay(true), ignored);
    self->place_.tls ? self->handshake() : self->write();
  };
  auto resolved = [self = shared_from_this(), connected](const ErrorCode& error,
                                                         const auto& addresses) {
    if (self->closed_) return;
    if (error) return self->broken("cannot find", error);
    asio::async_connect(*self->plain_, addresses, connected);
  };
  resolver_.async_resolve(place_.host, std::to_string(place_.port), resolved);
}

void HttpConnection::handshake() {
  tls_.emplace(std::move(*plain_), trust_->context);
  plain_.reset();
  const std::string& name = trust_->server_name.empty() ? place_.host : trust_->server_name;
  if (!is_address(name)) SSL_set_tlsext_host_name(tls_->native_handle(), name.c_str());
  if (trust_->verify) tls_->set_verify_callback(asio::ssl::host_name_verification(name));
  auto shaken = [self = shared_from_this()](const ErrorCode& error) {
    if (self->closed_) return;
    if (!error) return self->write();
    // The peer's certificate is at fault, not the network.
    bool refused = SSL_get_verify_result(self->tls_->native_handle()) != X509_V_OK;
    self->broken(refused ? "the certificate is not trusted of" : "no TLS with", error,
                 refused ? Code::denied : Code::unavailable);
  };
  tls_->async_handshake(asio::ssl::stream_base::client, shaken);
}

void HttpConnection::write() {
  connected_ = true;
  stage_ = HttpStage::sending;
  auto written = [self = shared_from_this()](const ErrorCode& error, size_t) {
    if (self->closed_) return;
    if (error) return self->broken("cannot send to", error);
    self->exchange_.bytes = {};
    self->stage_ = HttpStage::waiting;
    self->read();
  };
  auto bytes = asio::buffer(exchange_.bytes);
  tls_ ? asio::async_write(*tls_, bytes, written) : asio::async_write(*plain_, bytes, written);
}

void HttpConnection::read() {
  auto done = [self = shared_from_this()](const ErrorCode& error, size_t count) {
    if (!self->closed_) self->on_read(error, count);
  };
  auto space = in_.prepare(kReadBytes);
  tls_ ? tls_->async_read_some(space, done) : plain_->async_read_some(space, done);
}

void HttpConnection::on_read(ErrorCode error, size_t count) {
  if (count > 0) stage_ = HttpStage::receiving;
  in_.commit(count);
  if (!error) return parse();
  bool ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  ErrorCode incomplete;
  if (ended && parser_->is_header_done()) {
    // Without a length the end of the connection is the end of the body; TLS must have said so.
    parser_->put_eof(incomplete);
    if (!incomplete && error == asio::error::eof && parser_->is_done()) return finish();
  }
  broken("the connection ended before the answer of", error);
}

void HttpConnection::parse() {
  auto self = shared_from_this();  // the sink may let go of us
  while (in_.size() > 0 && !parser_->is_done() && !too_few_for(*parser_, in_.size())) {
    ErrorCode error;
    size_t used = 0;
    try {
      used = parser_->put(in_.data(), error);
    } catch (const std::exception&) {  // a length that no memory has
      error = http::error::body_limit;
    }
    in_.consume(used);
    if (!report()) return;
    if (error == http::error::need_more) break;
    if (error == http::error::body_limit)
      return broken("the answer is too large of", error, Code::exhausted);
    if (error) return broken("not an HTTP answer from", error, Code::internal);
  }
  parser_->is_done() ? finish() : read();
}

bool HttpConnection::report() {
  if (!parser_->is_header_done()) return true;
  if (!head_told_) {
    head_told_ = true;
    HttpResponse head{.status = int(parser_->get().result_int())};
    for (const auto& field : parser_->get())
      head.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    exchange_.sink->on_head(std::move(head));
    if (closed_) return false;
  }
  std::string body = std::exchange(parser_->get().body(), {});
  if (!body.empty()) exchange_.sink->on_body(body);
  return !closed_;
}

void HttpConnection::finish() {
  // An answer to HEAD or with status 204 has its end with its head.
  if (!report()) return;
  reusable_ = parser_->keep_alive() && in_.size() == 0;
  idle_since_ = std::chrono::steady_clock::now();
  HttpExchangeSink* sink = std::exchange(exchange_.sink, nullptr);
  exchange_ = {};
  sink->on_done({});
}

void HttpConnection::broken(std::string_view what, const ErrorCode& error, Code code) {
  HttpExchangeSink* sink = exchange_.sink;
  std::string message = std::string(what) + " " + place_.authority() + ": " + error.message();
  close();
  if (sink != nullptr) sink->on_done(fail(code, std::move(message)));
}

void HttpConnection::close() {
  if (closed_) return;
  closed_ = true;
  reusable_ = false;
  exchange_.sink = nullptr;
  resolver_.cancel();
  ErrorCode ignored;
  if (tls_ || plain_) socket().close(ignored);
}

bool HttpConnection::fresh(const std::shared_ptr<Trust>& trust) {
  if (closed_ || trust != trust_ || std::chrono::steady_clock::now() - idle_since_ > kHttpIdleMax)
    return false;
  char byte = 0;
  ssize_t count = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // TLS has messages of its own between answers; plain text has none.
  return count < 0 ? errno == EAGAIN || errno == EWOULDBLOCK : count > 0 && tls_.has_value();
}

}  // namespace leoflow
