// SPDX-License-Identifier: Apache-2.0
#include "api/session.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "api/gzip.h"
#include "api/problem.h"

namespace leoflow::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// For whatever a browser might take an answer for.
constexpr std::string_view kContentPolicyLine =
    "Content-Security-Policy: default-src 'self'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'\r\n";
constexpr size_t kReadAheadBytesMax =
    kHeaderBytesMax + 64 * 1024;                       // of pipelined requests and body pieces
constexpr auto kLingerTime = std::chrono::seconds(1);  // reading on after an early refusal
constexpr size_t kLingerBytesMax = 16 * 1024 * 1024;
constexpr auto kPullRetry = std::chrono::milliseconds(50);  // when all workers are busy

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get: return Method::get;
    case http::verb::head: return Method::head;
    case http::verb::post: return Method::post;
    case http::verb::put: return Method::put;
    case http::verb::patch: return Method::patch;
    case http::verb::delete_: return Method::del;
    case http::verb::options: return Method::options;
    default: return Method::other;
  }
}

// The status that a request which cannot be read gets.
int status_of(const ErrorCode& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  return 400;
}

class Session : public SessionControl, public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, SessionHost& host)
      : socket_(std::move(socket)),
        host_(host),
        deadline_(socket_.get_executor()),
        pull_timer_(socket_.get_executor()) {
    buffer_.max_size(kReadAheadBytesMax);
  }

  void wait_request();
  void stop() override;

 private:
  using Parser = http::request_parser<http::string_body>;

  void arm(Duration time);
  void disarm();
  void close();
  void read_header();
  void header_read(const ErrorCode& error);
  void read_body();
  void body_read(const ErrorCode& error);
  void read_failed(const ErrorCode& error);
  void refuse(int status, std::string_view text);
  Request take_request();
  void dispatch();
  void respond(Response response, std::string packed);
  std::string head(const Response& response, bool packed, size_t body_bytes) const;
  void answered(const ErrorCode& error);
  void linger(size_t bytes_left);

  void start_stream(std::unique_ptr<StreamSource> source);
  void watch_for_close();
  void pull();
  void pulled(std::string part, StreamSource::Next next);
  void part_written(StreamSource::Next next);
  void end_stream();

  tcp::socket socket_;
  SessionHost& host_;
  asio::steady_timer deadline_, pull_timer_;
  uint64_t deadline_number_ =
      0;  // a timer that was re-armed while its handler was on its way is ignored
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string peer_;
  std::string out_head_, out_body_;  // what is being written
  bool keep_alive_ = false, chunked_ = true, head_only_ = false, busy_ = false, closed_ = false;
  std::shared_ptr<StreamSource> stream_;  // shared with a pull in progress on a worker
  bool pulling_ = false, pull_again_ = false, writing_ = false;
};

void Session::arm(Duration time) {
  uint64_t number = ++deadline_number_;
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this(), number](const ErrorCode& error) {
    if (!error && number == self->deadline_number_) self->close();
  });
}

void Session::disarm() {
  ++deadline_number_;
  deadline_.cancel();
}

void Session::close() {
  if (closed_) return;
  closed_ = true;
  disarm();
  pull_timer_.cancel();
  stream_.reset();
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  host_.closed(static_cast<SessionControl*>(this));
}

void Session::stop() {
  keep_alive_ = false;
  if (!busy_ || stream_) close();
}

void Session::wait_request() {
  busy_ = false;
  if (host_.stopping) return close();
  if (peer_.empty()) {
    ErrorCode error;
    auto endpoint = socket_.remote_endpoint(error);
    peer_ = error ? "unknown" : endpoint.address().to_string();
  }
  if (buffer_.size() > 0) return read_header();
  arm(host_.limits.idle_time_max);
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
    if (self->closed_) return;
    if (error) return self->close();
    self->read_header();
  });
}

void Session::read_header() {
  parser_.emplace();
  parser_->header_limit(uint32_t(host_.limits.header_bytes_max));
  parser_->body_limit(host_.limits.body_bytes_max);
  arm(host_.limits.header_time_max);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](const ErrorCode& error, size_t) {
                            if (!self->closed_) self->header_read(error);
                          });
}

