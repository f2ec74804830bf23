// SPDX-License-Identifier: Apache-2.0
// What a DAG version is: the parsed form of dag.json (docs/dag-json.md holds the JSON schema). Immutable once built;
// shared between threads as std::shared_ptr<const DagSpec> (runs of one version share one spec).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/asset_spec.h"
#include "model/ids.h"
#include "model/states.h"

namespace leoflow {

constexpr size_t kTasksPerDagMax = 20'000;
constexpr size_t kDagJsonBytesMax = 32 * 1024 * 1024;
constexpr int kRetriesMax = 1000;

// How runs come about. Which fields count depends on kind.
struct ScheduleSpec {
  enum class Kind {
    none,           // manual only
    cron_trigger,   // logical_date = tick, interval [tick - interval, tick]
    cron_interval,  // interval between two ticks, run at its end
    delta_trigger,
    delta_interval,
    multiple_cron_trigger,
    once,
    continuous,
    events,  // a fixed list of instants
    assets,  // no time at all: only `assets` makes runs
  };
  Kind kind = Kind::none;
  std::vector<std::string> crons;       // one, or several for multiple_cron_trigger
  std::string timezone = "UTC";         // IANA name or "+05:30"
  Duration delta{0};                    // delta_*
  Duration interval{0};                 // *_trigger: length of the data interval
  // CronTrigger without start_date and prior run: latest past tick / next tick / past tick if within the window.
  enum class Immediately { automatic, yes, no, window } run_immediately = Immediately::automatic;
  Duration immediately_window{0};
  std::vector<Time> events;             // ascending
  bool restrict_to_events = false;
  std::optional<AssetExpression>
      assets;                           // a run each time it has become true, beside those of kind
  std::string summary;                  // Airflow's timetable_summary ("0 0 * * *"); empty = null
  std::string description;              // "At 00:00"; empty = null

  bool operator==(const ScheduleSpec&) const = default;
};

// Names as in dag.json.
std::string_view to_string(ScheduleSpec::Kind kind);
std::string_view to_string(ScheduleSpec::Immediately immediately);
std::optional<ScheduleSpec::Kind> parse_schedule_kind(std::string_view text);
// By Airflow's name of the timetable, which its API filters by: CronTriggerTimetable.
std::optional<ScheduleSpec::Kind> schedule_kind_of_timetable(std::string_view name);
std::optional<ScheduleSpec::Immediately> parse_run_immediately(std::string_view text);

// One param: default, JSON schema and description. The default is absent for a required param.
struct ParamSpec {
  std::optional<json::value> value;
  json::object schema;
  std::optional<std::string> description;

  bool operator==(const ParamSpec&) const = default;
};

struct ResourceSpec {
  std::string cpu_request, memory_request, cpu_limit, memory_limit, ephemeral_storage_request, ephemeral_storage_limit;
  std::optional<uint64_t> memory_limit_bytes;  // parsed memory_limit; enforced by the node agent
  json::array claims;

  bool operator==(const ResourceSpec&) const = default;
};

struct TaskSpec {
  std::string task_id;
  std::string display_name;               // equal to task_id unless given
  std::string operator_name;              // class name, "BashOperator", "_PythonDecoratedOperator"
  std::string operator_module;
  std::string owner = "airflow";
  std::optional<std::string> doc_md;
  std::vector<std::string> downstream;    // task ids, sorted
  TriggerRule trigger_rule = TriggerRule::all_success;
  int retries = 0;
  Duration retry_delay = std::chrono::seconds(300);
  double retry_exponential_backoff = 0;   // multiplier; 0 = off
  std::optional<Duration> retry_delay_max;
  std::optional<Duration> execution_timeout;
  bool depends_on_past = false;
  bool wait_for_downstream = false;
  bool ignore_first_depends_on_past = true;
  bool wait_for_past_depends_before_skipping = false;
  int priority_weight = 1;                // own
  int64_t effective_weight = 1;           // by weight_rule, clamped to int32
  WeightRule weight_rule = WeightRule::downstream;
  std::string pool = "default_pool";
  int pool_slots = 1;
  std::string queue = "default";
  std::optional<int> max_active_tis_per_dag;
  std::optional<int> max_active_tis_per_dagrun;
  std::optional<Time> start_date, end_date;
  bool inline_success = false;            // EmptyOperator without callbacks and outlets: succeeds in the engine
  bool do_xcom_push = true;
  bool multiple_outputs = false;
  bool has_retry_callback = false;
  std::vector<std::string> template_fields;
  std::vector<std::string> task_groups;   // ids of the groups it is in, the outermost first
  std::vector<AssetExpression> inlets, outlets;  // leaves
  std::vector<std::string> xcom_inputs;   // task ids whose return values its arguments refer to, sorted
  std::map<std::string, ParamSpec> params;
  std::string ui_color = "#fff", ui_fgcolor = "#000";
  // From leoflow.yaml.
  std::map<std::string, std::string> env;
  std::optional<std::vector<std::string>> connections, variables;  // declared scope of the task, if any
  std::optional<ResourceSpec> resources;
  json::object execution;                 // Kubernetes placement keys, validated and kept

