// SPDX-License-Identifier: Apache-2.0
// The server over a real loopback socket: limits, slow and broken clients, keep-alive, streams.
#include "api/server.h"

#include <zlib.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "api/socket_client_test.h"

namespace leoflow::api {
namespace {

// A stream whose parts the test hands out, and which tells when it is destroyed.
class Feed {
 public:
  void give(std::string part, bool end = false) {
    std::lock_guard lock(mutex_);
    waiting_ += part;
    end_ |= end;
    if (wake_) wake_();
  }
  void wait_destroyed() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return destroyed_; });
  }
  std::unique_ptr<StreamSource> source();

 private:
  class Source;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> wake_;
  std::string waiting_;
  bool end_ = false, destroyed_ = false;
};

class Feed::Source : public StreamSource {
 public:
  explicit Source(Feed& feed) : feed_(feed) {}
  ~Source() override {
    std::lock_guard lock(feed_.mutex_);
    feed_.destroyed_ = true;
    feed_.changed_.notify_all();
  }
  void start(std::function<void()> wake) override {
    std::lock_guard lock(feed_.mutex_);
    feed_.wake_ = std::move(wake);
  }
  Next pull(std::string& out) override {
    std::lock_guard lock(feed_.mutex_);
    out = std::exchange(feed_.waiting_, {});
    return feed_.end_ ? Next::end : Next::wait;
  }

 private:
  Feed& feed_;
};

std::unique_ptr<StreamSource> Feed::source() { return std::make_unique<Source>(*this); }

class ServerTest : public testing::Test {
 protected:
  void start(ServerLimits limits = {}) {
    ServerOptions options{.port = 0, .workers = 2, .limits = limits};
    auto started =
        HttpServer::start(options, [this](const Request& request) { return answer(request); });
    ASSERT_TRUE(started.has_value()) << started.error().text();
    server = std::move(*started);
  }
  Response answer(const Request& request) {
    ++requests;
    Response response;
    if (request.target == "/feed") {
      response.stream = feed.source();
    } else if (request.target == "/large") {
      response.body = std::string(5000, 'x');
    } else {
      response.body = std::string(to_string(request.method)) + request.target +
                      std::to_string(request.body.size());
    }
    return response;
  }
  std::string exchange(const std::string& bytes) {
    Client client(server->port());
    client.send(bytes);
    return client.read_all();
  }

  Feed feed;
  std::atomic<int> requests = 0;
  std::unique_ptr<HttpServer> server;
};

const std::string kClose = "Connection: close\r\n\r\n";

