// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "cli/api_client.h"
#include "cli/connection_uri.h"
#include "cli/reasons.h"
#include "cli/text_stream.h"

namespace leoflow::cli {
namespace {

// Answers one connection after the other with the given texts; keeps what was asked.
class TinyServer {
 public:
  explicit TinyServer(std::vector<std::string> replies) : replies_(std::move(replies)) {
    listener_ = Fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    url_ = {"127.0.0.1", ntohs(address.sin_port), ""};
    thread_ = std::thread([this] { serve(); });
  }
  // Wakes an accept() that nobody will come to any more.
  ~TinyServer() { stop(); }
  void stop() {
    shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  ApiClient client() { return ApiClient(HttpClient(url_, "secret-token")); }
  const std::vector<std::string>& requests() {
    stop();
    return requests_;
  }

 private:
  void serve() {
    for (const std::string& reply : replies_) {
      Fd peer(accept(listener_.get(), nullptr, nullptr));
      if (!peer) return;
      requests_.push_back(read_request(peer.get()));
      send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      shutdown(peer.get(), SHUT_WR);
    }
  }

  static std::string read_request(int fd) {
    std::string text;
    char buffer[4096];
    while (true) {
      size_t head = text.find("\r\n\r\n");
      size_t length = text.find("Content-Length: ");
      size_t body = length == std::string::npos ? 0 : std::stoul(text.substr(length + 16));
      if (head != std::string::npos && text.size() >= head + 4 + body) return text;
      ssize_t count = recv(fd, buffer, sizeof buffer, 0);
      if (count <= 0) return text;
      text.append(buffer, size_t(count));
    }
  }

  std::vector<std::string> replies_, requests_;
  Fd listener_;
  Url url_;
  std::thread thread_;
};

std::string reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST(HttpClient, SendsTokenAndReadsChunks) {
  TinyServer server(
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
       "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n3;x=y\r\n 1}\r\n0\r\n\r\n"});
  auto api = server.client();
  auto object = api.get_object("/api/v2/x");
  ASSERT_TRUE(object) << object.error().text();
  EXPECT_EQ(json::int_or(*object, "a"), 1);
  const std::string& request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("GET /api/v2/x HTTP/1.1\r\nHost: 127.0.0.1:")) << request;
  EXPECT_NE(request.find("\r\nAuthorization: Bearer secret-token\r\n"), std::string::npos)
      << request;
}

TEST(HttpClient, RefusalsBecomeErrors) {
  TinyServer server(
      {reply("404 Not Found", R"({"detail":"no such DAG","hint":"look again"})"),
       reply("422 Unprocessable", R"({"detail":[{"loc":["body","slots"],"msg":"too small"}]})"),
       reply("401 Unauthorized", R"({"detail":"Not authenticated"})")});
  auto api = server.client();
  auto missing = api.get("/a");
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_EQ(missing.error().text(), "no such DAG\n\nhint: look again");
  auto invalid = api.send("POST", "/b", {{"slots", -5}});
  EXPECT_EQ(invalid.error().code(), Code::invalid);
  EXPECT_EQ(invalid.error().message(), "slots: too small");
  EXPECT_EQ(api.get("/c").error().code(), Code::unauthenticated);
}

TEST(HttpClient, LostAnswersOfChangesAreNotKnown) {
  TinyServer server({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
                     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"});
  auto api = server.client();
  EXPECT_EQ(api.send("POST", "/a", {}).error().code(), Code::outcome_unknown);
  EXPECT_EQ(api.get("/a").error().code(), Code::unavailable);
}

TEST(HttpClient, NobodyAnswers) {
  uint16_t port = 0;
  {
    TinyServer server({});
    port = server.client().http().url().port;
  }
  ApiClient api(HttpClient({"127.0.0.1", port, ""}, ""));
  auto answer = api.get("/");
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_NE(answer.error().hint().find("leoflow lite"), std::string::npos);
}

TEST(HttpClient, OtherProtocolsAreRefused) {
  TinyServer server({"SSH-2.0-OpenSSH_9.2 and more of it\r\n\r\n"});
  EXPECT_EQ(server.client().get("/").error().code(), Code::internal);
}

TEST(ApiClient, ListsPageByPage) {
  TinyServer server({reply("200 OK", R"({"dags":[{"n":1},{"n":2}],"total_entries":3})"),
                     reply("200 OK", R"({"dags":[{"n":3}],"total_entries":3})")});
  auto rows = server.client().list("/api/v2/dags", "dags", {{"state", "a b"}, {"none", ""}});
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->rows.size(), 3u);
  EXPECT_TRUE(
      server.requests().at(0).starts_with("GET /api/v2/dags?state=a%20b&limit=100&offset=0 "));
  EXPECT_TRUE(
      server.requests().at(1).starts_with("GET /api/v2/dags?state=a%20b&limit=100&offset=2 "));
}

TEST(HttpStream, EndsWithTheReply) {
  TinyServer server(
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab\ncd\r\n"
       "0\r\n\r\n"});
  auto api = server.client();
  auto stream = api.open("/log", "application/x-ndjson");
  ASSERT_TRUE(stream) << stream.error().text();
  server.requests();  // everything has been sent
  std::string text;
  while (!stream->ended()) {
    auto part = stream->read_available();
    ASSERT_TRUE(part) << part.error().text();
    text += *part;
  }
  EXPECT_EQ(text, "ab\ncd");
}

TEST(ReplyReader, TakesBytesOneByOne) {
  std::string text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  ReplyReader reader;
  for (char c : text) {
    EXPECT_FALSE(reader.complete());
    ASSERT_TRUE(reader.feed({&c, 1}));
  }
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.take_body(), "hi");
  ReplyReader bad;
  EXPECT_FALSE(bad.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"));
}

TEST(Url, Forms) {
  EXPECT_EQ(parse_url("localhost:8080")->text(), "http://localhost:8080");
  EXPECT_EQ(parse_url("http://[::1]:81/base/")->text(), "http://[::1]:81/base");
  EXPECT_EQ(parse_url("http://host")->port, 80);
  for (const char* bad :
       {"", "http://", "host:0", "host:99999", "host:x", "https://", "http://a b"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Paths, SegmentsAreEncoded) {
  EXPECT_EQ(run_path("a/b", "manual__2026+00:00", {"taskInstances"}),
            "/api/v2/dags/a%2Fb/dagRuns/manual__2026%2B00%3A00/taskInstances");
}

TEST(ConnectionUri, AllParts) {
  auto body =
      connection_of_uri("my-type://user%40x:p%2Fw@db.example.org:5433/main%20db?opt=1&flag=true");
  ASSERT_TRUE(body) << body.error().text();
  EXPECT_EQ(json::dump(json::value(*body)),
            R"({"conn_type":"my_type","schema":"main db","login":"user@x","password":"p/w",)"
            R"("port":5433,"host":"db.example.org","extra":"{\"opt\":\"1\",\"flag\":\"true\"}"})");
  EXPECT_FALSE(connection_of_uri("no uri"));
  auto bad = connection_of_uri("http://u:hidden@h:port");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text().find("hidden"), std::string::npos);
}

TEST(EventSplitter, EventsAndResumeIds) {
  EventSplitter events;
  events.feed("retry: 2000\n: connected\n\nid: 7\nevent: run\ndata: {\"a\":");
  EXPECT_FALSE(events.next());
  events.feed("1}\n\nid: 9\n: heartbeat\n\n");
  auto event = events.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->name, "run");
  EXPECT_EQ(event->data, "{\"a\":1}");
  EXPECT_FALSE(events.next());
  EXPECT_EQ(events.last_id(), "9");
}

TEST(RunView, TimeOutsideTasks) {
  RunView view;
  view.run = {{"start_date", "2026-01-01T00:00:00Z"}, {"end_date", "2026-01-01T00:00:10Z"}};
  view.tasks = json::parse(R"([
      {"start_date": "2026-01-01T00:00:01Z", "end_date": "2026-01-01T00:00:05Z"},
      {"start_date": "2026-01-01T00:00:04Z", "end_date": "2026-01-01T00:00:09Z"},
      {"start_date": null}])")
                   ->as_array();
  auto times = times_of(view, Time{});
  ASSERT_TRUE(times);
  EXPECT_EQ(times->total, std::chrono::seconds(10));
  EXPECT_EQ(times->outside_tasks(), std::chrono::seconds(2));
  EXPECT_FALSE(times_of({}, Time{}));
}

