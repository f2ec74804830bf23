// SPDX-License-Identifier: Apache-2.0
// What broken and hostile clients send, and that nobody else notices.
#include <atomic>

#include "api/server.h"
#include "api/socket_client_test.h"
#include "api/url.h"

namespace leoflow::api {
namespace {

constexpr auto kSoon = std::chrono::milliseconds(50);
const std::string kHost = "Host: x\r\n";
const std::string kClose = "Connection: close\r\n\r\n";

class ServerFaults : public testing::Test {
 protected:
  void start(ServerLimits limits = {}) {
    ServerOptions options{.port = 0, .workers = 2, .limits = limits};
    auto started = HttpServer::start(options, [this](const Request& request) {
      ++requests;
      Response response;
      auto url = parse_url(request.target);
      response.status = url ? 200 : 400;
      response.body = std::string(to_string(request.method)) + " " + request.target + " " +
                      std::to_string(request.body.size()) + " " + request.host;
      return response;
    });
    ASSERT_TRUE(started.has_value()) << started.error().text();
    server = std::move(*started);
  }
  std::string exchange(const std::string& bytes) {
    Client client(server->port());
    client.send(bytes);
    return client.read_all();
  }
  // The status of the first answer; 0 for none.
  int status(const std::string& bytes) {
    std::string answer = exchange(bytes);
    return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
  }
  void others_are_served() {
    EXPECT_TRUE(exchange("GET /other HTTP/1.1\r\n" + kHost + kClose).starts_with("HTTP/1.1 200 "));
  }

  std::atomic<int> requests = 0;
  std::unique_ptr<HttpServer> server;
};

TEST_F(ServerFaults, LengthsThatContradictEachOtherAreRefused) {
  start();
  const std::string post = "POST / HTTP/1.1\r\n" + kHost;
  for (std::string headers : {
           "Content-Length: 3\r\nContent-Length: 4\r\n",
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
           "Content-Length: 3, 4\r\n",
           "Content-Length: +3\r\n",
           "Content-Length: 0x3\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 99999999999999999999999\r\n",
           "Content-Length : 3\r\n",
           " Content-Length: 3\r\n",
           "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n",
           "Transfer-Encoding:\x0b chunked\r\nContent-Length: 3\r\n",
       }) {
    EXPECT_EQ(status(post + headers + "\r\nabc"), 400) << headers;
  }
  EXPECT_EQ(requests, 0);
  others_are_served();
}

TEST_F(ServerFaults, EncodingsThatAreNotChunkedAreRefused) {
  start();
  for (std::string coding : {"gzip", "identity", "chunked, gzip", "chunked, chunked", "xchunked"}) {
    std::string request =
        "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n";
    EXPECT_GE(status(request), 400) << coding;
  }
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerFaults, BrokenChunksAreRefused) {
  start();
  const std::string post = "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n";
  for (std::string body : {"x\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-3\r\nabc\r\n",
                           "fffffffffffffffff\r\nabc", "3\nabc\n0\n\n\r\n\r\n"}) {
    EXPECT_GE(status(post + body), 400) << body;
  }
  EXPECT_EQ(requests, 0);
  EXPECT_EQ(status(post + "3\r\nabc\r\n0\r\n\r\n" + "GET / HTTP/1.1\r\n" + kHost + kClose), 200);
}

TEST_F(ServerFaults, HeadersThatAreNotHeadersAreRefused) {
  start();
  for (std::string headers : {
           std::string("Host: x\r\nName\r\n"),
           std::string("Host: x\r\nNa me: v\r\n"),
           std::string("Host: x\r\nName: a\0b\r\n", 20),
           std::string("Host: x\r\nName: a\rb\r\n"),
           std::string("Host: x\r\n: v\r\n"),
           std::string("Host: x\nName: v\n"),
       }) {
    EXPECT_EQ(status("GET / HTTP/1.1\r\n" + headers + "\r\n"), 400) << headers;
  }
  EXPECT_EQ(status("GET / HTTP/9.9\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(status("GET /a b HTTP/1.1\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerFaults, OneHostThatIsOne) {
  start();
  for (std::string host : {"", "Host: x\r\nHost: x\r\n", "Host: x\r\nHost: y\r\n", "Host: a/b\r\n",
                           "Host: a b\r\n", "Host: a@b\r\n", "Host: x:y\r\n", "Host:\r\n"}) {
    EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + kClose), 400) << host;
  }
  EXPECT_EQ(requests, 0);
  for (std::string host : {"x", "x:80", "[::1]:80", "10.0.0.1", "other.example"})
    EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + kClose), 200) << host;
  EXPECT_EQ(status("GET / HTTP/1.0\r\n\r\n"), 200);
}

