// SPDX-License-Identifier: Apache-2.0
#include "agent/attempt_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/log.h"

namespace leoflow {

namespace {

Status sync_folder(const fs::path& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) < 0) return fail(from_errno("fsync", path.string()));
  return {};
}

std::optional<json::object> read_object(const fs::path& path) {
  auto text = read_file(path);
  if (!text) return std::nullopt;
  auto parsed = json::parse(*text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->as_object());
}

ProcessRecord read_process(const fs::path& folder) {
  ProcessRecord record;
  auto object = read_object(folder / "state.json");
  if (!object) return record;
  record.pid = json::int_or(*object, "pid");
  record.pid_start = json::int_or(*object, "pid_start");
  record.started_at_us = json::int_or(*object, "started_at_us");
  record.acknowledged = json::bool_or(*object, "acknowledged");
  if (auto* groups = json::array_or_null(*object, "cgroups")) {
    for (auto& group : *groups) {
      if (group.is_string()) record.cgroups.emplace_back(group.as_string());
    }
  }
  return record;
}

std::optional<FinishedRecord> read_outcome(const fs::path& folder) {
  auto object = read_object(folder / "outcome.json");
  if (!object) return std::nullopt;
  FinishedRecord record;
  record.kind = json::string_or(*object, "kind");
  record.retryable = json::bool_or(*object, "retryable", true);
  record.reason = json::string_or(*object, "reason");
  record.exit_code = json::int_or(*object, "exit_code");
  record.started_at_us = json::int_or(*object, "started_at_us");
  record.ended_at_us = json::int_or(*object, "ended_at_us");
  record.rendered_fields = json::string_or(*object, "rendered_fields");
  if (record.kind.empty()) return std::nullopt;
  return record;
}

std::optional<JournaledXCom> read_xcom(std::string_view line) {
  auto parsed = json::parse(line);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  auto& object = parsed->as_object();
  JournaledXCom xcom;
  xcom.sequence = json::int_or(object, "sequence");
  xcom.key = json::string_or(object, "key");
  xcom.value_json = json::string_or(object, "value_json");
  xcom.spill_path = json::string_or(object, "spill_path");
  xcom.size_bytes = json::int_or(object, "size_bytes");
  xcom.map_index = int(json::int_or(object, "map_index", kUnmapped));
  return xcom;
}

std::vector<JournaledXCom> read_journal(const fs::path& folder) {
  std::vector<JournaledXCom> xcoms;
  auto text = read_file(folder / "xcoms.jsonl");
  if (!text) return xcoms;
  std::string_view rest = *text;
  for (size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    if (auto xcom = read_xcom(rest.substr(0, end))) xcoms.push_back(std::move(*xcom));
    rest.remove_prefix(end + 1);
  }
  return xcoms;  // a last line without end was never answered
}

std::optional<AttemptId> attempt_of(const fs::path& folder) {
  std::string name = folder.filename();
  AttemptId attempt;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), attempt.value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return attempt;
}

}  // namespace

Result<AttemptStore> AttemptStore::open(const fs::path& home_agent) {
  if (auto made = make_folder(home_agent / "attempts", 0700); !made) return fail(made);
  return AttemptStore(home_agent);
}

std::vector<StoredAttempt> AttemptStore::load() const {
  std::vector<StoredAttempt> attempts;
  std::error_code error;
  for (auto& entry : fs::directory_iterator(root_ / "attempts", error)) {
    auto id = attempt_of(entry.path());
    if (!id) continue;
    StoredAttempt attempt{*id, read_process(entry.path()), read_outcome(entry.path()),
                          read_journal(entry.path())};
    std::error_code missing;
    auto size = fs::file_size(log_path(*id), missing);
    attempt.log_bytes = missing ? 0 : size;
    attempts.push_back(std::move(attempt));
  }
  std::sort(attempts.begin(), attempts.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return attempts;
}

Status AttemptStore::create(AttemptId attempt) { return make_folder(folder(attempt), 0700); }

Status AttemptStore::save_process(AttemptId attempt, const ProcessRecord& record) {
  json::Writer text;
  text.begin_object().member("pid", record.pid).member("pid_start", record.pid_start);
  text.member("started_at_us", record.started_at_us).member("acknowledged", record.acknowledged);
  text.key("cgroups").begin_array();
  for (auto& group : record.cgroups) text.string(group);
  text.end_array().end_object();
  return write_file(folder(attempt) / "state.json", text.take(), 0600);
}

Status AttemptStore::save_outcome(AttemptId attempt, const FinishedRecord& record) {
  json::Writer text;
  text.begin_object().member("kind", record.kind).member("retryable", record.retryable);
  text.member("reason", record.reason).member("exit_code", record.exit_code);
  text.member("started_at_us", record.started_at_us).member("ended_at_us", record.ended_at_us);
  text.member("rendered_fields", record.rendered_fields).end_object();
  // Written in place, which saves a commit of the file system's journal: nobody was told of an
  // outcome that is cut off, and load() takes it for none.
  fs::path path = folder(attempt) / "outcome.json";
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return fail(from_errno("open", path.string()));
  if (auto written = write_all(fd.get(), text.take(), path.string()); !written) return written;
  if (fsync(fd.get()) < 0) return fail(from_errno("fsync", path.string()));
  if (auto synced = sync_folder(folder(attempt)); !synced) return synced;
  return sync_folder(root_ / "attempts");
}

Status AttemptStore::append_xcom(AttemptId attempt, const JournaledXCom& xcom) {
  json::Writer text;
  text.begin_object().member("sequence", xcom.sequence).member("key", xcom.key);
  text.member("value_json", xcom.value_json).member("spill_path", xcom.spill_path);
  text.member("size_bytes", xcom.size_bytes).member("map_index", xcom.map_index).end_object();
  fs::path path = folder(attempt) / "xcoms.jsonl";
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail(from_errno("open", path.string()));
  off_t before = lseek(fd.get(), 0, SEEK_END);
  auto written = write_all(fd.get(), text.take() + "\n", path.string());
  if (written && fdatasync(fd.get()) < 0) written = fail(from_errno("fdatasync", path.string()));
  if (!written) {
    if (ftruncate(fd.get(), before) < 0)
      log::error("cannot shorten the XCom journal", {{"path", path.string()}});
    return written;
  }
  if (before > 0) return {};
  if (auto synced = sync_folder(folder(attempt)); !synced) return synced;
  return sync_folder(root_ / "attempts");
}

void AttemptStore::forget(AttemptId attempt) {
  auto removed = remove_tree(folder(attempt));
  if (!removed) log::warning(removed.error().message(), {{"attempt", attempt.value}});
}

std::string AttemptStore::instance_id() const {
  return read_file(root_ / "instance", 4096).value_or("");
}

Status AttemptStore::set_instance_id(const std::string& instance_id) {
  return write_file_durably(root_ / "instance", instance_id, 0600);
}

}  // namespace leoflow
