// SPDX-License-Identifier: Apache-2.0
#include "cli/connection_uri.h"

#include <algorithm>
#include <charconv>

namespace leoflow::cli {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text, bool plus_is_space = false) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                  hex_digit(text[i + 2]) >= 0;
    if (escape) {
      result += char(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

// "a=1&b=2" as {"a": "1", "b": "2"}; __extra__ holds a JSON object of its own.
Result<json::object> extra_of(std::string_view query) {
  json::object extra;
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    size_t equal = std::min(pair.find('='), pair.size());
    std::string name = decoded(pair.substr(0, equal), true);
    std::string text = decoded(pair.substr(std::min(equal + 1, pair.size())), true);
    if (name == "__extra__") {
      auto whole = json::parse(text);
      if (!whole || !whole->is_object()) {
        return fail(Code::invalid, "__extra__ of the connection URI is no JSON object");
      }
      return std::move(whole->get_object());
    }
    extra[name] = text;
  }
  return extra;
}

Status read_place(std::string_view place, json::object& into) {
  size_t bracket = place.starts_with('[') ? place.find(']') : std::string_view::npos;
  size_t colon = place.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    int64_t port = 0;
    std::string_view digits = place.substr(colon + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!digits.empty() && (!whole || port < 0 || port > 65535)) {
      return fail(Code::invalid, "the port in the connection URI is no number up to 65535",
                  "write %40, %3A and %2F for @, : and / inside of login and password");
    }
    if (!digits.empty()) into["port"] = port;
    place = place.substr(0, colon);
  }
  if (bracket != std::string_view::npos) place = place.substr(1, bracket - 1);
  if (!place.empty()) into["host"] = decoded(place);
  return {};
}

}  // namespace

Result<json::object> connection_of_uri(std::string_view uri) {
  size_t mark = uri.find("://");
  if (mark == 0 || mark == std::string_view::npos) {
    return fail(Code::invalid, "the connection URI has no type",
                "TYPE://LOGIN:PASSWORD@HOST:PORT/SCHEMA");
  }
  json::object body;
  std::string type(uri.substr(0, mark));
  std::ranges::replace(type, '-', '_');
  body["conn_type"] = type == "postgresql" ? "postgres" : type;
  std::string_view rest = uri.substr(mark + 3);
  size_t question = std::min(rest.find('?'), rest.size());
  std::string_view query = rest.substr(std::min(question + 1, rest.size()));
  rest = rest.substr(0, question);
  size_t slash = std::min(rest.find('/'), rest.size());
  std::string schema = decoded(rest.substr(std::min(slash + 1, rest.size())));
  if (!schema.empty()) body["schema"] = schema;
  std::string_view place = rest.substr(0, slash);
  size_t at = place.rfind('@');
  if (at != std::string_view::npos) {
    std::string_view user = place.substr(0, at);
    size_t colon = std::min(user.find(':'), user.size());
    if (colon > 0) body["login"] = decoded(user.substr(0, colon));
    if (colon < user.size()) body["password"] = decoded(user.substr(colon + 1));
    place = place.substr(at + 1);
  }
  if (auto status = read_place(place, body); !status) return fail(status);
  auto extra = extra_of(query);
  if (!extra) return fail(extra);
  if (!extra->empty()) body["extra"] = json::dump(json::value(std::move(*extra)));
  return body;
}

}  // namespace leoflow::cli