TEST_F(ServerFaults, PathTricksAreRefused) {
  start();
  for (std::string path :
       {"/a/../b", "/a/%2e%2e/b", "/a/.%2E/b", "/./a", "/a//b", "/%00", "/a%0d%0ab",
        "/%c0%ae%c0%ae/", "/%c0%af", "/a%5cb", "/%ff", "/%zz", "/%2", "a", "http://x/a", "*"}) {
    EXPECT_EQ(status("GET " + path + " HTTP/1.1\r\n" + kHost + kClose), 400) << path;
  }
}

TEST_F(ServerFaults, ManySmallHeadersAreTooMuch) {
  start();
  std::string headers;
  for (int i = 0; i < 10'000; ++i) headers += "A: b\r\n";
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + kHost + headers + kClose), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + kHost + "X: " + std::string(1'000'000, 'x')), 431);
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerFaults, ChunksBeyondTheLimitAreRefused) {
  start({.body_bytes_max = 1000});
  std::string request = "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) request += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_EQ(status(request), 413);
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerFaults, ABodyThatComesTooSlowlyIsGivenUp) {
  start({.body_time_max = kSoon});
  Client slow(server->port());
  slow.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nabc");
  EXPECT_EQ(slow.read_all(), "");
  EXPECT_TRUE(slow.closed);
  EXPECT_EQ(requests, 0);
}

// Bytes that trickle in do not buy time.
TEST_F(ServerFaults, HeadersThatTrickleAreGivenUp) {
  start({.header_time_max = kSoon});
  Client slow(server->port());
  while (server->connections() > 0) static_cast<void>(slow.send("G"));
  others_are_served();
}

TEST_F(ServerFaults, AClientThatReadsNothingIsGivenUp) {
  start({.write_time_max = kSoon});
  Client deaf(server->port());
  int small = 1024;
  setsockopt(deaf.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  // Answers pile up until the socket takes no more.
  while (deaf.send("GET /" + std::string(4000, 'p') + " HTTP/1.1\r\n" + kHost + "\r\n")) {
  }
  others_are_served();
}

TEST_F(ServerFaults, AHalfClosedClientStillGetsItsAnswer) {
  start();
  Client client(server->port());
  client.send("GET /half HTTP/1.1\r\n" + kHost + "\r\n");
  client.end_sending();
  EXPECT_NE(client.read_all().find("GET /half"), std::string::npos);
  EXPECT_TRUE(client.closed);
}

TEST_F(ServerFaults, AHalfSentRequestOfAClientThatGoesIsNothing) {
  start();
  Client client(server->port());
  client.send("POST /half HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nabc");
  client.end_sending();
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(requests, 0);
}

TEST_F(ServerFaults, PipelinedRequestsAreAnsweredInOrder) {
  start();
  std::string bytes;
  for (int i = 0; i < 200; ++i)
    bytes +=
        "POST /n" + std::to_string(i) + " HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\n\r\n{}";
  Client client(server->port());
  client.send(bytes + "GET /last HTTP/1.1\r\n" + kHost + kClose);
  std::string answers = client.read_all();
  size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    at = answers.find("POST /n" + std::to_string(i) + " 2", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(answers.find("GET /last 0", at), std::string::npos);
}

TEST_F(ServerFaults, AThousandIdleConnectionsDisturbNobody) {
  start();
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.push_back(std::make_unique<Client>(server->port()));
    if (i % 2 == 0) idle.back()->send("GET / HTTP/1.1\r\n");
  }
  others_are_served();
  EXPECT_EQ(requests, 1);
  idle[1]->send("GET /woken HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_NE(idle[1]->read_until("/woken").find("200 OK"), std::string::npos);
}

}  // namespace
}  // namespace leoflow::api