TEST_F(ServerTest, KeepsAliveAndTakesPipelinedRequests) {
  start();
  Client client(server->port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("GET/b0").find("GET/a0"), std::string::npos);
  client.send("POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + kClose + "{}");
  std::string last = client.read_all();
  EXPECT_NE(last.find("POST/c2"), std::string::npos);
  EXPECT_TRUE(client.closed);
}

TEST_F(ServerTest, EveryAnswerTellsBrowsersWhatItMayBeUsedFor) {
  start();
  for (auto request : {"GET /a HTTP/1.1\r\nHost: x\r\n", "nonsense\r\n"}) {
    std::string answer = exchange(request + kClose);
    EXPECT_NE(answer.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Referrer-Policy: same-origin\r\n"), std::string::npos) << answer;
    size_t policy = answer.find("Content-Security-Policy: default-src 'self'; script-src 'self';");
    ASSERT_NE(policy, std::string::npos) << answer;
    EXPECT_NE(answer.find("frame-ancestors 'none'", policy), std::string::npos) << answer;
  }
}

TEST_F(ServerTest, RefusesWhatIsTooLong) {
  start();
  std::string url =
      exchange("GET /" + std::string(9000, 'u') + " HTTP/1.1\r\nHost: x\r\n" + kClose);
  EXPECT_TRUE(url.starts_with("HTTP/1.1 414 ")) << url;
  std::string header =
      exchange("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'h') + "\r\n" + kClose);
  EXPECT_TRUE(header.starts_with("HTTP/1.1 431 ")) << header;
  std::string length = std::to_string(kBodyBytesMax + 1);
  std::string body =
      exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\nabc");
  EXPECT_TRUE(body.starts_with("HTTP/1.1 413 ")) << body;
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerTest, TakesABodyUpToTheLimit) {
  start();
  Client client(server->port());
  std::string length = std::to_string(kBodyBytesMax);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " + length +
              "\r\n" + kClose);
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(client.send(std::string(kBodyBytesMax, 'b')));
  EXPECT_NE(client.read_all().find("POST/" + length), std::string::npos);
}

TEST_F(ServerTest, RefusesWhatIsNotHttp) {
  start();
  EXPECT_TRUE(exchange("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(exchange("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerTest, ClosesOnSlowHeadersAndIdleClients) {
  start({.header_time_max = std::chrono::milliseconds(50),
         .idle_time_max = std::chrono::milliseconds(50)});
  Client slow(server->port());
  slow.send("GET / HT");
  EXPECT_EQ(slow.read_all(), "");
  EXPECT_TRUE(slow.closed);
  Client idle(server->port());
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.closed);
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit) {
  start({.connections_max = 1});
  Client first(server->port());
  first.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  first.read_until("GET/a0");
  Client second(server->port());
  EXPECT_TRUE(second.read_all().starts_with("HTTP/1.1 503 "));
  first.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(first.read_until("GET/b0").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, HeadHasNoBodyAndGzipIsByRequest) {
  start();
  std::string head = exchange("HEAD /large HTTP/1.1\r\nHost: x\r\n" + kClose);
  EXPECT_NE(head.find("Content-Length: 5000\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  std::string plain = exchange("GET /large HTTP/1.1\r\nHost: x\r\n" + kClose);
  EXPECT_TRUE(plain.ends_with(std::string(5000, 'x')));
  std::string packed =
      exchange("GET /large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n" + kClose);
  EXPECT_NE(packed.find("Content-Encoding: gzip\r\n"), std::string::npos);
  std::string bytes = packed.substr(packed.find("\r\n\r\n") + 4);
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(6000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = uInt(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = uInt(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.total_out, 5000u);
  inflateEnd(&stream);
}

TEST_F(ServerTest, StreamsPartsAsTheyCome) {
  start();
  Client client(server->port());
  client.send("GET /feed HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("Transfer-Encoding: chunked\r\n"),
            std::string::npos);
  feed.give("hello");
  EXPECT_EQ(client.read_until("hello\r\n"), "5\r\nhello\r\n");
  feed.give("bye", true);
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "3\r\nbye\r\n0\r\n\r\n");
  client.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("GET/again0").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, StreamEndsWhenTheClientGoesOrTheServerStops) {
  start();
  {
    Client client(server->port());
    client.send("GET /feed HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_until("\r\n\r\n");
  }
  feed.wait_destroyed();
  Client client(server->port());
  client.send("GET /feed HTTP/1.1\r\nHost: x\r\n\r\n");
  client.read_until("\r\n\r\n");
  server->stop();
  client.read_all();
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerTest, AClientOfAStreamThatSendsWithoutEndIsClosed) {
  start();
  Client client(server->port());
  client.send("GET /feed HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(200'000, 'x'));
  client.read_all();
  EXPECT_TRUE(client.closed);
  feed.wait_destroyed();
}

TEST_F(ServerTest, OldClientsGetPlainStreams) {
  start();
  Client client(server->port());
  client.send("GET /feed HTTP/1.0\r\n\r\n");
  client.read_until("\r\n\r\n");
  feed.give("all", true);
  EXPECT_EQ(client.read_all(), "all");
  EXPECT_TRUE(client.closed);
}

TEST_F(ServerTest, PortInUseIsAClearError) {
  start();
  ServerOptions options{.port = server->port()};
  auto second = HttpServer::start(options, [](const Request&) { return Response(); });
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Code::exists);
  EXPECT_NE(second.error().message().find("in use"), std::string::npos);
  options.address = "nowhere";
  EXPECT_EQ(HttpServer::start(options, [](const Request&) { return Response(); }).error().code(),
            Code::invalid);
}

}  // namespace
}  // namespace leoflow::api
