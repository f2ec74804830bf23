// SPDX-License-Identifier: Apache-2.0
// The lines of the agent's journal: JSON objects {"op", "attempt", ...}.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/attempt_store.h"
#include "base/json.h"

namespace leoflow {

// One line each, with its newline.
std::string created_line(AttemptId attempt, int spool);
std::string process_line(AttemptId attempt, const ProcessRecord& record);
std::string xcom_line(AttemptId attempt, const JournaledXCom& xcom);
std::string outcome_line(AttemptId attempt, const FinishedRecord& record);
std::string forgotten_line(AttemptId attempt);

// What of a line decides whose it is; `value` holds the rest.
struct JournalLine {
  std::string op;  // created, process, xcom, outcome, forgotten
  AttemptId attempt;
  int spool = 0;  // created only
  json::object value;
};
// nullopt for a damaged line.
std::optional<JournalLine> read_journal_line(std::string_view line);
// Adds what a line says to what is known of its attempt.
void apply(const JournalLine& line, StoredAttempt& attempt);

// Calls take(line without its end) for each whole line of a file, one after the other: with large
// XComs a journal may be longer than is good to hold. How many bytes the whole lines have.
Result<uint64_t> for_each_line(const fs::path& path,
                               const std::function<void(const std::string& line)>& take);

}  // namespace leoflow
