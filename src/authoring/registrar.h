// SPDX-License-Identifier: Apache-2.0
// Brings the store in line with what was compiled: new versions, import errors, DAGs that left and
// came back.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "authoring/compiler.h"
#include "authoring/origin.h"
#include "base/time.h"
#include "store/dag_store.h"

namespace leoflow {

// Which DAGs start paused when they are first seen, unless they say is_paused_upon_creation.
enum class PausedAtCreation {
  all,          // Airflow's default
  scheduled,    // those with a schedule: manual ones only run when somebody asks anyway
  none,
};

struct RegistrarOptions {
  PausedAtCreation paused_at_creation = PausedAtCreation::all;
  std::string bundle_name{kWorkspaceBundle};
  // Where new content comes from; called once per file whose content is new. Default: origin_of.
  std::function<Origin(const fs::path& folder, Time now)> origin = {};
};

// How a compiled DAG enters the store.
struct Registration {
  std::string bundle_name{kWorkspaceBundle};
  PausedAtCreation paused_at_creation = PausedAtCreation::all;
  std::function<Origin()> origin;           // asked when the content is new
  bool activate = true, take_over = false;  // store/dag_store.h
  Time now{};
};

// The one way from a compilation to a version: hot reload, `leoflow run` and pushed projects. Makes
// sure that its bundle is on disk. `exists` when another bundle has a DAG of that id.
Result<Registered> register_compiled(DagStore& dags, Compiler& compiler,
                                     const CompiledFile& compiled, const CompiledDag& dag,
                                     const Registration& how);

// dag_ids whose row or versions changed.
using ChangedDags = std::vector<std::string>;

// One thread at a time (the workspace's). Blocks on the store. Survives a crash: load() rebuilds
// what it knows.
class Registrar {
 public:
  Registrar(DagStore& dags, ImportErrorStore& errors, Compiler& compiler, const Clock& clock,
            RegistrarOptions options);

  // Reads which file every known DAG belongs to. Once, before the rest.
  Status load();
  // Takes the outcome of one file. Identical content changes nothing. A dag_id that another file or
  // a pushed project holds is not taken over: the file gets an import error that names both, until
  // the other lets go (take_retries).
  Result<ChangedDags> apply(const CompiledFile& compiled);
  // A file without DAGs for a reason found before compiling (a leoflow.yaml without dag.py).
  Status report(const std::string& filename, const CompileFailure& failure);
  // Files known to the store or from apply() that are not among `present` have gone: their DAGs
  // become stale, their import errors vanish.
  Result<ChangedDags> retain(const std::set<std::string>& present);

  // Files whose DAG another file held until now: compile and apply them again. Each is named once.
  std::vector<std::string> take_retries();

  // Whether an import error was stored, changed or removed since the last call.
  bool take_errors_changed() { return std::exchange(errors_changed_, false); }

  // Registers at once, regardless of other files: `leoflow run`. The version as stored. `exists`
  // when another bundle has a DAG of that id.
  Result<Registered> register_dag(const CompiledFile& compiled, const CompiledDag& dag);

 private:
  struct Owned {
    std::string filename;
    std::string content_hash;  // empty = not compared yet in this process
  };

  // DAGs of one file that somebody else holds, and the import error that says so.
  struct Held {
    std::set<std::string> dag_ids;
    std::string text;
  };

  Result<ChangedDags> register_all(const CompiledFile& compiled);
  Status register_one(const CompiledFile& compiled, const CompiledDag& dag, ChangedDags& changed,
                      Held& held);
  Result<ChangedDags> drop_others(const std::string& filename,
                                  const std::set<std::string>& defined);
  Result<ChangedDags> drop(const std::string& dag_id);
  Status put_error(const std::string& filename, const std::string& text);
  Status clear_error(const std::string& filename);

  DagStore& dags_;
  ImportErrorStore& errors_;
  Compiler& compiler_;
  const Clock& clock_;
  RegistrarOptions options_;
  std::map<std::string, Owned> owners_;  // by dag_id
  std::map<std::string, std::set<std::string>>
      waiting_;                                     // file -> its dag_ids that another file holds
  std::map<std::string, std::string> error_texts_;  // import errors in the store, by file
  bool errors_changed_ = false;
  std::set<std::string> freed_;                     // dag_ids let go since the last take_retries
};

}  // namespace leoflow