void Session::read_failed(const ErrorCode& error) {
  bool protocol = error.category() == http::make_error_code(http::error::bad_method).category();
  if (!protocol || error == http::error::end_of_stream || error == http::error::partial_message)
    return close();
  int status = status_of(error);
  refuse(status, status == 400 ? "the request is not valid HTTP: " + error.message()
                               : std::string(status_text(status)));
}

void Session::header_read(const ErrorCode& error) {
  if (error) return read_failed(error);
  const auto& message = parser_->get();
  if (message.target().size() > kUrlBytesMax) return refuse(414, "the URL is too long");
  if (parser_->is_done()) return dispatch();
  arm(host_.limits.body_time_max);
  if (message[http::field::expect] != "100-continue") return read_body();
  out_head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(out_head_),
                    [self = shared_from_this()](const ErrorCode& failed, size_t) {
                      if (self->closed_) return;
                      if (failed) return self->close();
                      self->read_body();
                    });
}

void Session::read_body() {
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](const ErrorCode& error, size_t) {
                     if (!self->closed_) self->body_read(error);
                   });
}

void Session::body_read(const ErrorCode& error) {
  if (error) return read_failed(error);
  dispatch();
}

Request Session::take_request() {
  auto message = parser_->release();
  Request request{.method = method_of(message.method()), .target = std::string(message.target())};
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = char(tolower(c));
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.peer = peer_;
  keep_alive_ = message.keep_alive();
  chunked_ = message.version() >= 11;
  head_only_ = message.method() == http::verb::head;
  return request;
}

void Session::dispatch() {
  disarm();
  busy_ = true;
  auto request = std::make_shared<Request>(take_request());
  bool posted = host_.workers.post([self = shared_from_this(), request, handle = &host_.handle] {
    Response response = (*handle)(*request);
    std::string packed;
    bool worth = !response.stream && response.body.size() >= kGzipBytesMin &&
                 !has_header(response, "Content-Encoding");
    if (worth && accepts_gzip(request->header("accept-encoding"))) packed = gzip(response.body);
    auto executor = self->socket_.get_executor();
    asio::post(executor,
               [self, response = std::move(response), packed = std::move(packed)]() mutable {
                 if (!self->closed_) self->respond(std::move(response), std::move(packed));
               });
  });
  if (!posted) refuse(503, "the server is too busy");
}

// Answers without a handler and closes: what follows in the stream cannot be trusted.
void Session::refuse(int status, std::string_view text) {
  keep_alive_ = false;
  head_only_ = false;
  busy_ = true;
  respond(problem(status, text), {});
}

std::string Session::head(const Response& response, bool packed, size_t body_bytes) const {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(status_text(response.status));
  text += "\r\nServer: leoflow\r\nX-Content-Type-Options: nosniff\r\n";
  if (!response.content_type.empty()) text += "Content-Type: " + response.content_type + "\r\n";
  for (const auto& [name, value] : response.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  if (!has_header(response, "Content-Security-Policy")) text += kContentPolicyLine;
  if (!has_header(response, "Referrer-Policy")) text += "Referrer-Policy: same-origin\r\n";
  if (!has_header(response, "Cache-Control")) text += "Cache-Control: no-store\r\n";
  if (packed) text += "Content-Encoding: gzip\r\n";
  if (body_bytes >= kGzipBytesMin && !has_header(response, "Vary"))
    text += "Vary: Accept-Encoding\r\n";
  if (response.stream) {
    if (chunked_) text += "Transfer-Encoding: chunked\r\n";
  } else if (response.status != 204 && response.status != 304) {
    text += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
  }
  text += keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

void Session::respond(Response response, std::string packed) {
  if (host_.stopping || (response.stream && !chunked_)) keep_alive_ = false;
  bool is_packed = !packed.empty();
  out_body_ = is_packed ? std::move(packed) : std::move(response.body);
  out_head_ = head(response, is_packed, out_body_.size());
  if (head_only_ || response.status == 204) out_body_.clear();
  if (head_only_) response.stream.reset();
  if (response.stream) out_body_.clear();
  arm(host_.limits.write_time_max);
  std::array<asio::const_buffer, 2> parts{asio::buffer(out_head_), asio::buffer(out_body_)};
  auto written = [self = shared_from_this(), source = std::move(response.stream)](
                     const ErrorCode& error, size_t) mutable {
    if (self->closed_) return;
    if (!error && source) return self->start_stream(std::move(source));
    self->answered(error);
  };
  asio::async_write(socket_, parts, std::move(written));
}

void Session::answered(const ErrorCode& error) {
  out_body_ = std::string();
  if (error) return close();
  if (keep_alive_) return wait_request();
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  buffer_.consume(buffer_.size());
  arm(kLingerTime);
  linger(kLingerBytesMax);
}

// Closing with unread input would reset the connection and could take the answer with it: reads on
// for a moment.
void Session::linger(size_t bytes_left) {
  auto space = buffer_.prepare(kReadAheadBytesMax / 2);
  socket_.async_read_some(
      space, [self = shared_from_this(), bytes_left](const ErrorCode& error, size_t count) {
        if (self->closed_) return;
        if (error || count >= bytes_left) return self->close();
        self->linger(bytes_left - count);
      });
}

void Session::start_stream(std::unique_ptr<StreamSource> source) {
  disarm();
  if (host_.stopping) return close();
  stream_ = std::move(source);
  pulling_ = pull_again_ = writing_ = false;
  std::weak_ptr<Session> weak = weak_from_this();
  auto executor = socket_.get_executor();
  stream_->start([weak, executor, gate = host_.gate] {
    gate->with([&](bool open) {
      if (!open) return;
      asio::post(executor, [weak] {
        auto self = weak.lock();
        if (self && self->stream_) self->pull();
      });
    });
  });
  watch_for_close();
  pull();
}

void Session::watch_for_close() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
    if (self->closed_ || !self->stream_) return;
    ErrorCode failed;
    size_t waiting = error ? 0 : self->socket_.available(failed);
    if (error || failed || waiting == 0)
      self->close();  // readable with nothing to read: the client has gone
  });
}