TEST(Reasons, AreThoseOfTheServerWhileTheRunGoesOn) {
  TinyServer server({reply("200 OK", R"({"reasons":[
      {"task_id":"load","map_index":2,"reason":"pool etl full: 3 of 3"}],"total_entries":1})")});
  auto api = server.client();
  RunView view;
  view.run = {{"dag_id", "etl"}, {"dag_run_id", "r 1"}, {"state", "running"}};
  view.tasks = json::parse(R"([{"task_id": "load", "map_index": 2, "state": "scheduled"},
      {"task_id": "load", "map_index": 1, "state": "failed", "state_reason": "exit code 3"},
      {"task_id": "begin", "map_index": -1, "state": "success", "state_reason": null}])")
                   ->as_array();
  ASSERT_TRUE(add_reasons(api, view));
  auto reason = [&](size_t i) { return json::string_or(view.tasks[i].as_object(), "reason"); };
  EXPECT_EQ(reason(0), "pool etl full: 3 of 3");
  EXPECT_EQ(reason(1), "exit code 3");
  EXPECT_TRUE(view.tasks[2].at("reason").is_null());
  EXPECT_TRUE(server.requests().at(0).starts_with(
      "GET /api/leoflow/v1/dags/etl/dagRuns/r%201/reasons HTTP/1.1"));
}

