// SPDX-License-Identifier: Apache-2.0
#include "agent/log_lines.h"

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"

namespace leoflow {

namespace {

// Where to cut a line of more than kLineBytesMax bytes so that no character is torn.
size_t cut_point(std::string_view line) {
  size_t cut = kLineBytesMax;
  for (int back = 0; back < 3 && (uint8_t(line[cut]) & 0xC0) == 0x80; ++back) --cut;
  return (uint8_t(line[cut]) & 0xC0) == 0x80 ? kLineBytesMax : cut;
}

void emit(std::string_view line, const LineSplitter::Sink& sink) {
  while (line.size() > kLineBytesMax) {
    size_t cut = cut_point(line);
    sink(line.substr(0, cut));
    line.remove_prefix(cut);
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  sink(line);
}

void mask_strings(json::value& value, const Masker& masker) {
  if (auto* text = value.if_string()) {
    value = masker.apply(std::string_view(text->data(), text->size()));
  } else if (auto* array = value.if_array()) {
    for (auto& item : *array) mask_strings(item, masker);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) mask_strings(member.value(), masker);
  }
}

}  // namespace

void LineSplitter::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    if (end == bytes.npos) break;
    if (rest_.empty()) {
      emit(bytes.substr(0, end), sink);
    } else {
      rest_.append(bytes.substr(0, end));
      emit(rest_, sink);
      rest_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  rest_.append(bytes);
  size_t done = 0;
  while (rest_.size() - done > kLineBytesMax) {
    std::string_view line = std::string_view(rest_).substr(done);
    size_t cut = cut_point(line);
    sink(line.substr(0, cut));
    done += cut;
  }
  rest_.erase(0, done);
}

void LineSplitter::finish(const Sink& sink) {
  if (!rest_.empty()) emit(rest_, sink);
  rest_.clear();
}

std::string text_log_line(Time at, std::string_view level, std::string_view logger,
                          std::string_view text, const Masker& masker) {
  json::Writer line;
  line.begin_object().key("timestamp").string(format_time(at)).key("level").string(level);
  line.key("logger").string(logger).key("event").string(masker.apply(text)).end_object();
  return line.take() + "\n";
}

std::string json_log_line(Time at, std::string_view line, const Masker& masker) {
  auto parsed = json::parse(line);
  if (!parsed || !parsed->is_object()) return text_log_line(at, "info", "task", line, masker);
  json::value& value = *parsed;
  if (!masker.empty()) mask_strings(value, masker);
  json::object& object = value.as_object();
  auto supply = [&](std::string_view name, const std::string& text) {
    auto* member = object.if_contains(name);
    if (!member || !member->is_string()) object[name] = text;
  };
  supply("timestamp", format_time(at));
  supply("level", "info");
  supply("logger", "task");
  supply("event", object.contains("event") ? json::dump(object["event"]) : "");
  return json::dump(value) + "\n";
}

}  // namespace leoflow
