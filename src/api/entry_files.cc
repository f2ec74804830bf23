// SPDX-License-Identifier: Apache-2.0
#include "api/entry_files.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <set>

namespace leoflow::api {
namespace {

std::unexpected<Error> broken(std::string text) {
  return fail(Code::invalid, "the file cannot be read: " + text);
}

std::unexpected<Error> at_line(size_t line, std::string_view text) {
  return broken("line " + std::to_string(line) + ": " + std::string(text));
}

// A plain scalar as YAML 1.2 takes it.
json::value plain_value(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  auto whole = std::from_chars(text.data(), end, number);
  if (whole.ec == std::errc() && whole.ptr == end) return number;
  double fraction = 0;
  auto parsed = std::from_chars(text.data(), end, fraction);
  bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  if (numeric && parsed.ec == std::errc() && parsed.ptr == end) return fraction;
  return json::value(text);
}

// One document as JSON. Aliases are written out, so that values are counted.
class YamlReader {
 public:
  Result<json::value> value(const YAML::Node& node, int depth);

 private:
  Result<json::value> map(const YAML::Node& node, int depth);

  size_t values_ = 0;
};

Result<json::value> YamlReader::map(const YAML::Node& node, int depth) {
  json::object object;
  for (const auto& member : node) {
    size_t line = size_t(member.first.Mark().line) + 1;
    if (!member.first.IsScalar()) return at_line(line, "a key must be text");
    auto one = value(member.second, depth + 1);
    if (!one) return one;
    if (!object.emplace(member.first.Scalar(), std::move(*one)).second)
      return at_line(line, "'" + member.first.Scalar() + "' is there twice");
  }
  return object;
}

Result<json::value> YamlReader::value(const YAML::Node& node, int depth) {
  size_t line = size_t(std::max(0, node.Mark().line)) + 1;
  if (++values_ > kYamlValuesMax || depth > kYamlNestingMax)
    return at_line(line, "it is too long or nested too deeply");
  if (node.IsMap()) return map(node, depth);
  if (node.IsSequence()) {
    json::array list;
    for (const YAML::Node& item : node) {
      auto one = value(item, depth + 1);
      if (!one) return one;
      list.push_back(std::move(*one));
    }
    return list;
  }
  if (!node.IsScalar()) return json::value();
  return node.Tag() == "!" ? json::value(node.Scalar()) : plain_value(node.Scalar());
}

Result<std::vector<Entry>> entries_of(const json::value& value) {
  if (!value.is_object()) return broken("it must be one object of names and values");
  std::vector<Entry> entries;
  for (const auto& member : value.get_object())
    entries.push_back({std::string(member.key()), member.value()});
  return entries;
}

Result<std::vector<Entry>> read_yaml(std::string_view text) {
  try {
    YAML::Node document = YAML::Load(std::string(text));
    if (!document.IsDefined() || document.IsNull()) return std::vector<Entry>();
    auto value = YamlReader().value(document, 0);
    if (!value) return fail(value);
    return entries_of(*value);
  } catch (const YAML::Exception& e) {  // names the place, and none of the text
    return at_line(size_t(std::max(0, e.mark.line)) + 1, e.msg);
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

Result<std::vector<Entry>> read_lines(std::string_view text) {
  std::vector<Entry> entries;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return at_line(number, "it must be NAME=VALUE");
    entries.push_back({std::string(trimmed(line.substr(0, equals))),
                       json::value(std::string(trimmed(line.substr(equals + 1))))});
  }
  return entries;
}

std::string json_text(const json::value& value) { return json::dump(value); }

// Scalars and keys as JSON writes them: YAML reads these as they are.
void write_yaml(std::string& out, const json::value& value, size_t indent) {
  if (value.is_object() && !value.get_object().empty()) {
    for (const auto& member : value.get_object()) {
      out += "\n" + std::string(indent, ' ') + json_text(json::value(member.key())) + ":";
      write_yaml(out, member.value(), indent + 2);
    }
  } else {
    out += " " + json_text(value);
  }
}

Result<std::string> write_lines(const std::vector<Entry>& entries) {
  std::string out;
  for (const Entry& entry : entries) {
    std::string text =
        entry.value.is_string() ? std::string(entry.value.get_string()) : json_text(entry.value);
    if (text.find_first_of("\r\n") != std::string::npos || trimmed(text) != text ||
        entry.name.find_first_of("=\r\n") != std::string::npos) {
      return fail(Code::invalid, "'" + entry.name + "' does not fit into one line",
                  "use the format json or yaml");
    }
    out += entry.name + "=" + text + "\n";
  }
  return out;
}

}  // namespace

EntryFormat entry_format_of(std::string_view name) {
  return name == "yaml" ? EntryFormat::yaml : name == "env" ? EntryFormat::env : EntryFormat::json;
}

Result<std::vector<Entry>> read_entries(EntryFormat format, std::string_view text) {
  auto read = [&]() -> Result<std::vector<Entry>> {
    if (format == EntryFormat::yaml) return read_yaml(text);
    if (format == EntryFormat::env) return read_lines(text);
    auto parsed = json::parse(text);
    if (!parsed) return broken(parsed.error().message());
    return entries_of(*parsed);
  };
  auto entries = read();
  if (!entries) return entries;
  if (entries->size() > kEntriesMax)
    return broken("it has more than " + std::to_string(kEntriesMax) + " entries");
  std::set<std::string_view> names;
  for (const Entry& entry : *entries) {
    if (!names.insert(entry.name).second) return broken("'" + entry.name + "' is there twice");
  }
  return entries;
}

Result<std::string> write_entries(EntryFormat format, const std::vector<Entry>& entries) {
  if (format == EntryFormat::env) return write_lines(entries);
  json::object all;
  for (const Entry& entry : entries) all[entry.name] = entry.value;
  if (format == EntryFormat::json) return json::dump(json::value(all)) + "\n";
  std::string out;
  write_yaml(out, json::value(all), 0);
  if (out.starts_with('\n')) out.erase(0, 1);
  return all.empty() ? "{}\n" : out + "\n";
}

}  // namespace leoflow::api