TEST(Reasons, AreNotAskedForWhenTheRunIsOver) {
  TinyServer server({});
  auto api = server.client();
  RunView view;
  view.run = {{"dag_id", "etl"}, {"dag_run_id", "r1"}, {"state", "failed"}};
  view.tasks = json::parse(R"([{"task_id": "load", "state_reason": "exit code 3"}])")->as_array();
  ASSERT_TRUE(add_reasons(api, view));
  EXPECT_EQ(json::string_or(view.tasks[0].as_object(), "reason"), "exit code 3");
}

TEST(Reasons, WhatHoldsARunIsToldOncePerReason) {
  Reasons reasons{{"a", "pool etl full: 3 of 3"},
                  {"b", "pool etl full: 3 of 3"},
                  {"c", "retry at 12:03:10 UTC"},
                  {"end", "waits for a, b, c"}};
  std::map<std::string, std::string> states{
      {"a", "scheduled"}, {"b", "scheduled"}, {"c", "up_for_retry"}, {"end", ""}};
  EXPECT_EQ(what_holds(reasons, states),
            (std::vector<std::string>{"a and 1 more * pool etl full: 3 of 3",
                                      "c * retry at 12:03:10 UTC"}));
  EXPECT_EQ(what_holds({{"a", "the DAG is paused"}, {"b", "the DAG is paused"}}, {}),
            std::vector<std::string>{"a and 1 more * the DAG is paused"});
  EXPECT_TRUE(what_holds({}, {}).empty());
}

TEST(LogLine, TimeLevelAndTraceback) {
  auto line = [](std::string_view text) { return log_line(json::parse(text)->as_object()); };
  EXPECT_EQ(line(R"({"timestamp":"2026-01-01T10:00:00.5Z","level":"info","event":"hi\u001b[0m"})"),
            "10:00:00.500 hi?[0m");
  EXPECT_EQ(line(R"({"level":"error","event":"no","exception":"Traceback: x"})"),
            "ERROR no\nTraceback: x");
  EXPECT_EQ(line(R"({"event":"::endgroup::"})"), "");
}

}  // namespace
}  // namespace leoflow::cli
