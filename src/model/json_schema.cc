// SPDX-License-Identifier: Apache-2.0
#include "model/json_schema.h"

#include <cmath>

#include "base/time.h"
#include "model/json_format.h"

namespace leoflow {
namespace {

using json::value;

std::string shown(const value& v) {
  constexpr size_t kShownMax = 120;
  std::string text = json::dump(v);
  if (v.is_string()) text = "'" + std::string(v.get_string()) + "'";
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  return text;
}

bool is_number(const value& v) { return v.is_int64() || v.is_uint64() || v.is_double(); }

double as_double(const value& v) {
  if (v.is_int64()) return double(v.get_int64());
  if (v.is_uint64()) return double(v.get_uint64());
  return v.get_double();
}

bool is_integer(const value& v) {
  return v.is_int64() || v.is_uint64() ||
         (v.is_double() && std::trunc(v.get_double()) == v.get_double());
}

bool is_type(const value& v, std::string_view type) {
  if (type == "string") return v.is_string();
  if (type == "integer") return is_integer(v);
  if (type == "number") return is_number(v);
  if (type == "boolean") return v.is_bool();
  if (type == "object") return v.is_object();
  if (type == "array") return v.is_array();
  return type == "null" && v.is_null();
}

// JSON equality: 1 equals 1.0, true does not equal 1, members in any order.
bool equal(const value& a, const value& b) {
  if (is_number(a) && is_number(b)) {
    return a.is_double() || b.is_double() ? as_double(a) == as_double(b) : a == b;
  }
  if (a.is_array() && b.is_array()) {
    const auto& x = a.get_array();
    const auto& y = b.get_array();
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& member : a.get_object()) {
      const value* other = b.get_object().if_contains(member.key());
      if (!other || !equal(member.value(), *other)) return false;
    }
    return true;
  }
  return a == b;
}

// One check in progress. Each check_* function applies the keywords for one kind of value.
class Checker {
 public:
  explicit Checker(const value& root) : root_(root) {}

  bool apply(const value& instance, const value& schema);
  std::vector<SchemaViolation> take() { return std::move(found_); }

 private:
  bool fail(const value& instance, std::string_view keyword, std::string message,
            const value* expected = nullptr);
  // Applies a schema without keeping what it reports.
  bool holds(const value& instance, const value& schema);
  bool below(const value& instance, const value& schema, value step);
  bool check_reference(const value& instance, const json::object& schema);
  bool check_type(const value& instance, const json::object& schema);
  bool check_fixed(const value& instance, const json::object& schema);
  bool check_number(const value& instance, const json::object& schema);
  bool check_string(const value& instance, const json::object& schema);
  bool check_array(const value& instance, const json::object& schema);
  bool check_items(const value& instance, const json::object& schema);
  bool check_object(const value& instance, const json::object& schema);
  bool check_members(const value& instance, const json::object& schema);
  bool check_required(const value& instance, const json::object& schema);
  bool check_combined(const value& instance, const json::object& schema);
  bool check_any_of(const value& instance, const json::array& choices, const value* expected);
  bool check_conditional(const value& instance, const json::object& schema);
  bool check_size(const value& instance, const json::object& schema, size_t size,
                  std::string_view low, std::string_view high, std::string_view what);

