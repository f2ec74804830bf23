// SPDX-License-Identifier: Apache-2.0
#include "model/termination_record.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/utf8.h"

namespace leoflow {
namespace {

constexpr std::array<std::string_view, 5> kKinds = {"succeeded", "failed", "skipped", "lost",
                                                    "cancelled"};
constexpr std::string_view kCut = "...";

std::string render(const TerminationRecord& record, std::string_view reason, size_t xcoms,
                   bool events = true) {
  json::Writer out;
  out.begin_object().member("leoflow", 1).member("attempt", record.attempt.value);
  out.member("kind", record.kind).member("retryable", record.retryable);
  out.member("reason", reason).member("exit_code", record.exit_code);
  out.member("started_at_us", record.started_at_us).member("ended_at_us", record.ended_at_us);
  write_use(out, record.use);
  out.member("acknowledged", record.acknowledged).key("xcoms").begin_array();
  for (size_t i = 0; i < xcoms; ++i) {
    const auto& xcom = record.xcoms[i];
    out.begin_object().member("key", xcom.key).key("value").raw(xcom.value_json);
    out.member("map_index", xcom.map_index).end_object();
  }
  out.end_array();
  int64_t missing = record.xcoms_missing + int64_t(record.xcoms.size() - xcoms);
  if (!events && !record.asset_events.empty()) ++missing;
  out.member("xcoms_missing", missing);
  if (events && !record.asset_events.empty()) out.key("asset_events").raw(record.asset_events);
  return out.end_object().take();
}

// At most `bytes` of it, ended between characters.
std::string cut(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  if (bytes <= kCut.size()) return {};
  size_t end = 0;
  while (end < text.size()) {
    size_t step = utf8_step(text.substr(end)).length;
    if (end + step > bytes - kCut.size()) break;
    end += step;
  }
  return std::string(text.substr(0, end)) + std::string(kCut);
}

std::vector<TerminationRecord::XComValue> read_xcoms(const json::object& from) {
  std::vector<TerminationRecord::XComValue> xcoms;
  auto* values = json::array_or_null(from, "xcoms");
  if (!values) return xcoms;
  for (const auto& entry : *values) {
    if (!entry.is_object()) continue;
    const auto& object = entry.as_object();
    auto* value = object.if_contains("value");
    xcoms.push_back({json::string_or(object, "key"), value ? json::dump(*value) : "null",
                     int(json::int_or(object, "map_index", kUnmapped))});
  }
  return xcoms;
}

}  // namespace

std::string write_termination(const TerminationRecord& record) {
  size_t xcoms = record.xcoms.size();
  std::string text = render(record, record.reason, xcoms);
  while (text.size() > kTerminationBytesMax && xcoms > 0)
    text = render(record, record.reason, --xcoms);
  if (text.size() > kTerminationBytesMax) text = render(record, record.reason, 0, false);
  // Escapes may take six bytes for one: the reason is halved until it fits.
  for (size_t bytes = std::min(record.reason.size(), kTerminationBytesMax);
       text.size() > kTerminationBytesMax; bytes /= 2) {
    text = render(record, cut(record.reason, bytes), 0, false);
  }
  return text;
}

Result<std::optional<TerminationRecord>> read_termination(std::string_view message) {
  size_t first = message.find_first_not_of(" \t\r\n");
  if (first == message.npos || message[first] != '{') return std::nullopt;
  bool ours = message.substr(first).starts_with("{\"leoflow\":");
  auto parsed = json::parse(message);
  if (!parsed || !parsed->is_object()) {
    if (!ours) return std::nullopt;
    return fail(Code::invalid, "the pod's termination message is damaged");
  }
  const auto& object = parsed->as_object();
  if (json::int_or(object, "leoflow") < 1) return std::nullopt;
  TerminationRecord record;
  record.attempt = AttemptId{json::int_or(object, "attempt")};
  record.kind = json::string_or(object, "kind");
  if (std::ranges::find(kKinds, record.kind) == kKinds.end()) {
    return fail(Code::invalid,
                "the pod's termination message has an unknown outcome \"" + record.kind + "\"");
  }
  record.retryable = json::bool_or(object, "retryable", true);
  record.reason = json::string_or(object, "reason");
  record.exit_code = json::int_or(object, "exit_code");
  record.started_at_us = json::int_or(object, "started_at_us");
  record.ended_at_us = json::int_or(object, "ended_at_us");
  record.use = read_use(object);
  record.acknowledged = json::bool_or(object, "acknowledged");
  record.xcoms = read_xcoms(object);
  record.xcoms_missing = json::int_or(object, "xcoms_missing");
  if (auto* events = json::array_or_null(object, "asset_events"))
    record.asset_events = json::dump(*events);
  return record;
}

}  // namespace leoflow
