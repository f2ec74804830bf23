// SPDX-License-Identifier: Apache-2.0
// Rows of the store as values. Each struct is one table (sql/0001_initial.sql holds the
// constraints).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/resource_use.h"
#include "model/states.h"

namespace leoflow {

// Where DAGs come from: the folder that a server watches, or projects that were pushed to it.
constexpr std::string_view kWorkspaceBundle = "dags-folder";
constexpr std::string_view kPushedBundle = "pushed";

// Where a file of DAGs stands now. One row per dag_id that was ever registered and not deleted.
struct Dag {
  std::string dag_id;
  DagVersionId current_version;
  bool is_paused = true;
  bool is_stale = false;         // its file is gone or no longer defines it
  std::string fileloc;           // absolute path of the defining file
  std::string relative_fileloc;  // relative to the workspace; of a pushed one, PROJECT/FILE
  std::string bundle_name{kWorkspaceBundle};
  Time last_parsed_time{};
  Duration last_parse_duration{0};
  // Set while its file does not compile (an import error whose filename is its file).
  bool has_import_errors = false;
  // Planned next run; all unset when there is none.
  std::optional<Time> next_logical_date, next_interval_start, next_interval_end, next_run_after;
};

// An immutable DAG version.
struct DagVersion {
  DagVersionId id;
  std::string dag_id;
  int version_number = 1;    // per DAG, from 1
  std::string label;         // git describe or dev-<timestamp>; the API's bundle_version
  std::string content_hash;  // sha256 over dag.json and bundle files
  std::string bundle_path;   // folder with the immutable copy of the source
  std::string environment;   // environment hash (authoring/environment.h); empty = bare interpreter
  std::string dag_json;      // dump_dag_spec text
  std::string source;        // text of the defining file, for the code page
  Time created_at{};
  std::string bundle_name{kWorkspaceBundle};
  std::string image;   // container image of its tasks; empty = the executor's own
  std::string commit;  // that the files come from, hex; empty = they are in no repository
  std::string url;     // where people see the files of that commit; empty = unknown
};

struct DagRun {
  RunKey key;
  std::string dag_id;
  std::string run_id;
  DagVersionId version;
  RunState state = RunState::queued;
  RunType type = RunType::manual;
  std::optional<Time> logical_date, interval_start, interval_end;
  Time run_after{};
  Time queued_at{};
  std::optional<Time> start_date, end_date, last_scheduling_decision;
  std::string triggered_by;     // rest_api, cli, timetable, ui, ...
  std::string triggering_user;  // empty = null
  std::string conf = "{}";      // JSON object
  std::string note;             // empty = null
  std::string end_reason;  // success, task_failure, all_tasks_deadlocked, timed_out, marked; empty
                           // while open
  int clear_number = 0;
  int64_t version_stamp = 0;  // counts committed changes of the row; conditional writes compare it
};

struct TaskInstance {
  TaskInstanceKey key;
  RunKey run;
  std::string task_id;
  int map_index = kUnmapped;
  TaskState state = TaskState::none;
  int try_number = 0;  // of the current or last try; 0 before the first
  int max_tries = 0;
  int infra_losses = 0;  // attempts lost since the try began (their own budget)
  AttemptId attempt;     // current attempt; 0 if none
  std::optional<Time> scheduled_at, queued_at, start_date, end_date;
  std::optional<Time> next_at;  // up_for_retry / lost: not before this instant
  std::string operator_name;
  std::string pool = "default_pool";
  int pool_slots = 1;
  std::string queue = "default";
  int64_t priority_weight = 1;
  std::string note;  // empty = null
  std::string
      reason;  // why it ended as it did: "exit code 3", "memory limit 64Mi exceeded"; empty = none
  std::string map_label;  // rendered map_index_template of a mapped one; empty = none
  int64_t version_stamp = 0;
};

// A finished try of a task instance (Airflow's task_instance_history), written when the next try
// begins or on clear.
struct TaskTry {
  TaskInstanceKey task_instance;
  int try_number = 0;
  TaskState state = TaskState::none;
  int max_tries = 0;
  AttemptId attempt;
  std::optional<Time> scheduled_at, queued_at, start_date, end_date;
  std::string reason;
  DagVersionId version;
};

// What an attempt is for.
enum class AttemptKind { task, dag_callback };

struct Attempt {
  AttemptId id;
  AttemptKind kind = AttemptKind::task;
  RunKey run;
  TaskInstanceKey task_instance;  // 0 for a DAG callback
  std::string task_id;            // empty for a DAG callback
  int map_index = kUnmapped;
  int try_number = 0;
  AttemptState state = AttemptState::created;
  DagVersionId version;
  std::string executor = "local";
  std::string agent;  // id of the agent that claimed it
  int64_t pid = 0;
  std::string hostname;
  Time created_at{};
  std::optional<Time> dispatched_at, started_at, ended_at;
  std::optional<Time> held_since;  // its place was started ahead and waited for it from then on
  std::string outcome;  // succeeded, failed, skipped, lost, cancelled; empty while open
  std::string reason;
  ResourceUse use;  // of its processes, once it ended
};

// The key of what a task returns.
constexpr std::string_view kReturnValue = "return_value";

struct XCom {
  RunKey run;
  std::string task_id;
  int map_index = kUnmapped;
  std::string key;
  std::string value;       // JSON text, or empty when spilled
  std::string spill_path;  // file that holds the value; empty = inline
  uint64_t size_bytes = 0;
  Time timestamp{};
  std::optional<int64_t> length;  // of a collection that tasks may be mapped over; not always told
};

// What one instance of a task returned, as far as mapping needs it.
struct Returned {
  int map_index = kUnmapped;
  std::optional<int64_t> length;
};

struct Connection {
  std::string conn_id;
  std::string conn_type;
  std::string description, host, login, password, schema, extra;  // empty = null
  bool has_password = false;                                      // tells "" from null
  bool has_login = false;
  std::optional<int> port;
};

struct Variable {
  std::string key;
  std::string value;
  std::string description;
};

struct Pool {
  std::string name;
  int slots = 128;  // -1 = unlimited
  std::string description;
  bool include_deferred = false;
};
constexpr std::string_view kDefaultPool = "default_pool";
constexpr int kDefaultPoolSlots = 128;

// One volume per run of a DAG with staging (case study: state, created_at, deleted_at,
// delete_reason).
struct StagingVolume {
  int64_t id = 0;
  RunKey run;  // 0 once the run's row is gone
  std::string dag_id, run_id;
  std::string name;              // derived from the run; a folder name or a PVC name
  std::string path;              // local folder; empty on Kubernetes
  uint64_t size_bytes = 0;       // the limit
  std::string state = "active";  // active, deleted
  Time created_at{};
  std::optional<Time> deleted_at;
  std::string delete_reason;  // run_succeeded, ttl_expired, orphaned
};

struct ImportError {
  int64_t id = 0;
  Time timestamp{};
  std::string filename;  // relative to the workspace
  std::string bundle_name{kWorkspaceBundle};
  std::string stack_trace;  // file, line, reason and hint
};

struct User {
  int64_t id = 0;
  std::string username;
  std::string password_hash;  // Argon2id
  std::string role = "Admin";
  bool active = true;
  Time created_at{};
  std::string grants =
      "[]";  // JSON list of {role, dags | tag}; empty = the role holds for all DAGs
  std::optional<Time> last_login;
  int64_t epoch = 0;     // raised when every session and signed token of the user must end
  std::string identity;  // issuer and subject of a user who signs in elsewhere; empty = password
};

// A revocable API token; the secret itself is shown once and kept only as a hash.
struct ApiToken {
  int64_t id = 0;
  std::string name;
  std::string username;
  std::string secret_hash;  // sha256 hex
  Time created_at{};
  std::optional<Time> expires_at, last_used_at, revoked_at;
  std::string scope = "full";  // read, run, full: never more than the user's role
};

// A browser that is signed in; the secret itself is only in its cookie.
struct BrowserSession {
  std::string secret_hash;  // sha256 hex
  std::string username;
  int64_t epoch = 0;  // of the user when it began
  Time created_at{}, last_used_at{}, expires_at{};
  std::string address;  // where it began
};

// Audit log row.
struct EventLog {
  int64_t id = 0;
  Time when{};
  std::string event;                    // operation id or state name
  std::string dag_id, run_id, task_id;  // empty = null
  std::optional<int> map_index, try_number;
  std::string owner;
  std::string extra;    // JSON text, secrets masked
  std::string object;   // what was changed, as kind:name ("connection:pg"); empty = none
  std::string address;  // where the request came from; empty = not a request
};

}  // namespace leoflow
