// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_outcome.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

namespace leoflow {

Status PodOutcome::on_outcome(AttemptId attempt, const FinishedRecord& outcome,
                              const std::map<int64_t, JournaledXCom>& unacknowledged) {
  TerminationRecord record{.attempt = attempt,
                           .kind = outcome.kind,
                           .retryable = outcome.retryable,
                           .reason = outcome.reason,
                           .exit_code = outcome.exit_code,
                           .started_at_us = outcome.started_at_us,
                           .ended_at_us = outcome.ended_at_us,
                           .use = outcome.use,
                           .asset_events = outcome.asset_events};
  for (const auto& [sequence, xcom] : unacknowledged) {
    if (xcom.spill_path.empty()) {
      record.xcoms.push_back({xcom.key, xcom.value_json, xcom.map_index});
    } else {
      ++record.xcoms_missing;
    }
  }
  record_ = std::move(record);
  return write(true);
}

// Not durable on purpose: at worst it says that the server was not told.
void PodOutcome::on_acknowledged(AttemptId) {
  if (!record_) return;
  record_->acknowledged = true;
  record_->xcoms.clear();
  record_->xcoms_missing = 0;
  record_->asset_events.clear();
  write_unsynced();
}

void PodOutcome::on_refused(AttemptId attempt, const std::string& reason) {
  refused_ = true;
  record_ = TerminationRecord{.attempt = attempt, .kind = "lost", .reason = reason};
  write_unsynced();
}

void PodOutcome::on_ended(AttemptId) { ended_(); }

void PodOutcome::give_up(AttemptId attempt, const std::string& reason, Time now) {
  if (record_) return;
  record_ = TerminationRecord{
      .attempt = attempt, .kind = "lost", .reason = reason, .ended_at_us = to_micros(now)};
  write_unsynced();
}

// In place, since it is a file that is mounted. Where none is, the session alone tells: no reason
// to keep the outcome back. Where it is and cannot be synced, the outcome waits.
Status PodOutcome::write(bool sync) {
  Fd file(open(message_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) {
    log::warning(from_errno("open", message_.string()).message());
    return {};
  }
  auto written = write_all(file.get(), write_termination(*record_), message_.string());
  if (!written) return written;
  // EINVAL: of a file that holds nothing.
  if (sync && fdatasync(file.get()) != 0 && errno != EINVAL)
    return fail(from_errno("sync", message_.string()));
  return {};
}

void PodOutcome::write_unsynced() {
  if (auto written = write(false); !written) log::warning(written.error().message());
}

pod::Exit PodOutcome::exit() const {
  if (!record_) return pod::Exit::done;
  if (record_->kind == "failed") return pod::Exit::failed;
  if (record_->kind == "cancelled") return pod::Exit::cancelled;
  return record_->kind == "lost" ? pod::Exit::lost : pod::Exit::done;
}

}  // namespace leoflow
