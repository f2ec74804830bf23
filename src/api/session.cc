// SPDX-License-Identifier: Apache-2.0
#include "api/session.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "api/channel.h"
#include "api/gzip.h"
#include "api/host_name.h"
#include "api/problem.h"
#include "api/request_reader.h"
#include "api/response_head.h"

namespace leoflow::api {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr size_t kReadAheadBytesMax = 64 * 1024;       // of requests behind a stream
constexpr auto kLingerTime = std::chrono::seconds(1);  // reading on after an early refusal
constexpr size_t kLingerBytesMax = 16 * 1024 * 1024;
constexpr Duration kRareInterval = std::chrono::seconds(5);  // of pulls that nothing asked for
constexpr auto kPullRetry = std::chrono::milliseconds(50);   // when all workers are busy

class Session : public SessionControl,
                public StreamOwner,
                public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, SessionHost& host)
      : socket_(std::move(socket)), host_(host), pull_timer_(socket_.get_executor()) {
    ErrorCode error;
    auto endpoint = socket_.remote_endpoint(error);
    peer_ = error ? "unknown" : endpoint.address().to_string();
  }

  void begin();
  void stop() override;
  void expire(SteadyTime now) override;

 private:
  using Step = void (Session::*)();

  void arm(Duration time) { deadline_ = std::chrono::steady_clock::now() + time; }
  void disarm() { deadline_ = SteadyTime::max(); }
  void close();
  void when(tcp::socket::wait_type ready, Step then);
  // Goes on with `then` when the socket allows; false when there is nothing to wait for.
  bool waits(Channel::Io io, Step then);

  void choose_channel();
  void shake_hands();
  void wait_request();
  void read_on();
  bool take_input();
  bool header_read();
  void refuse_input(const ErrorCode& error);
  void refuse(int status, std::string_view text, std::string_view hint = {});
  void send_to_tls();
  void note_origin(Request& request);
  void let_go();
  void dispatch();
  void respond(Response response, std::string packed);
  void write(Step then);
  void write_on();
  void answered();
  void linger();

  void start_stream();
  void watch_for_close();
  void woken() override;
  void beat() override;
  void pull_in(Duration time);
  void pull();
  void pulled(std::string part, StreamSource::Next next);
  void part_written();
  void end_stream();

  tcp::socket socket_;
  SessionHost& host_;
  std::unique_ptr<Channel> channel_;
  SteadyTime deadline_ = SteadyTime::max();
  std::string in_;  // arrived, not yet understood
  std::optional<RequestReader> reader_;
  std::string peer_;
  std::string out_head_, out_body_;  // what is being written
  size_t written_ = 0;
  Step after_write_ = nullptr;
  size_t linger_left_ = 0;
  size_t held_bytes_ = 0;  // of the request's body, as counted by the host
  bool keep_alive_ = false, chunked_ = true, head_only_ = false, secure_ = false;
  bool busy_ = false, closed_ = false;
  bool misdirected_ = false;  // speaks plain HTTP to a TLS server

  asio::steady_timer pull_timer_;
  std::shared_ptr<StreamSource> stream_;  // shared with a pull in progress on a worker
  std::unique_ptr<StreamSource> next_stream_;
  StreamSource::Next next_ = StreamSource::Next::wait;
  SteadyTime pulled_at_{}, quiet_until_ = SteadyTime::max();
  bool pulling_ = false, pull_again_ = false, pull_soon_ = false, writing_ = false;
  bool timed_ = false;  // pull_timer_ runs
};

void Session::expire(SteadyTime now) {
  if (deadline_ <= now) return close();
  if (stream_ && quiet_until_ <= now) pull();
}

void Session::close() {
  if (closed_) return;
  closed_ = true;
  disarm();
  pull_timer_.cancel();
  stream_.reset();
  let_go();
  reader_.reset();
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  host_.closed(static_cast<SessionControl*>(this));
}

void Session::stop() {
  keep_alive_ = false;
  if (!busy_ || stream_) close();
}

void Session::when(tcp::socket::wait_type ready, Step then) {
  socket_.async_wait(ready, [self = shared_from_this(), then](const ErrorCode& error) {
    if (self->closed_ || error == asio::error::operation_aborted) return;  // or end_stream
    if (error) return self->close();
    (self.get()->*then)();
  });
}

bool Session::waits(Channel::Io io, Step then) {
  if (io != Channel::Io::wants_read && io != Channel::Io::wants_write) return false;
  when(io == Channel::Io::wants_read ? tcp::socket::wait_read : tcp::socket::wait_write, then);
  return true;
}

void Session::begin() {
  if (host_.stopping) return close();
  if (!host_.tls) {
    channel_ = plain_channel(socket_.native_handle());
    return wait_request();
  }
  arm(host_.limits.header_time_max);
  when(tcp::socket::wait_read, &Session::choose_channel);
}

void Session::choose_channel() {
  char first = 0;
  if (recv(socket_.native_handle(), &first, 1, MSG_PEEK) != 1) return close();
  misdirected_ = !TlsIdentity::is_hello(first);
  channel_ = misdirected_ ? plain_channel(socket_.native_handle())
                          : host_.tls->accept(socket_.native_handle());
  shake_hands();
}

