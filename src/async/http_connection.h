// SPDX-License-Identifier: Apache-2.0
// One connection of HttpClient: connects when first used, then carries one exchange after the
// other. Private to async/. Loop's thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "async/http_client.h"
#include "async/http_url.h"

namespace leoflow {

// How far an exchange came: what a failure means depends on it.
enum class HttpStage { connecting, sending, waiting, receiving };

// Told by the connection, from the loop; none follows on_done or close().
class HttpExchangeSink {
 public:
  virtual ~HttpExchangeSink() = default;
  virtual void on_head(HttpResponse head) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  // The error's code is unavailable, denied, exhausted or internal.
  virtual void on_done(Status end) = 0;
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // What a connection needs to trust its peer; shared by those made while it is current.
  struct Trust {
    explicit Trust() : context(boost::asio::ssl::context::tls_client) {}
    boost::asio::ssl::context context;
    std::string server_name;
    bool verify = true;
  };
  static Result<std::shared_ptr<Trust>> make_trust(const HttpTls& tls);

  HttpConnection(boost::asio::io_context& io, HttpUrl place, std::shared_ptr<Trust> trust);

  struct Exchange {
    std::string bytes;     // head and body as sent
    bool no_body = false;  // the answer to HEAD
    std::optional<uint64_t> body_bytes_max;
    HttpExchangeSink* sink = nullptr;  // until on_done or close()
  };
  // Requires: no exchange is under way.
  void run(Exchange exchange);
  // Ends everything; the sink hears nothing more.
  void close();

  HttpStage stage() const { return stage_; }
  bool used_before() const { return exchanges_ > 1; }
  // After on_done: whether another exchange may follow.
  bool reusable() const { return reusable_; }
  // It was made with this trust, the peer did not close it and it is not too old. Of an idle one.
  bool fresh(const std::shared_ptr<Trust>& trust);

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using TlsStream = boost::asio::ssl::stream<Socket>;
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

  Socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }
  void connect();
  void handshake();
  void write();
  void read();
  void on_read(ErrorCode error, size_t count);
  void parse();
  bool report();  // false when the sink closed us
  void finish();
  void broken(std::string_view what, const ErrorCode& error, Code code = Code::unavailable);

  boost::asio::io_context& io_;
  const HttpUrl place_;
  std::shared_ptr<Trust> trust_;
  boost::asio::ip::tcp::resolver resolver_;
  std::optional<Socket> plain_;
  std::optional<TlsStream> tls_;
  bool connected_ = false, closed_ = false, reusable_ = false, head_told_ = false;
  int exchanges_ = 0;
  HttpStage stage_ = HttpStage::connecting;
  Exchange exchange_;
  std::optional<Parser> parser_;
  boost::beast::flat_buffer in_;
  std::chrono::steady_clock::time_point idle_since_;
};

}  // namespace leoflow