void Session::pull() {
  if (pulling_ || writing_) {
    pull_again_ = true;
    return;
  }
  pulling_ = true;
  pull_again_ = false;
  pull_timer_.cancel();
  bool posted = host_.workers.post([self = shared_from_this(), source = stream_] {
    std::string part;
    auto next = source->pull(part);
    asio::post(self->socket_.get_executor(), [self, part = std::move(part), next]() mutable {
      self->pulling_ = false;
      if (self->stream_) self->pulled(std::move(part), next);
    });
  });
  if (posted) return;
  pulling_ = false;
  pull_timer_.expires_after(kPullRetry);
  pull_timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error && self->stream_) self->pull();
  });
}

void Session::pulled(std::string part, StreamSource::Next next) {
  if (part.empty()) return part_written(next);
  writing_ = true;
  out_head_.clear();
  if (chunked_) {
    char size[24];
    int length = snprintf(size, sizeof size, "%zx\r\n", part.size());
    out_head_.assign(size, size_t(length));
    part += "\r\n";
  }
  out_body_ = std::move(part);
  arm(host_.limits.write_time_max);
  std::array<asio::const_buffer, 2> parts{asio::buffer(out_head_), asio::buffer(out_body_)};
  asio::async_write(socket_, parts,
                    [self = shared_from_this(), next](const ErrorCode& error, size_t) {
                      self->writing_ = false;
                      if (self->closed_) return;
                      if (error) return self->close();
                      self->disarm();
                      self->part_written(next);
                    });
}

void Session::part_written(StreamSource::Next next) {
  if (next == StreamSource::Next::end) return end_stream();
  if (next == StreamSource::Next::more || pull_again_) return pull();
  pull_timer_.expires_after(stream_->interval());
  pull_timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error && self->stream_) self->pull();
  });
}

void Session::end_stream() {
  stream_.reset();
  pull_timer_.cancel();
  ErrorCode ignored;
  socket_.cancel(ignored);  // the wait of watch_for_close
  out_head_ = chunked_ ? "0\r\n\r\n" : "";
  arm(host_.limits.write_time_max);
  asio::async_write(socket_, asio::buffer(out_head_),
                    [self = shared_from_this()](const ErrorCode& error, size_t) {
                      if (!self->closed_) self->answered(error);
                    });
}

}  // namespace

std::shared_ptr<SessionControl> start_session(tcp::socket socket, SessionHost& host) {
  auto executor = socket.get_executor();
  auto session = std::make_shared<Session>(std::move(socket), host);
  // Later, so that the caller knows the session before it can end.
  asio::post(executor, [session] { session->wait_request(); });
  return session;
}

}  // namespace leoflow::api
