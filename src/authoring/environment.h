// SPDX-License-Identifier: Apache-2.0
// Python environments: one virtual environment per distinct (python version, dependencies), built
// once, shared by all versions that want it, found again by its hash. Without dependencies it is
// the bare interpreter.
//
// Layout: CACHE/<hash>/ with bin/python and, written last, leoflow-environment.json;
// CACHE/<hash>.lock while building. An environment without that file is a torn build: it is thrown
// away and built again.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "authoring/interpreter.h"
#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace leoflow {

constexpr size_t kDependenciesMax = 500;
constexpr size_t kBuildLogKeptMax = 1024 * 1024;  // of what a builder said

struct EnvironmentSpec {
  std::string python_version{kPythonDefault};
  std::vector<std::string> dependencies;  // requirement lines, in any order
};

// 32 hex digits; empty when there are no dependencies. Equal sets of lines give equal hashes.
std::string environment_hash(const EnvironmentSpec& spec);

// Names an environment and the Python it is for: what agents and images tell environments apart by.
std::string environment_key(const std::string& hash, const std::string& python_version);

struct Environment {
  std::string hash;                     // empty = bare interpreter
  fs::path python;                      // absolute; the one to run
  std::vector<fs::path> site_packages;  // of the virtual environment; empty = bare interpreter
};

// What an interpreter for tasks is started from.
struct EnvironmentUse {
  Environment environment;
  std::string python_version;
  std::vector<std::string> preload;
};

struct EnvironmentOptions {
  fs::path cache;                      // folder of all environments
  fs::path uv;                         // the uv program; empty = venv and pip
  std::vector<std::string> variables;  // "NAME=value" for the builder: HOME, proxies, PIP_*, UV_*
  Duration build_time_max = std::chrono::minutes(20);
};

// How a build is watched and ended.
struct BuildWatch {
  std::function<void(std::string_view line)> on_progress = {};  // called on the building thread
  int cancel_fd = -1;                                           // readable = give up, `cancelled`
};

// Any thread, any process: concurrent builders of one environment wait for each other.
class Environments {
 public:
  Environments(EnvironmentOptions options, Interpreters& interpreters)
      : options_(std::move(options)), interpreters_(interpreters) {}

  // The environment if it is ready (bare ones always are), nullopt if it must be built first.
  Result<std::optional<Environment>> find(const EnvironmentSpec& spec);
  // The environment, built if need be; blocks meanwhile. `invalid` with what pip said when the
  // dependencies cannot be installed, `not_found` without the interpreter, `timeout`, `cancelled`.
  Result<Environment> ensure(const EnvironmentSpec& spec, const BuildWatch& watch = {});
  // By what a DAG version says: its environment hash and python_version. `not_found` when it has
  // been collected.
  Result<Environment> locate(const std::string& hash, const std::string& python_version);
  // Removes environments that are neither in use nor were asked for since `before`; returns how
  // many.
  Result<size_t> collect(const std::set<std::string>& hashes_in_use, Time before);

 private:
  std::optional<Environment> ready(const std::string& hash,
                                   const std::string& python_version) const;
  Status build_logged(const EnvironmentSpec& spec, const std::string& hash,
                      const BuildWatch& watch);
  Status build(const EnvironmentSpec& spec, const fs::path& folder, const BuildWatch& watch);
  Status fill(const EnvironmentSpec& spec, const fs::path& python, const fs::path& folder,
              const BuildWatch& watch);
  Status fill_by_uv(const EnvironmentSpec& spec, const fs::path& python, const fs::path& folder,
                    const BuildWatch& watch);
  Status run(const std::string& program, std::vector<std::string> arguments,
             const BuildWatch& watch, std::string_view step);

  EnvironmentOptions options_;
  Interpreters& interpreters_;
};

// Where the builder's output of the last build of an environment is kept, also of a failed one.
fs::path build_log_of(const fs::path& cache, const std::string& hash);

// The uv program: `configured` if given (checked), else the first in folders of a PATH text, else
// where its installers put it below a home folder; empty = none.
Result<fs::path> find_uv(const fs::path& configured, std::string_view path_variable,
                         const fs::path& home = {});

}  // namespace leoflow