void Session::shake_hands() {
  Channel::Io io = channel_->handshake().io;
  if (io == Channel::Io::done) return wait_request();
  if (!waits(io, &Session::shake_hands)) close();
}

void Session::wait_request() {
  busy_ = false;
  if (host_.stopping) return close();
  reader_.emplace(host_.limits.header_bytes_max, host_.limits.body_bytes_max);
  arm(in_.empty() ? host_.limits.idle_time_max : host_.limits.header_time_max);
  read_on();
}

// Reads and understands until a request is whole, the socket is empty, or there is an end.
void Session::read_on() {
  while (in_.empty() || take_input()) {
    if (closed_ || busy_) return;
    Channel::Outcome got = channel_->read(host_.scratch.data(), host_.scratch.size());
    if (waits(got.io, &Session::read_on)) return;
    if (got.io != Channel::Io::done) return close();
    if (in_.empty() && !reader_->begun()) arm(host_.limits.header_time_max);
    in_.append(host_.scratch.data(), got.bytes);
  }
}

// Feeds the reader with what has arrived. False when the request is whole or will not be read.
bool Session::take_input() {
  while (true) {
    size_t before = reader_->body_bytes();
    ErrorCode error;
    size_t used = reader_->feed(in_, error);
    in_.erase(0, used);
    held_bytes_ += reader_->body_bytes() - before;
    host_.body_bytes += reader_->body_bytes() - before;
    if (error) return refuse_input(error), false;
    if (host_.body_bytes > kBodyBytesOfAllMax)
      return refuse(503, "too many large requests at once"), false;
    if (reader_->takes_header() && !header_read()) return false;
    if (reader_->done()) return dispatch(), false;
    if (in_.empty() || used == 0) return true;
  }
}

void Session::refuse_input(const ErrorCode& error) {
  int status = RequestReader::status_of(error);
  refuse(status, status == 400 ? "the request is not valid HTTP: " + error.message()
                               : std::string(status_text(status)));
}

// False when the request was answered already, or when the client waits for a word.
bool Session::header_read() {
  if (misdirected_) return send_to_tls(), false;
  if (std::string_view wrong = reader_->wrong_headers(); !wrong.empty())
    return refuse(400, wrong), false;
  if (reader_->target().size() > kUrlBytesMax) return refuse(414, "the URL is too long"), false;
  if (reader_->done()) return true;
  arm(host_.limits.body_time_max);
  if (!reader_->expects_continue()) return true;
  out_head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  write(&Session::read_on);
  return false;
}

// To a person in a browser the way is shown; a program must not be led on, its token has just been
// on the wire in the clear.
void Session::send_to_tls() {
  Request request = reader_->release();
  bool person = request.method == Method::get && request.header("authorization").empty() &&
                request.header("accept").contains("text/html") && is_host(request.host) &&
                request.target.starts_with('/');
  keep_alive_ = head_only_ = false;
  busy_ = true;
  Response response =
      problem(400, "this address speaks https, not http", "write https:// instead of http://");
  if (person) {
    response.status = 307;
    response.headers.emplace_back("Location", "https://" + request.host + request.target);
  }
  respond(std::move(response), {});
}

void Session::note_origin(Request& request) {
  Origin origin{peer_, request.host, channel_->secure()};
  if (!host_.proxies.empty()) {
    std::string addresses = join_headers(request, "x-forwarded-for");
    std::string protocol = join_headers(request, "x-forwarded-proto");
    std::string host = join_headers(request, "x-forwarded-host");
    origin = host_.proxies.origin(std::move(origin), {addresses, protocol, host});
  }
  request.peer = std::move(origin.address);
  request.host = std::move(origin.host);
  request.secure = secure_ = origin.secure;
}

// The body is no longer kept.
void Session::let_go() { host_.body_bytes -= std::exchange(held_bytes_, 0); }