  bool operator==(const TaskSpec&) const = default;
};

struct StagingSpec {
  bool enabled = false;
  std::string size = "1Gi";
  uint64_t size_bytes = uint64_t(1) << 30;
  std::string storage_class;

  bool operator==(const StagingSpec&) const = default;
};

// Whose places are made ready before it is decided that they are needed.
enum class StartAhead {
  inherit,  // what the installation does
  never,
  single,   // of a task that is the only successor of each of its upstreams
  all,
};
std::string_view to_string(StartAhead ahead);
std::optional<StartAhead> parse_start_ahead(std::string_view text);

struct DagSpec {
  std::string dag_id;
  std::string display_name;
  std::optional<std::string> description, doc_md;
  std::vector<std::string> tags, owners;  // sorted, distinct
  std::string relative_fileloc;           // of the file that defines it, relative to its bundle: "dag.py"
  // What the DAG says of the assets and aliases that it names, by name.
  std::vector<AssetSpec> assets;
  std::vector<AssetAliasSpec> asset_aliases;
  ScheduleSpec schedule;
  std::string timezone = "UTC";
  std::optional<Time> start_date, end_date;
  bool catchup = false;
  int max_active_runs = 16;
  int max_active_tasks = 16;
  int max_consecutive_failed_dag_runs = 0;
  std::optional<Duration> dagrun_timeout;
  bool fail_fast = false;
  std::optional<bool> is_paused_upon_creation;
  bool render_template_as_native_obj = false;
  bool has_success_callback = false, has_failure_callback = false;
  std::map<std::string, ParamSpec> params;
  json::object default_args;              // as shown in the details, display only
  std::vector<TaskSpec> tasks;            // topological order; ties by id
  StagingSpec staging;
  StartAhead start_ahead = StartAhead::inherit;
  std::optional<std::vector<std::string>> connections, variables;  // declared scope of the DAG, if any
  std::vector<std::string> warnings;      // compile notes ("airflow.operators.bash is an old path")
  // The environment its tasks run in; see authoring/environment.h.
  std::string python_version = "3.11";
  std::vector<std::string> dependencies;  // pip requirement lines, sorted
  std::vector<std::string> preload;       // modules the template interpreter imports ahead
  json::object deploy;                    // remaining leoflow.yaml keys (build, registry, alerts, ...), validated and kept

  // Index of a task in tasks; nothing if unknown. O(log n).
  std::optional<size_t> index_of(std::string_view task_id) const;
  // Ids of a group's tasks, those of the groups in it too; empty: there is no such group.
  std::vector<std::string> tasks_in_group(std::string_view group_id) const;

  // task_id -> index, sorted by id. Filled by parse_dag_spec (and by finish() for specs built in code).
  std::vector<std::pair<std::string, uint32_t>> index;
  // Sorts tasks topologically, fills index, effective weights and display names that were not given. `invalid`:
  // duplicate task id, unknown downstream, a cycle (the message names the path "a -> b -> a"), more than kTasksPerDagMax
  // tasks. 10,000 tasks in layers of 100, each on all of the layer before, take about 0.2 s.
  Status finish();

  bool operator==(const DagSpec&) const = default;
};

// Reads and checks dag.json: every key known, every type right, ids valid, graph acyclic. Errors name the path
// ("tasks[3].retries"). The counterpart of dump_dag_spec: parse(dump(x)) == x.
Result<DagSpec> parse_dag_spec(std::string_view text);
Result<DagSpec> parse_dag_spec(const json::value& document);
inline Result<DagSpec> parse_dag_spec(const char* text) {
  return parse_dag_spec(std::string_view(text));
}
// Canonical text: keys in schema order, defaults included. Equal specs give equal bytes (content hash).
std::string dump_dag_spec(const DagSpec& spec);

}  // namespace leoflow
