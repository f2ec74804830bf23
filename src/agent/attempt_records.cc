// SPDX-License-Identifier: Apache-2.0
#include "agent/attempt_records.h"

#include <fstream>

namespace leoflow {

namespace {

json::Writer begin(std::string_view op, AttemptId attempt) {
  json::Writer line;
  line.begin_object().member("op", op).member("attempt", attempt.value);
  return line;
}

std::string end(json::Writer& line) {
  line.end_object();
  return line.take() + "\n";
}

ProcessRecord read_process(const json::object& value) {
  ProcessRecord record;
  record.pid = json::int_or(value, "pid");
  record.pid_start = json::int_or(value, "pid_start");
  record.started_at_us = json::int_or(value, "started_at_us");
  record.acknowledged = json::bool_or(value, "acknowledged");
  if (auto* groups = json::array_or_null(value, "cgroups")) {
    for (auto& group : *groups) {
      if (group.is_string()) record.cgroups.emplace_back(group.as_string());
    }
  }
  return record;
}

FinishedRecord read_outcome(const json::object& value) {
  FinishedRecord record;
  record.kind = json::string_or(value, "kind");
  record.retryable = json::bool_or(value, "retryable", true);
  record.reason = json::string_or(value, "reason");
  record.exit_code = json::int_or(value, "exit_code");
  record.started_at_us = json::int_or(value, "started_at_us");
  record.ended_at_us = json::int_or(value, "ended_at_us");
  record.use = read_use(value);
  record.rendered_fields = json::string_or(value, "rendered_fields");
  record.asset_events = json::string_or(value, "asset_events");
  return record;
}

JournaledXCom read_xcom(const json::object& value) {
  JournaledXCom xcom;
  xcom.sequence = json::int_or(value, "sequence");
  xcom.key = json::string_or(value, "key");
  xcom.value_json = json::string_or(value, "value_json");
  xcom.spill_path = json::string_or(value, "spill_path");
  xcom.size_bytes = json::int_or(value, "size_bytes");
  xcom.map_index = int(json::int_or(value, "map_index", kUnmapped));
  return xcom;
}

}  // namespace

std::string created_line(AttemptId attempt, int spool) {
  auto line = begin("created", attempt);
  line.member("spool", int64_t(spool));
  return end(line);
}

std::string process_line(AttemptId attempt, const ProcessRecord& record) {
  auto line = begin("process", attempt);
  line.member("pid", record.pid).member("pid_start", record.pid_start);
  line.member("started_at_us", record.started_at_us).member("acknowledged", record.acknowledged);
  line.key("cgroups").begin_array();
  for (auto& group : record.cgroups) line.string(group);
  line.end_array();
  return end(line);
}

std::string xcom_line(AttemptId attempt, const JournaledXCom& xcom) {
  auto line = begin("xcom", attempt);
  line.member("sequence", xcom.sequence).member("key", xcom.key);
  line.member("value_json", xcom.value_json).member("spill_path", xcom.spill_path);
  line.member("size_bytes", xcom.size_bytes).member("map_index", int64_t(xcom.map_index));
  return end(line);
}

std::string outcome_line(AttemptId attempt, const FinishedRecord& record) {
  auto line = begin("outcome", attempt);
  line.member("kind", record.kind).member("retryable", record.retryable);
  line.member("reason", record.reason).member("exit_code", record.exit_code);
  line.member("started_at_us", record.started_at_us).member("ended_at_us", record.ended_at_us);
  write_use(line, record.use);
  line.member("rendered_fields", record.rendered_fields);
  if (!record.asset_events.empty()) line.member("asset_events", record.asset_events);
  return end(line);
}

std::string forgotten_line(AttemptId attempt) {
  auto line = begin("forgotten", attempt);
  return end(line);
}

std::optional<JournalLine> read_journal_line(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  JournalLine line;
  line.value = std::move(parsed->as_object());
  line.op = json::string_or(line.value, "op");
  line.attempt = AttemptId{json::int_or(line.value, "attempt")};
  line.spool = int(json::int_or(line.value, "spool"));
  if (line.op.empty() || line.attempt.value == 0) return std::nullopt;
  return line;
}

Result<uint64_t> for_each_line(const fs::path& path,
                               const std::function<void(const std::string& line)>& take) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(from_errno("open", path.string()));
  uint64_t bytes = 0;
  // The last line has no end when it was not written to it.
  for (std::string line; std::getline(file, line) && !file.eof(); bytes += line.size() + 1)
    take(line);
  if (file.bad()) return fail(from_errno("read", path.string()));
  return bytes;
}

void apply(const JournalLine& line, StoredAttempt& attempt) {
  if (line.op == "process") {
    attempt.process = read_process(line.value);
  } else if (line.op == "xcom") {
    attempt.xcoms.push_back(read_xcom(line.value));
  } else if (line.op == "outcome") {
    attempt.finished = read_outcome(line.value);
  }
}

}  // namespace leoflow
