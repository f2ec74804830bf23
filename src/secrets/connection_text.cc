// SPDX-License-Identifier: Apache-2.0
#include "secrets/connection_text.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "secrets/percent.h"

namespace leoflow {
namespace {

constexpr std::string_view kExtraKey = "__extra__";
constexpr std::string_view kMark = "://";
constexpr int kPortMax = 65535;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// urlencode() of one field.
std::string query_encode(std::string_view text, bool plus) {
  std::string encoded = percent_encode(text);
  if (!plus) return encoded;
  for (size_t at = 0; (at = encoded.find("%20", at)) != std::string::npos;) encoded.replace(at, 3, "+");
  return encoded;
}

// The extras as a query if all of them are strings, which is when they survive it; else empty.
std::string flat_query(const std::string& extra, bool plus) {
  Result<json::value> parsed = json::parse(extra);
  if (!parsed || !parsed->is_object()) return {};
  std::string query;
  for (const auto& [key, value] : parsed->get_object()) {
    if (!value.is_string()) return {};
    if (!query.empty()) query += '&';
    query += query_encode(key, plus) + "=" + query_encode(value.get_string(), plus);
  }
  return query;
}

std::string query_of(const Connection& connection) {
  if (connection.extra.empty()) return {};
  bool plus = normal_conn_type(connection.conn_type) != "postgres";
  std::string query = flat_query(connection.extra, plus);
  if (query.empty()) query = std::string(kExtraKey) + "=" + query_encode(connection.extra, plus);
  return (connection.schema.empty() ? "/?" : "?") + query;
}

Error bad_connection(std::string_view conn_id, std::string_view why) {
  return Error(Code::invalid, "connection '" + std::string(conn_id) + "': " + std::string(why),
               "write it as type://login:password@host:port/schema?key=value (parts percent-encoded) or as JSON");
}

Result<int> parse_port(std::string_view conn_id, std::string_view text) {
  int port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 0 || port > kPortMax) {
    return fail(bad_connection(conn_id, "the port is not a number from 0 to 65535"));
  }
  return port;
}

// login:password of a URI.
void read_user(std::string_view user, Connection& connection) {
  size_t colon = user.find(':');
  connection.login = percent_decode(user.substr(0, colon));
  connection.has_login = !connection.login.empty();
  if (colon == std::string_view::npos) return;
  connection.has_password = true;
  connection.password = percent_decode(user.substr(colon + 1));
}

// host:port, [v6]:port or :port.
Status read_place(std::string_view place, Connection& connection) {
  size_t colon = place.rfind(':');
  size_t bracket = place.rfind(']');
  bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  std::string_view host = has_port ? place.substr(0, colon) : place;
  if (has_port && colon + 1 < place.size()) {
    Result<int> port = parse_port(connection.conn_id, place.substr(colon + 1));
    if (!port) return fail(port);
    connection.port = *port;
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  connection.host = percent_decode(host);
  // Names have no case; paths of sockets do.
  if (connection.host.find('/') == std::string::npos) connection.host = lower(connection.host);
  return {};
}

void read_query(std::string_view query, Connection& connection) {
  json::object extras;
  for (auto& [key, value] : parse_query(query)) {
    if (key == kExtraKey) {
      connection.extra = std::move(value);
      return;
    }
    extras[key] = value;
  }
  if (!extras.empty()) connection.extra = json::dump(extras);
}

size_t count_marks(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(kMark, at)) != std::string_view::npos; at += kMark.size()) ++count;
  return count;
}

Result<Connection> parse_uri(std::string_view conn_id, std::string_view text) {
  Connection connection;
  connection.conn_id = conn_id;
  size_t marks = count_marks(text);
  if (marks > 2) return fail(bad_connection(conn_id, "more than two :// in the URI"));
  size_t mark = text.find(kMark);
  std::string_view rest = text;
  if (mark != std::string_view::npos) {
    connection.conn_type = normal_conn_type(text.substr(0, mark));
    rest = text.substr(mark + kMark.size());
  } else if (text.starts_with("//")) {
    rest = text.substr(2);
  } else {
    return fail(bad_connection(conn_id, "there is no :// in the URI"));
  }
  std::string protocol;
  if (marks == 2) {
    size_t second = rest.find(kMark);
    protocol = rest.substr(0, second);
    if (protocol.find_first_of("@:") != std::string::npos) {
      return fail(bad_connection(conn_id, "the inner protocol stands before login and host"));
    }
    rest = rest.substr(second + kMark.size());
  }
  rest = rest.substr(0, rest.find('#'));
  size_t question = rest.find('?');
  if (question != std::string_view::npos) read_query(rest.substr(question + 1), connection);
  rest = rest.substr(0, question);
  size_t slash = rest.find('/');
  if (slash != std::string_view::npos) connection.schema = percent_decode(rest.substr(slash + 1));
  std::string_view authority = rest.substr(0, slash);
  size_t at = authority.rfind('@');
  if (at != std::string_view::npos) read_user(authority.substr(0, at), connection);
  if (Status read = read_place(at == std::string_view::npos ? authority : authority.substr(at + 1), connection);
      !read) {
    return fail(read);
  }
  if (!protocol.empty()) connection.host = protocol + std::string(kMark) + connection.host;
  return connection;
}

