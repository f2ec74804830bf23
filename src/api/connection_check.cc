// SPDX-License-Identifier: Apache-2.0
#include "api/connection_check.h"

#include <charconv>

#include "api/postgres_login.h"
#include "api/socket_talk.h"
#include "base/crypto.h"

namespace leoflow::api {
namespace {

constexpr uint16_t kPostgresPort = 5432, kHttpPort = 80;
constexpr size_t kStatusLineBytesMax = 256;

SocketTalk::Deadline deadline() { return std::chrono::steady_clock::now() + kCheckTimeMax; }

std::string base64(std::string_view bytes) {
  std::string text = base64url(bytes);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

CheckResult failed(const Error& error) { return {false, error.message()}; }

CheckResult check_postgres(const Connection& connection) {
  auto talk = SocketTalk::connect(connection.host,
                                  uint16_t(connection.port.value_or(kPostgresPort)), deadline());
  if (!talk) return failed(talk.error());
  std::string database = connection.schema.empty() ? connection.login : connection.schema;
  auto done = log_in(*talk, {connection.login, connection.password, database});
  if (!done) return failed(done.error());
  return {true, "Connection successfully tested: " + connection.login + " may use " + database};
}

// "http://host:8080/path" as it stands in the host field, or a bare name.
struct HttpPlace {
  std::string host, path = "/";
  uint16_t port = kHttpPort;
  bool secure = false;
};

HttpPlace http_place(const Connection& connection) {
  HttpPlace place{.host = connection.host};
  place.secure = connection.schema == "https" || place.host.starts_with("https://");
  if (size_t scheme = place.host.find("://"); scheme != std::string::npos)
    place.host.erase(0, scheme + 3);
  if (size_t slash = place.host.find('/'); slash != std::string::npos) {
    place.path = place.host.substr(slash);
    place.host.erase(slash);
  }
  if (place.secure) place.port = 443;
  size_t colon = place.host.rfind(':');
  if (colon != std::string::npos && place.host.find(':') == colon) {
    std::from_chars(place.host.data() + colon + 1, place.host.data() + place.host.size(),
                    place.port);
    place.host.erase(colon);
  }
  if (connection.port) place.port = uint16_t(*connection.port);
  return place;
}

bool clean(std::string_view text) { return text.find_first_of("\r\n ") == std::string_view::npos; }

CheckResult check_http(const Connection& connection) {
  HttpPlace place = http_place(connection);
  if (!clean(place.host) || !clean(place.path)) return {false, "the host is not a host name"};
  auto talk = SocketTalk::connect(place.host, place.port, deadline());
  if (!talk) return failed(talk.error());
  std::string where = place.host + ":" + std::to_string(place.port);
  if (place.secure)
    return {true, where + " takes connections (what it says over TLS is not asked)"};
  std::string request = "GET " + place.path + " HTTP/1.1\r\nHost: " + where +
                        "\r\nConnection: close\r\nUser-Agent: leoflow\r\n";
  if (!connection.login.empty()) {
    request +=
        "Authorization: Basic " + base64(connection.login + ":" + connection.password) + "\r\n";
  }
  if (auto sent = talk->send(request + "\r\n"); !sent) return failed(sent.error());
  std::string line;
  while (line.size() < kStatusLineBytesMax && line.find('\n') == std::string::npos) {
    auto part = talk->receive(kStatusLineBytesMax - line.size());
    if (!part) return failed(part.error());
    if (part->empty()) break;
    line += *part;
  }
  if (!line.starts_with("HTTP/1.") || line.size() < 12)
    return {false, where + " does not speak HTTP"};
  std::string status = line.substr(9, 3);
  bool refused = !connection.login.empty() && (status == "401" || status == "403");
  return {!refused, where + " answers " + status};
}

CheckResult check_tcp(const Connection& connection) {
  if (!connection.port) return {false, "this type can only be tested with a host and a port"};
  auto talk = SocketTalk::connect(connection.host, uint16_t(*connection.port), deadline());
  if (!talk) return failed(talk.error());
  return {true, connection.host + ":" + std::to_string(*connection.port) + " takes connections"};
}

}  // namespace

CheckResult check_connection(const Connection& connection) {
  if (connection.host.empty()) return {false, "the connection has no host"};
  if (connection.conn_type == "postgres") return check_postgres(connection);
  if (connection.conn_type == "http" || connection.conn_type == "https")
    return check_http(connection);
  return check_tcp(connection);
}

}  // namespace leoflow::api
