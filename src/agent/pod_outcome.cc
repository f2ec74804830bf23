// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_outcome.h"

#include <fcntl.h>

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
                           .use = outcome.use};
  for (const auto& [sequence, xcom] : unacknowledged) {
    if (xcom.spill_path.empty()) {
      record.xcoms.push_back({xcom.key, xcom.value_json, xcom.map_index});
    } else {
      ++record.xcoms_missing;
    }
  }
  record_ = std::move(record);
  return write();
}

// Not durable on purpose: at worst it says that the server was not told.
void PodOutcome::on_acknowledged(AttemptId) {
  if (!record_) return;
  record_->acknowledged = true;
  record_->xcoms.clear();
  record_->xcoms_missing = 0;
  if (auto written = write(); !written) log::warning(written.error().message());
}

void PodOutcome::on_refused(AttemptId attempt, const std::string& reason) {
  refused_ = true;
  record_ = TerminationRecord{.attempt = attempt, .kind = "lost", .reason = reason};
  if (auto written = write(); !written) log::warning(written.error().message());
}

void PodOutcome::on_ended(AttemptId) { ended_(); }

void PodOutcome::give_up(AttemptId attempt, const std::string& reason, Time now) {
  if (record_) return;
  record_ = TerminationRecord{
      .attempt = attempt, .kind = "lost", .reason = reason, .ended_at_us = to_micros(now)};
  if (auto written = write(); !written) log::warning(written.error().message());
}

// The message itself is a file that is mounted: it is written in place.
Status PodOutcome::write() {
  std::string text = write_termination(*record_);
  if (auto copied = write_file_durably(copy_, text, 0600); !copied) return copied;
  Fd file(open(message_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  auto written = file ? write_all(file.get(), text, message_.string())
                      : Status(fail(from_errno("open", message_.string())));
  // Without it the session alone tells: no reason to keep the outcome back.
  if (!written) log::warning(written.error().message());
  return {};
}

pod::Exit PodOutcome::exit() const {
  if (!record_) return pod::Exit::done;
  if (record_->kind == "failed") return pod::Exit::failed;
  if (record_->kind == "cancelled") return pod::Exit::cancelled;
  return record_->kind == "lost" ? pod::Exit::lost : pod::Exit::done;
}

}  // namespace leoflow