Status read_json_port(const json::value& value, Connection& connection) {
  if (value.is_null()) return {};
  std::string text = value.is_string() ? std::string(value.get_string()) : json::dump(value);
  if (text.empty()) return {};
  Result<int> port = parse_port(connection.conn_id, text);
  if (!port) return fail(port);
  connection.port = *port;
  return {};
}

Status read_json_member(std::string_view key, const json::value& value, Connection& connection) {
  if (key == "port") return read_json_port(value, connection);
  if (key == "extra") {
    if (!value.is_null()) connection.extra = value.is_string() ? std::string(value.get_string()) : json::dump(value);
    return {};
  }
  if (!value.is_null() && !value.is_string()) {
    return fail(bad_connection(connection.conn_id, "'" + std::string(key) + "' is not a text"));
  }
  std::string text = value.is_null() ? std::string() : std::string(value.get_string());
  if (key == "conn_type") connection.conn_type = normal_conn_type(text);
  else if (key == "description") connection.description = text;
  else if (key == "host") connection.host = text;
  else if (key == "schema") connection.schema = text;
  else if (key == "login") {
    connection.login = text;
    connection.has_login = value.is_string();
  } else if (key == "password") {
    connection.password = text;
    connection.has_password = value.is_string();
  } else if (key != "conn_id") {
    return fail(bad_connection(connection.conn_id, "unknown key '" + std::string(key) + "'"));
  }
  return {};
}

Result<Connection> parse_json(std::string_view conn_id, std::string_view text) {
  Result<json::value> parsed = json::parse(text);
  if (!parsed || !parsed->is_object()) return fail(bad_connection(conn_id, "the text is not a JSON object"));
  Connection connection;
  connection.conn_id = conn_id;
  for (const auto& [key, value] : parsed->get_object()) {
    if (Status read = read_json_member(key, value, connection); !read) return fail(read);
  }
  return connection;
}

void member_or_null(json::Writer& writer, std::string_view name, const std::string& text, bool present) {
  present ? writer.member(name, text) : writer.member_null(name);
}

}  // namespace

std::string normal_conn_type(std::string_view conn_type) {
  std::string type = lower(conn_type);
  if (type == "postgresql") return "postgres";
  std::ranges::replace(type, '-', '_');
  return type;
}

std::string connection_uri(const Connection& connection) {
  std::string type = lower(connection.conn_type);
  std::ranges::replace(type, '_', '-');
  std::string uri = type.empty() ? "//" : type + std::string(kMark);
  std::string host = connection.host;
  if (size_t mark = host.find(kMark); mark != std::string::npos) {
    std::string protocol = host.substr(0, mark);
    host = host.substr(mark + kMark.size());
    if (protocol != connection.conn_type) uri += protocol + std::string(kMark);
  }
  std::string user;
  if (connection.has_login || !connection.login.empty()) user += percent_encode(connection.login);
  if (connection.has_password || !connection.password.empty()) user += ":" + percent_encode(connection.password);
  if (!user.empty()) uri += user + "@";
  std::string place = percent_encode(host);
  if (connection.port.value_or(0) != 0) {
    place += (place.empty() && user.empty() ? "@:" : ":") + std::to_string(*connection.port);
  }
  if (!connection.schema.empty()) place += "/" + percent_encode(connection.schema);
  return uri + place + query_of(connection);
}

std::string connection_json(const Connection& connection) {
  json::Writer writer;
  writer.begin_object();
  writer.member("conn_type", connection.conn_type);
  member_or_null(writer, "description", connection.description, !connection.description.empty());
  member_or_null(writer, "host", connection.host, !connection.host.empty());
  member_or_null(writer, "login", connection.login, connection.has_login || !connection.login.empty());
  member_or_null(writer, "password", connection.password, connection.has_password || !connection.password.empty());
  member_or_null(writer, "schema", connection.schema, !connection.schema.empty());
  connection.port ? writer.member("port", *connection.port) : writer.member_null("port");
  member_or_null(writer, "extra", connection.extra, !connection.extra.empty());
  writer.end_object();
  return writer.take();
}

Result<Connection> parse_connection(std::string_view conn_id, std::string_view text) {
  return text.starts_with('{') ? parse_json(conn_id, text) : parse_uri(conn_id, text);
}

}  // namespace leoflow
