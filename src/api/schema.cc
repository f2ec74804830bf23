// SPDX-License-Identifier: Apache-2.0
#include "api/schema.h"

#include <charconv>

namespace leoflow::api {
namespace {

class Compiler {
 public:
  explicit Compiler(std::string_view text) : text_(text) {}

  Result<json::object> shape();

 private:
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c);
  void skip_space();
  std::string_view word();
  Result<json::object> type();
  Result<json::object> plain_type();
  Result<json::object> named_type(std::string_view name);
  json::object one_of();
  void bounds(json::object& schema, std::string_view low, std::string_view high);
  std::unexpected<Error> broken(std::string_view what) const {
    return fail(Code::invalid,
                std::string(what) + " at " + std::to_string(at_) + " in: " + std::string(text_));
  }

  std::string_view text_;
  size_t at_ = 0;
};

bool Compiler::take(char c) {
  if (peek() != c) return false;
  ++at_;
  return true;
}

void Compiler::skip_space() {
  while (peek() == ' ' || peek() == '\n') ++at_;
}

std::string_view Compiler::word() {
  size_t start = at_;
  while (!done() && (isalnum(static_cast<unsigned char>(peek())) || peek() == '_' || peek() == '$'))
    ++at_;
  return text_.substr(start, at_ - start);
}

json::object Compiler::one_of() {
  json::array choices;
  size_t end = text_.find('>', at_);
  std::string_view list = text_.substr(at_, end - at_);
  at_ = end == std::string_view::npos ? text_.size() : end + 1;
  while (!list.empty()) {
    size_t bar = list.find('|');
    choices.emplace_back(list.substr(0, bar));
    list = bar == std::string_view::npos ? std::string_view() : list.substr(bar + 1);
  }
  return {{"type", "string"}, {"enum", std::move(choices)}};
}

void Compiler::bounds(json::object& schema, std::string_view low, std::string_view high) {
  if (!take('(')) return;
  auto number = [&](std::string_view name) {
    int64_t n = 0;
    const char* begin = text_.data() + at_;
    auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), n);
    if (error == std::errc()) schema[name] = n;
    at_ += size_t(end - begin);
  };
  number(low);
  take('.');
  take('.');
  number(high);
  take(')');
}

Result<json::object> Compiler::named_type(std::string_view name) {
  if (name == "str") {
    json::object schema{{"type", "string"}};
    if (take('~')) {
      word();
      schema["pattern"] = R"(^[\w.-]+$)";
      schema["minLength"] = 1;
      schema["maxLength"] = 250;
    }
    bounds(schema, "minLength", "maxLength");
    return schema;
  }
  if (name == "int") {
    json::object schema{{"type", "integer"}};
    bounds(schema, "minimum", "maximum");
    return schema;
  }
  if (name == "num") return json::object{{"type", "number"}};
  if (name == "bool") return json::object{{"type", "boolean"}};
  if (name == "time") return json::object{{"type", "string"}, {"format", "date-time"}};
  if (name == "date") return json::object{{"type", "string"}, {"format", "date"}};
  if (name == "uuid") return json::object{{"type", "string"}, {"format", "uuid"}};
  if (name == "obj") return json::object{{"type", "object"}, {"additionalProperties", true}};
  if (name == "any") return json::object{};
  if (name.empty() || !isupper(static_cast<unsigned char>(name[0]))) return broken("unknown type");
  return json::object{{"$ref", "#/components/schemas/" + std::string(name)}};
}

Result<json::object> Compiler::plain_type() {
  if (take('<')) return one_of();
  if (take('[')) {
    auto items = type();
    if (!items) return items;
    if (!take(']')) return broken("missing ]");
    return json::object{{"type", "array"}, {"items", std::move(*items)}};
  }
  if (take('{')) {
    auto members = type();
    if (!members) return members;
    if (!take('}')) return broken("missing }");
    return json::object{{"type", "object"}, {"additionalProperties", std::move(*members)}};
  }
  return named_type(word());
}

Result<json::object> Compiler::type() {
  auto schema = plain_type();
  if (!schema || !take('?')) return schema;
  if (schema->contains("$ref") || schema->contains("enum")) {
    return json::object{{"anyOf", json::array{std::move(*schema), json::object{{"type", "null"}}}}};
  }
  if (auto* kind = schema->if_contains("type")) *kind = json::array{*kind, "null"};
  return schema;
}

Result<json::object> Compiler::shape() {
  if (take('=')) {
    auto schema = type();
    if (schema && !done()) return broken("unexpected text");
    return schema;
  }
  bool closed = take('!');
  json::object members;
  json::array required;
  for (skip_space(); !done(); skip_space()) {
    std::string_view name = word();
    if (name.empty()) return broken("a member name is missing");
    if (!take('?')) required.emplace_back(name);
    if (!take(':')) return broken("missing :");
    auto schema = type();
    if (!schema) return schema;
    members[name] = std::move(*schema);
    if (!done() && peek() != ' ' && peek() != '\n') return broken("unexpected text");
  }
  json::object schema{{"type", "object"}, {"properties", std::move(members)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (closed) schema["additionalProperties"] = false;
  return schema;
}

}  // namespace

Result<json::object> compile_shape(std::string_view notation) { return Compiler(notation).shape(); }

}  // namespace leoflow::api
