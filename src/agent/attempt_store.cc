// SPDX-License-Identifier: Apache-2.0
#include "agent/attempt_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "agent/attempt_records.h"
#include "agent/log_stream.h"
#include "base/check.h"
#include "base/log.h"

namespace leoflow {

namespace {

Status sync_folder(const fs::path& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) < 0) return fail(from_errno("fsync", path.string()));
  return {};
}

std::optional<int> spool_number(const fs::path& path) {
  std::string name = path.filename();
  int number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<AttemptStore> AttemptStore::open(const fs::path& home_agent, bool syncs) {
  AttemptStore store(home_agent, syncs);
  if (auto made = make_folder(home_agent / "spool", 0700); !made) return fail(made);
  if (auto opened = store.open_journal(); !opened) return fail(opened);
  store.find_spools();
  return store;
}

fs::path AttemptStore::spool_path(int number) const {
  return root_ / "spool" / std::to_string(number);
}

fs::path AttemptStore::log_path(AttemptId attempt) const {
  auto found = spools_.find(attempt);
  CHECK(found != spools_.end());
  return spool_path(found->second);
}

Status AttemptStore::open_journal() {
  fs::path path = journal_path();
  bool fresh = !fs::exists(path);
  journal_ = Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!journal_) return fail(from_errno("open", path.string()));
  if (fresh) return syncs_ ? sync_folder(root_) : Status{};
  auto whole = for_each_line(path, [this](const std::string& line) {
    auto read = read_journal_line(line);
    if (!read) return log::warning("a damaged line of the agent's journal is skipped");
    if (read->op == "created") spools_[read->attempt] = read->spool;
    if (read->op == "forgotten") spools_.erase(read->attempt);
  });
  if (!whole) return fail(whole);
  if (ftruncate(journal_.get(), off_t(*whole)) < 0)
    return fail(from_errno("truncate", path.string()));
  journal_bytes_ = *whole;
  return {};
}

void AttemptStore::find_spools() {
  std::set<int> used;
  for (auto& [attempt, spool] : spools_) used.insert(spool);
  if (!used.empty()) next_spool_ = *used.rbegin() + 1;
  std::error_code error;
  for (auto& entry : fs::directory_iterator(root_ / "spool", error)) {
    auto number = spool_number(entry.path());
    if (!number || used.contains(*number)) continue;
    next_spool_ = std::max(next_spool_, *number + 1);
    release_spool(*number);
  }
}

Result<std::vector<StoredAttempt>> AttemptStore::load() const {
  std::map<AttemptId, StoredAttempt> attempts;
  for (auto& [id, spool] : spools_) {
    attempts[id].id = id;
    attempts[id].log_bytes = spooled_bytes(spool_path(spool), id);
  }
  auto whole = for_each_line(journal_path(), [&](const std::string& line) {
    auto read = read_journal_line(line);
    if (!read) return;
    auto found = attempts.find(read->attempt);
    if (found != attempts.end()) apply(*read, found->second);
  });
  if (!whole) return fail(whole);
  std::vector<StoredAttempt> all;
  for (auto& [id, attempt] : attempts) all.push_back(std::move(attempt));
  return all;
}

Status AttemptStore::append(const std::string& line) {
  auto written = write_all(journal_.get(), line, journal_path().string());
  if (written) {
    journal_bytes_ += line.size();
  } else if (ftruncate(journal_.get(), off_t(journal_bytes_)) < 0) {
    log::error("cannot shorten the agent's journal", {{"path", journal_path().string()}});
  }
  return written;
}

Status AttemptStore::create(AttemptId attempt) {
  int spool = unused_spools_.empty() ? next_spool_ : unused_spools_.back();
  if (auto written = append(created_line(attempt, spool)); !written) return written;
  if (unused_spools_.empty()) {
    ++next_spool_;
  } else {
    unused_spools_.pop_back();
  }
  spools_[attempt] = spool;
  return {};
}

Status AttemptStore::save_process(AttemptId attempt, const ProcessRecord& record) {
  return append(process_line(attempt, record));
}

Status AttemptStore::append_xcom(AttemptId attempt, const JournaledXCom& xcom) {
  return append(xcom_line(attempt, xcom));
}

Status AttemptStore::save_outcome(AttemptId attempt, const FinishedRecord& record) {
  if (auto written = append(outcome_line(attempt, record)); !written) return written;
  // An outcome whose sync failed stays in the journal: the caller comes again, and the later line
  // counts.
  if (syncs_ && fdatasync(journal_.get()) < 0)
    return fail(from_errno("fdatasync", journal_path().string()));
  return {};
}

void AttemptStore::forget(AttemptId attempt) {
  auto found = spools_.find(attempt);
  if (found == spools_.end()) return;
  int spool = found->second;
  spools_.erase(found);
  // Unwritten, the attempt is there again after a restart, and the server says that it knows it.
  if (auto written = append(forgotten_line(attempt)); !written)
    log::warning(written.error().message(), {{"attempt", attempt.value}});
  release_spool(spool);
  if (journal_bytes_ > shrink_at_) shrink();
}

void AttemptStore::release_spool(int number) {
  fs::path path = spool_path(number);
  if (unused_spools_.size() < kSpoolsKept && truncate(path.c_str(), 0) == 0) {
    unused_spools_.push_back(number);
  } else {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
}

// Leaves the lines of attempts not forgotten. A journal that cannot be rewritten goes on as it is.
void AttemptStore::shrink() {
  if (auto done = rewrite(); !done) log::warning(done.error().message());
  shrink_at_ = std::max(kJournalBytesMax, 2 * journal_bytes_);
}

Status AttemptStore::rewrite() {
  fs::path path = root_ / "journal.new";
  Fd fresh(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fresh) return fail(from_errno("open", path.string()));
  uint64_t bytes = 0;
  Status written;
  auto whole = for_each_line(journal_path(), [&](const std::string& line) {
    auto read = read_journal_line(line);
    if (!written || !read || !spools_.contains(read->attempt)) return;
    written = write_all(fresh.get(), line + "\n", path.string());
    bytes += line.size() + 1;
  });
  if (!whole) return fail(whole);
  if (!written) return written;
  if (fsync(fresh.get()) < 0) return fail(from_errno("fsync", path.string()));
  if (rename(path.c_str(), journal_path().c_str()) < 0)
    return fail(from_errno("rename", path.string()));
  journal_ = std::move(fresh);
  journal_bytes_ = bytes;
  return sync_folder(root_);
}

std::string AttemptStore::instance_id() const {
  return read_file(root_ / "instance", 4096).value_or("");
}

Status AttemptStore::set_instance_id(const std::string& instance_id) {
  return syncs_ ? write_file_durably(root_ / "instance", instance_id, 0600)
                : write_file(root_ / "instance", instance_id, 0600);
}

}  // namespace leoflow