  const value& root_;
  json::array path_;
  std::vector<SchemaViolation> found_;
  size_t steps_ = 0;
  int depth_ = 0;
  int quiet_ = 0;  // > 0 inside holds()
};

bool Checker::fail(const value& instance, std::string_view keyword, std::string message,
                   const value* expected) {
  if (quiet_ == 0 && found_.size() < kSchemaViolationsMax) {
    found_.push_back({path_, std::string(keyword), std::move(message), &instance, expected});
  }
  return false;
}

bool Checker::holds(const value& instance, const value& schema) {
  ++quiet_;
  bool ok = apply(instance, schema);
  --quiet_;
  return ok;
}

bool Checker::below(const value& instance, const value& schema, value step) {
  path_.push_back(std::move(step));
  bool ok = apply(instance, schema);
  path_.pop_back();
  return ok;
}

bool Checker::apply(const value& instance, const value& schema) {
  if (schema.is_bool()) {
    return schema.get_bool() || fail(instance, "schema", "nothing is allowed here");
  }
  if (!schema.is_object()) return fail(instance, "schema", "the schema is not an object");
  if (++steps_ > kSchemaStepsMax || depth_ >= kSchemaDepthMax) {
    return fail(instance, "schema", "the value and its schema are too large to check");
  }
  ++depth_;
  const json::object& rules = schema.get_object();
  bool ok = check_reference(instance, rules);
  if (!check_type(instance, rules)) {
    ok = false;
  } else {
    ok &= check_fixed(instance, rules);
    if (is_number(instance)) ok &= check_number(instance, rules);
    if (instance.is_string()) ok &= check_string(instance, rules);
    if (instance.is_array()) ok &= check_array(instance, rules);
    if (instance.is_object()) ok &= check_object(instance, rules);
    ok &= check_combined(instance, rules);
    ok &= check_conditional(instance, rules);
  }
  --depth_;
  return ok;
}

bool Checker::check_reference(const value& instance, const json::object& schema) {
  const value* reference = schema.if_contains("$ref");
  if (!reference) return true;
  if (!reference->is_string() || !reference->get_string().starts_with("#")) {
    return fail(instance, "schema", "only local references are allowed: " + shown(*reference));
  }
  std::string_view pointer = std::string_view(reference->get_string()).substr(1);
  boost::system::error_code error;
  const value* target = root_.find_pointer(pointer, error);
  if (!target) return fail(instance, "schema", "unknown reference " + shown(*reference));
  return apply(instance, *target);
}

bool Checker::check_type(const value& instance, const json::object& schema) {
  const value* type = schema.if_contains("type");
  if (!type) return true;
  if (type->is_string()) {
    if (is_type(instance, type->get_string())) return true;
    return fail(instance, "type", shown(instance) + " is not of type " + shown(*type), type);
  }
  if (!type->is_array()) return fail(instance, "schema", "type must be a string or a list");
  std::string names;
  for (const value& one : type->get_array()) {
    if (one.is_string() && is_type(instance, one.get_string())) return true;
    names += (names.empty() ? "" : ", ") + shown(one);
  }
  return fail(instance, "type", shown(instance) + " is not of type " + names, type);
}

bool Checker::check_fixed(const value& instance, const json::object& schema) {
  bool ok = true;
  if (const value* constant = schema.if_contains("const");
      constant && !equal(instance, *constant)) {
    ok = fail(instance, "const", shown(*constant) + " was expected", constant);
  }
  if (const value* choices = schema.if_contains("enum"); choices && choices->is_array()) {
    for (const value& choice : choices->get_array()) {
      if (equal(choice, instance)) return ok;
    }
    return fail(instance, "enum", shown(instance) + " is not one of " + shown(*choices), choices);
  }
  return ok;
}

bool Checker::check_number(const value& instance, const json::object& schema) {
  double n = as_double(instance);
  bool ok = true;
  auto bound = [&](std::string_view keyword, auto holds, std::string_view text) {
    const value* limit = schema.if_contains(keyword);
    if (!limit || !is_number(*limit) || holds(as_double(*limit))) return;
    ok = fail(instance, keyword, shown(instance) + std::string(text) + shown(*limit), limit);
  };
  bound("minimum", [&](double limit) { return n >= limit; }, " is less than the minimum of ");
  bound("maximum", [&](double limit) { return n <= limit; }, " is greater than the maximum of ");
  bound("exclusiveMinimum", [&](double limit) { return n > limit; }, " must be greater than ");
  bound("exclusiveMaximum", [&](double limit) { return n < limit; }, " must be less than ");
  auto divides = [&](double step) {
    double quotient = n / step;
    return step <= 0 || std::abs(quotient - std::round(quotient)) < 1e-9;
  };
  bound("multipleOf", divides, " is not a multiple of ");
  return ok;
}

bool Checker::check_size(const value& instance, const json::object& schema, size_t size,
                         std::string_view low, std::string_view high, std::string_view what) {
  bool ok = true;
  const value* minimum = schema.if_contains(low);
  if (minimum && is_number(*minimum) && double(size) < as_double(*minimum)) {
    ok = fail(instance, low,
              shown(instance) + " has fewer than " + shown(*minimum) + std::string(what), minimum);
  }
  const value* maximum = schema.if_contains(high);
  if (maximum && is_number(*maximum) && double(size) > as_double(*maximum)) {
    ok = fail(instance, high,
              shown(instance) + " has more than " + shown(*maximum) + std::string(what), maximum);
  }
  return ok;
}

bool Checker::check_string(const value& instance, const json::object& schema) {
  std::string_view text = instance.get_string();
  bool ok =
      check_size(instance, schema, code_points(text), "minLength", "maxLength", " characters");
  if (const value* pattern = schema.if_contains("pattern"); pattern && pattern->is_string()) {
    auto found = pattern_matches(pattern->get_string(), text);
    if (!found) return fail(instance, "schema", found.error().message(), pattern);
    if (!*found)
      ok = fail(instance, "pattern", shown(instance) + " does not match " + shown(*pattern),
                pattern);
  }
  if (const value* format = schema.if_contains("format"); format && format->is_string()) {
    if (!format_holds(format->get_string(), text)) {
      ok = fail(instance, "format", shown(instance) + " is not a " + shown(*format), format);
    }
  }
  return ok;
}

bool Checker::check_items(const value& instance, const json::object& schema) {
  const json::array& items = instance.get_array();
  const json::array* prefix = json::array_or_null(schema, "prefixItems");
  size_t fixed = prefix ? std::min(prefix->size(), items.size()) : 0;
  bool ok = true;
  for (size_t i = 0; i < fixed; ++i) ok &= below(items[i], (*prefix)[i], int64_t(i));
  const value* rest = schema.if_contains("items");
  if (!rest) return ok;
  for (size_t i = fixed; i < items.size(); ++i) ok &= below(items[i], *rest, int64_t(i));
  return ok;
}

bool Checker::check_array(const value& instance, const json::object& schema) {
  const json::array& items = instance.get_array();
  bool ok = check_size(instance, schema, items.size(), "minItems", "maxItems", " items");
  ok &= check_items(instance, schema);
  if (const value* contains = schema.if_contains("contains")) {
    int64_t count = 0;
    for (const value& item : items) count += holds(item, *contains) ? 1 : 0;
    if (count < json::int_or(schema, "minContains", 1) ||
        count > json::int_or(schema, "maxContains", INT64_MAX)) {
      ok = fail(instance, "contains", shown(instance) + " does not contain items as asked",
                contains);
    }
  }
  if (!json::bool_or(schema, "uniqueItems")) return ok;
  for (size_t i = 0; i < items.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (++steps_ > kSchemaStepsMax)
        return fail(instance, "schema", "the list is too long to check");
      if (equal(items[i], items[j]))
        return fail(instance, "uniqueItems", shown(instance) + " has equal items");
    }
  }
  return ok;
}

