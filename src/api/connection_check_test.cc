// SPDX-License-Identifier: Apache-2.0
#include "api/connection_check.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "api/fakes_test.h"
#include "api/postgres_login.h"

namespace leoflow::api {
namespace {

std::string number(uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

std::string reply(char type, const std::string& body) {
  return type + number(uint32_t(body.size() + 4)) + body;
}

// A server on a free port that has one conversation.
class OneTalk {
 public:
  explicit OneTalk(std::function<void(int socket)> talk) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* general = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, general, sizeof address), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    getsockname(listener_, general, &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this, talk = std::move(talk)] {
      int client = accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      talk(client);
      close(client);
    });
  }
  ~OneTalk() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  int port = 0;

 private:
  int listener_;
  std::thread thread_;
};

std::string hear(int client) {
  char bytes[4096];
  ssize_t count = recv(client, bytes, sizeof bytes, 0);
  return {bytes, size_t(std::max<ssize_t>(count, 0))};
}

void say(int client, const std::string& bytes) {
  EXPECT_EQ(send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
}

Connection postgres(int port) {
  return {.conn_type = "postgres",
          .host = "127.0.0.1",
          .login = "me",
          .password = "s3cret",
          .schema = "shop",
          .port = port};
}

TEST(Scram, GivesTheProofOfTheStandard) {
  // The example of RFC 7677.
  auto last = scram_final("pencil", "n=user,r=rOprNGfwEbeRWgbNEkqO",
                          "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                          "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(*last,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  for (auto bad :
       {"", "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=,i=1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999"}) {
    EXPECT_FALSE(scram_final("pencil", "n=user,r=rOprNGfwEbeRWgbNEkqO", bad).has_value()) << bad;
  }
}

TEST(ConnectionCheck, LogsInToPostgres) {
  std::string started, password;
  CheckResult result;
  {
    OneTalk server([&](int client) {
      started = hear(client);
      say(client, reply('R', number(3)));
      password = hear(client);
      say(client, reply('R', number(0)) + reply('S', "a") + reply('Z', "I"));
    });
    result = check_connection(postgres(server.port));
  }
  EXPECT_TRUE(result.reached) << result.message;
  EXPECT_NE(started.find(std::string("user\0me\0database\0shop", 21)), std::string::npos);
  EXPECT_EQ(password, reply('p', std::string("s3cret\0", 7)));
}

TEST(ConnectionCheck, TellsWhyPostgresRefuses) {
  OneTalk server([&](int client) {
    hear(client);
    say(client, reply('E', std::string("SFATAL\0Mno such role\0\0", 22)));
  });
  CheckResult result = check_connection(postgres(server.port));
  EXPECT_FALSE(result.reached);
  EXPECT_EQ(result.message, "PostgreSQL: no such role");
}

TEST(ConnectionCheck, WhatIsNotPostgresIsNotBelieved) {
  for (std::string noise : {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), number(0) + number(0),
                            std::string(), reply('R', number(5) + "salt"), reply('R', "x")}) {
    OneTalk server([&](int client) {
      hear(client);
      say(client, noise);
    });
    EXPECT_FALSE(check_connection(postgres(server.port)).reached);
  }
}

TEST(ConnectionCheck, AsksHttpServers) {
  std::string asked;
  CheckResult result;
  {
    OneTalk server([&](int client) {
      asked = hear(client);
      say(client, "HTTP/1.1 404 Not Found\r\n\r\n");
    });
    result = check_connection(
        {.conn_type = "http", .host = "http://127.0.0.1/health", .port = server.port});
  }
  EXPECT_TRUE(result.reached) << result.message;
  EXPECT_TRUE(asked.starts_with("GET /health HTTP/1.1\r\n")) << asked;
  OneTalk refusing([&](int client) {
    hear(client);
    say(client, "HTTP/1.1 401 Unauthorized\r\n\r\n");
  });
  EXPECT_FALSE(check_connection({.conn_type = "http",
                                 .host = "127.0.0.1",
                                 .login = "a",
                                 .password = "b",
                                 .port = refusing.port})
                   .reached);
  EXPECT_FALSE(check_connection({.conn_type = "http", .host = "a\r\nX: y"}).reached);
}

TEST(ConnectionCheck, ConnectsToTheRest) {
  OneTalk server([](int) {});
  EXPECT_TRUE(
      check_connection({.conn_type = "ftp", .host = "127.0.0.1", .port = server.port}).reached);
  EXPECT_FALSE(check_connection({.conn_type = "ftp", .host = "127.0.0.1"}).reached);
  EXPECT_FALSE(check_connection({.conn_type = "ftp"}).reached);
  EXPECT_FALSE(check_connection({.conn_type = "ftp", .host = "127.0.0.1", .port = 1}).reached);
}

class ConnectionTestRoute : public ApiTest {};

TEST_F(ConnectionTestRoute, IsOffUnlessEnabled) {
  Response refused = post("/api/v2/connections/test", R"({"connection_id":"c","conn_type":"ftp"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(body(refused).at("hint").as_string().find("LEOFLOW_TEST_CONNECTIONS"),
            std::string::npos);
  EXPECT_EQ(call(Method::post, "/api/v2/connections/defaults").status, 204);
}

}  // namespace
}  // namespace leoflow::api
