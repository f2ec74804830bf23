// SPDX-License-Identifier: Apache-2.0
// The commands that need the server's inside. main implements them; everything else of the command
// line talks HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace leoflow::cli {

constexpr uint16_t kDefaultPort = 8080;

// Signing in at an OpenID Connect issuer; what is empty may be said by a variable.
struct OidcOptions {
  std::string issuer, client_id, client_secret_file, scopes, username_claim, role_claim, label;
  std::vector<std::string> roles, grants;  // VALUE=ROLE, VALUE=ROLE:DAGS
  std::string default_role;
};

// Paths are as the user wrote them; `home` is never empty.
struct ServerOptions {
  std::string home;
  std::string workspace;  // folder of DAGs that is watched; empty = none
  std::string host = "127.0.0.1";
  uint16_t port = kDefaultPort;  // 0 = any free port
  std::string executor = "process";  // or k8s, kubernetes: the next four count
  std::string kubernetes;            // YAML file of settings; empty = none
  std::string kubernetes_context, kubernetes_namespace, agent_address;
  int parallelism = 0;  // attempts at once; 0 = chosen by the number of processors
  int64_t max_map_length = 0;  // 0 = the default
  bool log_json = false;
  std::string log_level = "info";            // debug, info, warning, error
  std::string agent_path;                    // of leoflow-agent; empty = beside this program
  std::string tls_cert, tls_key;             // PEM files; both or neither
  std::vector<std::string> trusted_proxies;  // networks whose X-Forwarded headers are believed
  OidcOptions oidc;
};

struct LiteOptions : ServerOptions {};

// A DAG once, without a server.
struct RunOnceOptions {
  std::string home;
  std::string path;         // a project folder or a DAG file
  std::string dag_id;       // empty: the only DAG of the path
  std::string conf = "{}";  // a JSON object as text
  std::string agent_path;
};

// What run_once tells while it goes; called on one thread at a time, any thread.
struct RunOnceEvents {
  std::function<void(std::string_view line)> on_progress;  // compiling, building the environment
  std::function<void(std::string_view task, int try_number, std::string_view state)> on_task;
  std::function<void(std::string_view task, std::string_view line)> on_log;
};

struct RunOnceTask {
  std::string task_id;
  int map_index = -1;
  std::string state;
  int try_number = 0;
  std::optional<Time> start_date, end_date;
  std::string reason;  // why it is in that state; may be empty
};

struct RunOnceResult {
  std::string dag_id, run_id, state;  // success or failed
  std::optional<Time> start_date, end_date;
  std::vector<RunOnceTask> tasks;
};

struct CompileOptions {
  std::string home;
  std::string path;  // a project folder, a DAG file or a folder of them
  std::function<void(std::string_view line)> on_progress;  // lines of an environment build
};

struct CompiledDagReport {
  std::string dag_id;
  int64_t tasks = 0;
  std::string schedule;  // as people read it; empty = none
  std::string dag_json;  // docs/dag-json.md
};

// One DAG file: its DAGs, or why it does not compile.
struct CompileReport {
  std::string file;
  std::vector<CompiledDagReport> dags;
  std::vector<std::string> warnings;
  std::string error, hint;  // error is empty when it compiled
};

struct PackOptions {
  std::string path;  // a project folder or a DAG file
  std::string name;  // at the server; empty = the folder's
};

// The files of a project, ready to be sent.
struct PackedProject {
  std::string name, file;          // the project; its DAG file, relative to it
  bool flat = false;               // one of several DAG files of a plain folder
  std::string archive;             // path of the file to send
  std::string sha256;              // of that file
  uint64_t bytes = 0;              // of it
  std::string label, commit, url;  // where the files come from
  std::string registry;            // where leoflow.yaml wants an image to go; empty = none
  std::shared_ptr<void> keep;      // removes the archive when the last copy goes
};

struct BuildOptions {
  std::string home;
  std::string path;           // a project folder or a DAG file
  std::string tool;           // name or path; empty = the first that is there
  std::string registry, tag;  // instead of what leoflow.yaml says; empty = that
  bool print = false;         // only says what would be built
  bool push = false;          // to the image's registry, where it has one
  std::function<void(std::string_view line)> on_progress;
};

// An image of a project's tasks.
struct BuildReport {
  std::string image;  // its name; after a push the one that always means this very image
  std::string tool;
  bool pushed = false;
  std::vector<std::string> dag_ids, warnings;
  std::string bundle, environment;  // what a generated image holds; empty for the project's own
  std::string container_file;       // the text that it is built from
};

struct MigrateReport {
  std::string file;
  int from_version = 0, to_version = 0;  // equal when nothing had to be done
};

struct RotateReport {
  std::string file;      // that holds the new key
  int64_t resealed = 0;  // secrets
};

struct DoctorFinding {
  std::string name;   // "python", "disk space"
  std::string state;  // ok, warning, failed
  std::string message, hint;
};

// Each call blocks; commands run on the calling thread. Errors are shown as they are, with their
// hint.
class LocalCommands {
 public:
  virtual ~LocalCommands() = default;

  virtual std::string version() = 0;
  // The JSON schema of leoflow.yaml, as text.
  virtual std::string yaml_schema() = 0;
  // Serve until SIGINT or SIGTERM; the result is the exit status.
  virtual Result<int> lite(const LiteOptions& options) = 0;
  virtual Result<int> server(const ServerOptions& options) = 0;
  // A run that failed is a result, not an error.
  virtual Result<RunOnceResult> run_once(const RunOnceOptions& options,
                                         const RunOnceEvents& events) = 0;
  // One report per DAG file; files that do not compile are reports too. `not_found` when the path
  // has none.
  virtual Result<std::vector<CompileReport>> compile(const CompileOptions& options) = 0;
  // `not_found` when there is no project; errors of leoflow.yaml with key and line.
  virtual Result<PackedProject> pack(const PackOptions& options) = 0;
  // `invalid` when the project does not compile or the tool fails, `not_found` without a tool.
  virtual Result<BuildReport> build(const BuildOptions& options) = 0;
  virtual Result<MigrateReport> db_migrate(const std::string& home) = 0;
  // Success when the database is sound.
  virtual Status db_check(const std::string& home) = 0;
  virtual Status db_backup(const std::string& home, const std::string& file) = 0;
  // `conflict` while a server runs on the home. After a crash everything can still be opened.
  virtual Result<RotateReport> db_rotate_key(const std::string& home) = 0;
  virtual std::vector<DoctorFinding> doctor(const std::string& home) = 0;
};

}  // namespace leoflow::cli