bool Checker::check_required(const value& instance, const json::object& schema) {
  const json::object& members = instance.get_object();
  bool ok = true;
  auto require = [&](const json::array& names) {
    for (const value& name : names) {
      if (!name.is_string() || members.contains(name.get_string())) continue;
      path_.push_back(name);
      ok = fail(instance, "required", shown(name) + " is a required property");
      path_.pop_back();
    }
  };
  if (const json::array* names = json::array_or_null(schema, "required")) require(*names);
  if (const json::object* dependent = json::object_or_null(schema, "dependentRequired")) {
    for (const auto& rule : *dependent) {
      if (members.contains(rule.key()) && rule.value().is_array())
        require(rule.value().get_array());
    }
  }
  return ok;
}

bool Checker::check_members(const value& instance, const json::object& schema) {
  const json::object* known = json::object_or_null(schema, "properties");
  const json::object* patterns = json::object_or_null(schema, "patternProperties");
  const value* additional = schema.if_contains("additionalProperties");
  const value* names = schema.if_contains("propertyNames");
  bool ok = true;
  for (const auto& member : instance.get_object()) {
    value step(member.key());
    bool covered = false;
    if (const value* rule = known ? known->if_contains(member.key()) : nullptr) {
      covered = true;
      ok &= below(member.value(), *rule, step);
    }
    if (patterns) {
      for (const auto& rule : *patterns) {
        auto found = pattern_matches(rule.key(), member.key());
        if (!found) return fail(instance, "schema", found.error().message());
        if (!*found) continue;
        covered = true;
        ok &= below(member.value(), rule.value(), step);
      }
    }
    if (names && !holds(step, *names))
      ok = fail(instance, "propertyNames", shown(step) + " is not allowed", names);
    if (covered || !additional) continue;
    if (additional->is_bool() && !additional->get_bool()) {
      path_.push_back(step);
      ok = fail(member.value(), "additionalProperties", shown(step) + " is not a known member",
                additional);
      path_.pop_back();
    } else {
      ok &= below(member.value(), *additional, step);
    }
  }
  return ok;
}