void Session::dispatch() {
  disarm();
  busy_ = true;
  keep_alive_ = reader_->keep_alive();
  chunked_ = reader_->version_1_1();
  auto request = std::make_shared<Request>(reader_->release());
  reader_.reset();
  note_origin(*request);
  head_only_ = request->method == Method::head;
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
void Session::refuse(int status, std::string_view text, std::string_view hint) {
  keep_alive_ = false;
  head_only_ = false;
  busy_ = true;
  respond(problem(status, text, std::string(hint)), {});
}

void Session::respond(Response response, std::string packed) {
  let_go();
  if (host_.stopping || (response.stream && !chunked_)) keep_alive_ = false;
  bool is_packed = !packed.empty();
  out_body_ = is_packed ? std::move(packed) : std::move(response.body);
  out_head_ = response_head(response, {.body_bytes = out_body_.size(),
                                       .packed = is_packed,
                                       .chunked = chunked_,
                                       .keep_alive = keep_alive_,
                                       .secure = secure_});
  if (head_only_) response.stream.reset();
  if (head_only_ || response.status == 204 || response.stream) out_body_.clear();
  next_stream_ = std::move(response.stream);
  arm(host_.limits.write_time_max);
  write(next_stream_ ? &Session::start_stream : &Session::answered);
}

void Session::write(Step then) {
  written_ = 0;
  after_write_ = then;
  write_on();
}

void Session::write_on() {
  while (written_ < out_head_.size() + out_body_.size()) {
    std::string_view head = out_head_, body = out_body_;
    size_t of_head = std::min(written_, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(written_ - of_head);
    Channel::Outcome sent = channel_->write(head, body);
    if (waits(sent.io, &Session::write_on)) return;
    if (sent.io != Channel::Io::done) return close();
    written_ += sent.bytes;
  }
  out_head_.clear();
  out_body_ = std::string();
  (this->*after_write_)();
}

void Session::answered() {
  if (keep_alive_) return wait_request();
  channel_->finish();
  in_ = std::string();
  linger_left_ = kLingerBytesMax;
  arm(kLingerTime);
  linger();
}

// Closing with unread input would reset the connection and could take the answer with it: reads on
// for a moment.
void Session::linger() {
  while (true) {
    ssize_t count = recv(socket_.native_handle(), host_.scratch.data(), host_.scratch.size(), 0);
    if (count < 0 && errno == EAGAIN) return when(tcp::socket::wait_read, &Session::linger);
    if (count <= 0 || size_t(count) >= linger_left_) return close();
    linger_left_ -= size_t(count);
  }
}

void Session::start_stream() {
  disarm();
  if (host_.stopping) return close();
  stream_ = std::move(next_stream_);
  pulling_ = pull_again_ = pull_soon_ = writing_ = false;
  stream_->start(host_.beat.waker(weak_from_this()));
  watch_for_close();
  if (!closed_) pull();
}

// Reads what a client sends while it gets a stream, to hear when it goes.
void Session::watch_for_close() {
  if (!stream_) return;
  Channel::Outcome got = channel_->read(host_.scratch.data(), host_.scratch.size());
  if (waits(got.io, &Session::watch_for_close)) return;
  if (got.io != Channel::Io::done || in_.size() + got.bytes > kReadAheadBytesMax) return close();
  in_.append(host_.scratch.data(), got.bytes);
  when(tcp::socket::wait_read, &Session::watch_for_close);
}

// There is something to pull: now, or when the stream's pace allows.
void Session::woken() {
  if (!stream_) return;
  auto since = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - pulled_at_);
  if (since >= stream_->pace()) return pull();
  if (!std::exchange(pull_soon_, true))
    host_.beat.at(pulled_at_ + stream_->pace(), weak_from_this());
}

void Session::beat() {
  if (stream_ && pull_soon_) pull();
}

void Session::pull_in(Duration time) {
  timed_ = true;
  pull_timer_.expires_after(time);
  pull_timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error && self->stream_) self->pull();
  });
}

void Session::pull() {
  if (pulling_ || writing_) {
    pull_again_ = true;
    return;
  }
  pulling_ = true;
  pull_again_ = pull_soon_ = false;
  quiet_until_ = SteadyTime::max();
  if (std::exchange(timed_, false)) pull_timer_.cancel();
  pulled_at_ = std::chrono::steady_clock::now();
  if (!stream_->blocks()) {
    std::string part;
    auto next = stream_->pull(part);
    pulling_ = false;
    return pulled(std::move(part), next);
  }
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
  pull_in(kPullRetry);
}

void Session::pulled(std::string part, StreamSource::Next next) {
  next_ = next;
  if (part.empty()) return part_written();
  writing_ = true;
  if (chunked_) {
    char size[24];
    int length = snprintf(size, sizeof size, "%zx\r\n", part.size());
    out_head_.assign(size, size_t(length));
    part += "\r\n";
  }
  out_body_ = std::move(part);
  arm(host_.limits.write_time_max);
  write(&Session::part_written);
}

void Session::part_written() {
  writing_ = false;
  disarm();
  if (next_ == StreamSource::Next::end) return end_stream();
  if (next_ == StreamSource::Next::more) return pull();
  bool again = std::exchange(pull_again_, false), soon = std::exchange(pull_soon_, false);
  bool waiting = again || soon;
  if (waiting) return woken();
  // What is rare needs no timer of its own.
  if (stream_->interval() < kRareInterval) return pull_in(stream_->interval());
  quiet_until_ = std::chrono::steady_clock::now() + stream_->interval();
}

void Session::end_stream() {
  stream_.reset();
  pull_timer_.cancel();
  ErrorCode ignored;
  socket_.cancel(ignored);  // the wait of watch_for_close
  out_head_ = chunked_ ? "0\r\n\r\n" : "";
  arm(host_.limits.write_time_max);
  write(&Session::answered);
}

}  // namespace

std::shared_ptr<SessionControl> start_session(tcp::socket socket, SessionHost& host) {
  auto executor = socket.get_executor();
  auto session = std::make_shared<Session>(std::move(socket), host);
  // Later, so that the caller knows the session before it can end.
  asio::post(executor, [session] { session->begin(); });
  return session;
}

}  // namespace leoflow::api
