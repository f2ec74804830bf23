// SPDX-License-Identifier: Apache-2.0
#include "async/http_client.h"

#include <gtest/gtest.h>

#include <future>

#include "async/http_server_test.h"
#include "async/http_url.h"

namespace leoflow {
namespace {

using Call = TestHttpServer::Call;

class HttpClientTest : public testing::Test {
 protected:
  void TearDown() override {
    thread_.stop_and_join();
    client_.reset();
  }
  template <typename Function>
  void on_loop(Function function) {
    std::promise<void> done;
    thread_.loop().post([&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }
  void make(HttpClientOptions options = {}) {
    on_loop([&] {
      auto made = HttpClient::create(thread_.loop(), std::move(options));
      ASSERT_TRUE(made) << made.error().text();
      client_ = std::move(*made);
    });
  }
  std::future<Result<HttpResponse>> begin(HttpRequest request) {
    if (!client_) make();
    auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
    on_loop([&] {
      client_->send(std::move(request),
                    [promise](Result<HttpResponse> answer) { promise->set_value(answer); });
    });
    return promise->get_future();
  }
  Result<HttpResponse> call(HttpRequest request) { return begin(std::move(request)).get(); }
  Result<HttpResponse> get(const std::string& url) { return call({.url = url}); }
  Code code_of(HttpRequest request) {
    auto answer = call(std::move(request));
    EXPECT_FALSE(answer);
    return answer ? Code::internal : answer.error().code();
  }

  LoopThread thread_{"http-test"};
  std::unique_ptr<HttpClient> client_;
};

TEST(HttpUrl, IsTakenApart) {
  auto url = parse_http_url("https://[::1]:6443/api/v1?watch=1");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 6443);
  EXPECT_EQ(url->target, "/api/v1?watch=1");
  EXPECT_EQ(url->authority(), "[::1]:6443");
  EXPECT_EQ(parse_http_url("http://x")->target, "/");
  EXPECT_EQ(parse_http_url("http://x?a=b")->target, "/?a=b");
  EXPECT_EQ(parse_http_url("https://x:443/")->authority(), "x");
}

TEST(HttpUrl, RefusesWhatItCannotCall) {
  for (const char* text :
       {"", "x", "ftp://x", "http://", "http:///a", "http://u:p@x/", "http://x#f", "http://x:0/",
        "http://x:99999/", "http://x:1a/", "http://[::1/", "http://[::1]x/", "http://x/a b",
        "http://x/\r\nEvil: 1"}) {
    EXPECT_FALSE(parse_http_url(text)) << text;
  }
}

TEST_F(HttpClientTest, SendsAndReceives) {
  TestHttpServer server([](Call& call) {
    call.reply(201, call.method + " " + call.target + " " + call.body + " " + call.headers["x-a"],
               "Retry-After: 7\r\n");
  });
  auto answer = call(
      {.method = "POST", .url = server.url("/a?b=c"), .headers = {{"X-A", "one"}}, .body = "body"});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "POST /a?b=c body one");
  EXPECT_EQ(answer->header("content-type"), "application/json");
  EXPECT_EQ(answer->retry_after(), Duration(std::chrono::seconds(7)));
}

TEST_F(HttpClientTest, KeepsConnectionsAndBoundsThem) {
  TestHttpServer server([](Call& call) { call.reply(200, call.target); });
  make({.connections_per_host_max = 3});
  std::vector<std::future<Result<HttpResponse>>> answers;
  for (int i = 0; i < 100; ++i)
    answers.push_back(begin({.url = server.url("/" + std::to_string(i))}));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(answers[size_t(i)].get()->body, "/" + std::to_string(i));
  EXPECT_LE(server.connections(), 3);
}

TEST_F(HttpClientTest, ReadsChunksAndAnswersWithoutBody) {
  TestHttpServer server([](Call& call) {
    if (call.method == "HEAD") return void(call.reply(200, ""));
    if (call.target == "/empty") {
      call.reply(204, "");
      return;
    }
    call.begin_chunks(200);
    call.chunk("one ");
    call.chunk(std::string(100'000, 'x'));
    call.end_chunks();
  });
  EXPECT_EQ(get(server.url("/"))->body.size(), 100'004u);
  EXPECT_EQ(call({.method = "HEAD", .url = server.url("/")})->status, 200);
  EXPECT_EQ(get(server.url("/empty"))->status, 204);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, SaysWhatIsKnownOfALostAnswer) {
  TestHttpServer server([](Call& call) { call.drop(); });
  EXPECT_EQ(code_of({.url = server.url("/")}), Code::unavailable);
  EXPECT_EQ(code_of({.method = "POST", .url = server.url("/")}), Code::outcome_unknown);
  std::string gone = server.url("/");
  server.stop();
  EXPECT_EQ(code_of({.method = "POST", .url = gone}), Code::unavailable);
  EXPECT_EQ(code_of({.url = "nonsense"}), Code::invalid);
  EXPECT_EQ(code_of({.url = gone, .headers = {{"A", "b\r\nc: d"}}}), Code::invalid);
}

TEST_F(HttpClientTest, TriesAgainOnAConnectionThatThePeerClosed) {
  std::atomic<int> calls = 0;
  TestHttpServer server([&](Call& call) {
    call.reply(200, "ok");
    if (calls++ % 2 == 0) call.drop();
  });
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(get(server.url("/")));
}

TEST_F(HttpClientTest, HasADeadline) {
  TestHttpServer server([](Call& call) { call.wait_gone(); });
  Duration soon = std::chrono::milliseconds(30);
  EXPECT_EQ(code_of({.url = server.url("/"), .timeout = soon}), Code::timeout);
  EXPECT_EQ(code_of({.method = "POST", .url = server.url("/"), .timeout = soon}),
            Code::outcome_unknown);
}

TEST_F(HttpClientTest, RequestsThatWaitTooLongWereNotSent) {
  std::atomic<int> calls = 0;
  TestHttpServer server([&](Call& call) {
    ++calls;
    call.wait_gone();
  });
  make({.connections_per_host_max = 1, .waiting_max = 2});
  auto first = begin({.url = server.url("/")});
  HttpRequest late{.method = "POST", .url = server.url("/"), .timeout = Duration(20'000)};
  auto second = begin(late), third = begin(late), fourth = begin(late);
  EXPECT_EQ(fourth.get().error().code(), Code::exhausted);
  EXPECT_EQ(second.get().error().code(), Code::timeout);
  EXPECT_EQ(third.get().error().code(), Code::timeout);
  EXPECT_LE(calls, 1);
}

TEST_F(HttpClientTest, BoundsTheBody) {
  TestHttpServer server([](Call& call) {
    if (call.target == "/length") return call.reply(200, std::string(2000, 'x'));
    call.begin_chunks(200);
    for (int i = 0; i < 20; ++i) call.chunk(std::string(100, 'x'));
    call.end_chunks();
  });
  for (const char* target : {"/length", "/chunks"}) {
    EXPECT_EQ(code_of({.url = server.url(target), .body_bytes_max = 1000}), Code::exhausted);
    EXPECT_TRUE(call({.url = server.url(target), .body_bytes_max = 2000}));
  }
}

TEST_F(HttpClientTest, RefusesWhatIsNotHttp) {
  TestHttpServer server([](Call& call) {
    call.send("SSH-2.0-OpenSSH\r\n\r\n");
    call.drop();
  });
  EXPECT_EQ(code_of({.url = server.url("/")}), Code::internal);
}

TEST_F(HttpClientTest, StreamsUntilThePeerEnds) {
  TestHttpServer server([](Call& call) {
    call.begin_chunks(200);
    for (int i = 0; i < 3; ++i) call.chunk("line " + std::to_string(i) + "\n");
    if (call.target == "/broken") return call.drop();
    call.end_chunks();
  });
  for (const char* target : {"/whole", "/broken"}) {
    make();
    std::string text;
    int status = 0;
    std::promise<Status> end;
    on_loop([&] {
      client_->open({.url = server.url(target)},
                    {.on_head = [&](const HttpResponse& head) { status = head.status; },
                     .on_data = [&](std::string_view bytes) { text += bytes; },
                     .on_end = [&](Status how) { end.set_value(how); }});
    });
    Status how = end.get_future().get();
    EXPECT_EQ(how.has_value(), std::string_view(target) == "/whole");
    EXPECT_EQ(status, 200);
    EXPECT_EQ(text, "line 0\nline 1\nline 2\n");
    on_loop([&] { client_.reset(); });
  }
}

// Beast aborted on a last chunk that was the first one and came in pieces.
TEST_F(HttpClientTest, TakesABodyOfNothingInPieces) {
  std::promise<void> head_seen[2];
  TestHttpServer server([&](Call& call) {
    bool whole = call.target == "/whole";
    call.begin_chunks(200);
    call.send("0\r\n");
    head_seen[whole].get_future().wait();
    call.send("\r");
    whole ? void(call.send("\n")) : call.drop();
  });
  make();
  for (bool whole : {true, false}) {
    std::promise<Status> end;
    on_loop([&] {
      client_->open({.url = server.url(whole ? "/whole" : "/broken")},
                    {.on_head = [&](const HttpResponse&) { head_seen[whole].set_value(); },
                     .on_data = [](std::string_view bytes) { EXPECT_EQ(bytes, ""); },
                     .on_end = [&](Status how) { end.set_value(how); }});
    });
    EXPECT_EQ(end.get_future().get().has_value(), whole);
  }
}

TEST_F(HttpClientTest, CancelsAStreamFromItsOwnCallback) {
  std::promise<void> gone;
  TestHttpServer server([&](Call& call) {
    call.begin_chunks(200);
    call.chunk("x");
    call.wait_gone();
    gone.set_value();
    call.drop();
  });
  make();
  HttpClient::Id id = 0;
  bool ended = false;
  on_loop([&] {
    id = client_->open({.url = server.url("/")}, {.on_head = [](const HttpResponse&) {},
                                                  .on_data = [&](auto) { client_->cancel(id); },
                                                  .on_end = [&](Status) { ended = true; }});
  });
  gone.get_future().wait();
  on_loop([&] { EXPECT_EQ(client_->in_flight(), 0u); });
  EXPECT_FALSE(ended);
}

class HttpTlsTest : public HttpClientTest {
 protected:
  TestCertificate ca_{""}, other_ca_{""};
  TestCertificate server_{"DNS:localhost,IP:127.0.0.1", &ca_}, client_certificate_{"", &ca_};
  static void answer(Call& call) { call.reply(200, "ok"); }
};

TEST_F(HttpTlsTest, TrustsOnlyTheNamedAuthority) {
  TestHttpServer server(answer, {.server = &server_});
  make({.tls = {.ca_pem = ca_.certificate_pem()}});
  EXPECT_TRUE(get(server.url("/")));
  EXPECT_TRUE(get(server.url("/")));
  EXPECT_EQ(server.connections(), 1);
  on_loop([&] { EXPECT_TRUE(client_->set_tls({.ca_pem = other_ca_.certificate_pem()})); });
  EXPECT_EQ(code_of({.url = server.url("/")}), Code::denied);
  on_loop([&] { EXPECT_TRUE(client_->set_tls({})); });
  EXPECT_EQ(code_of({.url = server.url("/")}), Code::denied);
  on_loop([&] { EXPECT_TRUE(client_->set_tls({.verify = false})); });
  EXPECT_TRUE(get(server.url("/")));
}

TEST_F(HttpTlsTest, ChecksTheName) {
  TestHttpServer server(answer, {.server = &server_});
  make({.tls = {.ca_pem = ca_.certificate_pem(), .server_name = "elsewhere"}});
  EXPECT_EQ(code_of({.url = server.url("/")}), Code::denied);
  on_loop([&] {
    EXPECT_TRUE(client_->set_tls({.ca_pem = ca_.certificate_pem(), .server_name = "localhost"}));
  });
  EXPECT_TRUE(get(server.url("/")));
}

TEST_F(HttpTlsTest, PresentsItsCertificate) {
  TestHttpServer server(answer, {.server = &server_, .client_ca = &ca_});
  make({.tls = {.ca_pem = ca_.certificate_pem()}});
  EXPECT_FALSE(get(server.url("/")));
  on_loop([&] {
    EXPECT_TRUE(client_->set_tls({.ca_pem = ca_.certificate_pem(),
                                  .certificate_pem = client_certificate_.certificate_pem(),
                                  .key_pem = client_certificate_.key_pem()}));
  });
  EXPECT_TRUE(get(server.url("/")));
}

TEST_F(HttpTlsTest, RefusesUnreadableCertificates) {
  on_loop([&] {
    auto made = HttpClient::create(thread_.loop(), {.tls = {.ca_pem = "nonsense"}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), Code::invalid);
    std::string ca = ca_.certificate_pem();
    EXPECT_FALSE(HttpClient::create(
        thread_.loop(), {.tls = {.ca_pem = ca, .certificate_pem = ca, .key_pem = "nonsense"}}));
  });
}

}  // namespace
}  // namespace leoflow
