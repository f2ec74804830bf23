// SPDX-License-Identifier: Apache-2.0
// DAGs, their immutable versions, and import errors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/dag_spec.h"
#include "model/entities.h"
#include "store/page.h"

namespace leoflow {

struct DagQuery {
  std::vector<std::string> tags;
  bool tags_all = false;  // tags_match_mode all (else any)
  std::vector<std::string> owners;
  TextPattern dag_id_pattern, display_name_pattern;
  bool exclude_stale = true;
  std::optional<bool> paused, has_import_errors;
  std::optional<RunState> last_run_state;
  // Of the same last run, by run_after; a DAG without runs has none. Empty = no condition.
  std::vector<RunState> run_states;
  Range<Time> run_start, run_end;
  std::string bundle_name;
  std::string bundle_version;                 // label of the current version
  std::optional<bool> has_asset_schedule;
  std::string asset_dependency;               // part of name or URI of what the schedule waits for
  std::vector<ScheduleSpec::Kind> schedules;  // any of these; empty = all
  Page page;  // dag_id, last_run_state, next_run_after, ...
  // Only the favorites of this user, or only the others; empty = no matter.
  std::string favorites_of;
  bool favorite = true;
  DagsAllowed dags_allowed;
};

struct VersionQuery {
  std::string dag_id;  // empty = all
  std::optional<int> version_number;
  std::string bundle_name, bundle_version;  // empty = no condition; the second is the label
  Page page;                                // id, version_number, bundle_name, ...
  DagsAllowed dags_allowed;
};

// The tags of a DAG's current version.
struct DagTags {
  std::string dag_id;
  std::vector<std::string> tags;
};

// How a version is registered.
struct RegisterOptions {
  bool paused = true;  // a DAG that is new
  // Whether the version becomes the current one. A DAG that is new or stale takes it in any case.
  bool activate = true;
  bool take_over = false;  // also from another bundle
};

// What registering a compiled file changed.
struct Registered {
  DagVersion version;
  Dag dag;
  bool created = false;  // false: identical content, the existing version stands
};

// Blocking; any thread.
class DagStore {
 public:
  virtual ~DagStore() = default;

  // Registers a version of version.dag_id, or returns the current or the newest one when its
  // content_hash is equal. The DAG row is created or, with `activate`, updated: current version,
  // file location, no longer stale. `exists` when another bundle has a DAG of that id.
  virtual Result<Registered> register_version(const DagVersion& version, const Dag& dag,
                                              const RegisterOptions& options) = 0;
  // Makes a version the current one. Runs stay at theirs. `not_found`.
  virtual Result<Registered> activate_version(const std::string& dag_id, int version_number) = 0;
  virtual Result<PageOf<Dag>> list_dags(const DagQuery& query) = 0;
  virtual Result<std::optional<Dag>> get_dag(const std::string& dag_id) = 0;
  // Every DAG with its tags, stale ones too, by id.
  virtual Result<std::vector<DagTags>> list_tags() = 0;
  // Empty for an unknown DAG.
  virtual Result<std::vector<std::string>> tags_of(const std::string& dag_id) = 0;
  // The DAGs of a file, by either of the names a file goes by.
  virtual Result<std::vector<std::string>> dags_of_file(const std::string& filename) = 0;
  virtual Status set_paused(const std::string& dag_id, bool paused) = 0;
  // The file is gone: no new runs, hidden by default; history stays.
  virtual Status set_stale(const std::string& dag_id, bool stale) = 0;
  // Removes the DAG with all versions, runs and what hangs on them. `conflict` while a task
  // instance runs.
  virtual Status delete_dag(const std::string& dag_id) = 0;

  virtual Result<std::optional<DagVersion>> get_version(DagVersionId id) = 0;
  virtual Result<std::optional<DagVersion>> get_version(const std::string& dag_id,
                                                        int version_number) = 0;
  // dag_json and source are left empty in lists.
  virtual Result<PageOf<DagVersion>> list_versions(const VersionQuery& query) = 0;
};

struct ImportErrorQuery {
  TextPattern filename_pattern;
  std::string filename, bundle_name;  // empty = no condition
  Page page;                          // id, timestamp, filename, ...
  DagsAllowed dags_allowed;           // only errors of files that define one of these
};

// Import errors by file. Blocking; any thread.
class ImportErrorStore {
 public:
  virtual ~ImportErrorStore() = default;

  // Sets or replaces the error of a file; its DAGs (same fileloc) then show has_import_errors.
  virtual Status put(const ImportError& error) = 0;
  virtual Status clear(const std::string& filename) = 0;
  virtual Result<PageOf<ImportError>> list(const ImportErrorQuery& query) = 0;
  virtual Result<std::optional<ImportError>> get(int64_t id) = 0;
};

}  // namespace leoflow