bool Checker::check_object(const value& instance, const json::object& schema) {
  size_t size = instance.get_object().size();
  bool ok = check_size(instance, schema, size, "minProperties", "maxProperties", " members");
  ok &= check_required(instance, schema);
  ok &= check_members(instance, schema);
  return ok;
}

// Reports what the only branch that is not "null" has to say: the others are no help to the reader.
bool Checker::check_any_of(const value& instance, const json::array& choices,
                           const value* expected) {
  const value* meant = nullptr;
  int meant_count = 0;
  for (const value& choice : choices) {
    if (holds(instance, choice)) return true;
    bool is_null = choice.is_object() && json::string_or(choice.get_object(), "type") == "null";
    if (is_null) continue;
    meant = &choice;
    ++meant_count;
  }
  if (meant_count == 1) return apply(instance, *meant);
  return fail(instance, "anyOf", shown(instance) + " is not valid under any of the given schemas",
              expected);
}

bool Checker::check_combined(const value& instance, const json::object& schema) {
  bool ok = true;
  if (const json::array* all = json::array_or_null(schema, "allOf")) {
    for (const value& one : *all) ok &= apply(instance, one);
  }
  if (const json::array* any = json::array_or_null(schema, "anyOf")) {
    ok &= check_any_of(instance, *any, schema.if_contains("anyOf"));
  }
  if (const json::array* one_of = json::array_or_null(schema, "oneOf")) {
    int count = 0;
    for (const value& one : *one_of) count += holds(instance, one) ? 1 : 0;
    if (count == 0) ok &= check_any_of(instance, *one_of, schema.if_contains("oneOf"));
    if (count > 1)
      ok =
          fail(instance, "oneOf", shown(instance) + " is valid under several of the given schemas");
  }
  if (const value* refused = schema.if_contains("not"); refused && holds(instance, *refused)) {
    ok = fail(instance, "not", shown(instance) + " should not be valid under " + shown(*refused),
              refused);
  }
  return ok;
}

bool Checker::check_conditional(const value& instance, const json::object& schema) {
  const value* condition = schema.if_contains("if");
  if (!condition) return true;
  const value* next = schema.if_contains(holds(instance, *condition) ? "then" : "else");
  return !next || apply(instance, *next);
}

}  // namespace

std::vector<SchemaViolation> check_json_schema(const value& instance, const value& schema,
                                               const value& root) {
  Checker checker(root);
  checker.apply(instance, schema);
  return checker.take();
}

std::string path_text(const json::array& path) {
  std::string text;
  for (const value& step : path) {
    if (step.is_int64()) {
      text += "[" + std::to_string(step.get_int64()) + "]";
    } else {
      text += (text.empty() ? "" : ".") + std::string(step.get_string());
    }
  }
  return text;
}

Status check_params(const std::map<std::string, ParamSpec>& params, const json::object& conf) {
  for (const auto& [name, param] : params) {
    const value* given = conf.if_contains(name);
    if (!given && !param.value) return fail(Code::invalid, "no value passed for param " + name);
    const value schema(param.schema);
    auto violations = check_json_schema(given ? *given : *param.value, schema);
    if (violations.empty()) continue;
    std::string place = path_text(violations[0].path);
    return fail(Code::invalid, "invalid input for param " + name + ": " + violations[0].message +
                                   (place.empty() ? "" : " at " + place));
  }
  return {};
}

}  // namespace leoflow
