// SPDX-License-Identifier: Apache-2.0
// Rows as the public API shows them. Writers append members between begin_object and end_object of
// the caller where they are named *_members, whole objects otherwise.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/services.h"
#include "base/json.h"
#include "store/run_store.h"

namespace leoflow::api {

// "2024-02-29T13:05:09.250000Z"; no fraction when it is zero.
std::string api_time(Time time);
// "PT1H30M", as the public API writes durations.
std::string iso_duration(Duration duration);

void member_time(json::Writer& w, std::string_view name, const std::optional<Time>& time);
// Empty texts are null.
void member_text(json::Writer& w, std::string_view name, std::string_view text);
void member_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts);
// How many rows there are and where other pages begin: total_entries, total_entries_limit,
// next_cursor and previous_cursor.
constexpr std::string_view kPageMembers =
    " total_entries:int total_entries_limit:int? next_cursor:str? previous_cursor:str?";
template <typename Row>
void page_members(json::Writer& w, const PageOf<Row>& page) {
  w.member("total_entries", page.total);
  // As in Airflow: a total that is equal to its limit means at least that many.
  if (page.total_is_minimum) {
    w.member("total_entries_limit", page.total);
  } else {
    w.member_null("total_entries_limit");
  }
  member_text(w, "next_cursor", page.next_cursor);
  member_text(w, "previous_cursor", page.previous_cursor);
}
// end - start in seconds, null while one is missing.
void member_duration(json::Writer& w, const std::optional<Time>& start,
                     const std::optional<Time>& end);

// Ids that the public API wants as UUIDs; the same row always gives the same text.
std::string version_uuid(DagVersionId id);
std::string task_instance_uuid(TaskInstanceKey key, int try_number);

// The version behind a row of a list; null (and a line in the log) when it cannot be had: one
// broken version must not hide the other rows.
VersionPtr version_or_null(const Services& services, DagVersionId id);
// Display names, falling back to the ids.
std::string dag_name(const VersionPtr& version, const std::string& dag_id);
std::string task_name(const VersionPtr& version, const std::string& task_id);

void dag_members(json::Writer& w, const Services& services, const Dag& dag,
                 const VersionInfo& version);
void dag_details_members(json::Writer& w, const Services& services, const Dag& dag,
                         const VersionInfo& version, int64_t runs_active);
// Which DAGs a user has marked, for is_favorite.
using Favorites = std::set<std::string>;
void write_version(json::Writer& w, const VersionInfo& version);
void write_version_row(json::Writer& w, const DagVersion& version,
                       const std::string& dag_display_name);
void write_task(json::Writer& w, const TaskSpec& task);
void write_run(json::Writer& w, const Services& services, const DagRun& run);
void write_task_instance(json::Writer& w, const Services& services, const TaskInstanceRow& row);
// One try: a finished one, or the current one shown like a finished one.
void write_try(json::Writer& w, const Services& services, const TaskInstanceRow& row,
               const TaskTry& one, const std::optional<Attempt>& attempt);

// The opaque token that stands for a DAG's file, and back. `denied` for a token that we did not
// make.
std::string file_token(const Authenticator& auth, const std::string& relative_fileloc);
Result<std::string> read_file_token(const Authenticator& auth, std::string_view token);

}  // namespace leoflow::api
