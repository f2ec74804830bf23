// SPDX-License-Identifier: Apache-2.0
#include "authoring/environment.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "async/child.h"
#include "authoring/file_age.h"
#include "authoring/line_feed.h"
#include "authoring/listing.h"
#include "authoring/seeded_packages.h"
#include "base/crypto.h"
#include "base/json.h"

namespace leoflow {
namespace {

constexpr const char* kMarker = "leoflow-environment.json";
constexpr const char* kRequirements = "requirements.txt";
constexpr int kLockWaitMilliseconds = 100;
constexpr size_t kErrorLinesMax = 30;

fs::path site_packages_of(const fs::path& environment, const std::string& python_version) {
  return environment / "lib" / ("python" + python_version) / "site-packages";
}

std::vector<std::string> normal_dependencies(const EnvironmentSpec& spec) {
  std::vector<std::string> lines;
  for (const std::string& line : spec.dependencies) {
    const auto from = line.find_first_not_of(" \t");
    if (from != std::string::npos)
      lines.push_back(line.substr(from, line.find_last_not_of(" \t") - from + 1));
  }
  std::ranges::sort(lines);
  const auto repeated = std::ranges::unique(lines);
  lines.erase(repeated.begin(), repeated.end());
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// The end of what an installer said: its lines about the error if it marks them, else the last
// lines.
std::string installer_message(const std::string& text) {
  std::vector<std::string> marked, all;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.starts_with("ERROR") || line.starts_with("error")) marked.push_back(line);
    all.push_back(line);
  }
  std::vector<std::string>& chosen = marked.empty() ? all : marked;
  if (chosen.size() > kErrorLinesMax) chosen.erase(chosen.begin(), chosen.end() - kErrorLinesMax);
  return joined(chosen);
}

}  // namespace

std::string environment_key(const std::string& hash, const std::string& python_version) {
  return hash + "-" + python_version;
}

std::string environment_hash(const EnvironmentSpec& spec) {
  const auto lines = normal_dependencies(spec);
  if (lines.empty()) return {};
  return sha256_hex("python " + spec.python_version + "\n" + joined(lines)).substr(0, 32);
}

std::optional<Environment> Environments::ready(const std::string& hash,
                                               const std::string& python_version) const {
  const fs::path folder = options_.cache / hash;
  std::error_code error;
  // exists() follows the link: an environment whose base interpreter is gone is not ready.
  if (!fs::exists(folder / kMarker, error) || !fs::exists(folder / "bin/python", error))
    return std::nullopt;
  mark_used(folder);
  Environment environment{.hash = hash, .python = folder / "bin/python", .site_packages = {}};
  environment.site_packages.push_back(site_packages_of(folder, python_version));
  return environment;
}

Result<std::optional<Environment>> Environments::find(const EnvironmentSpec& spec) {
  const std::string hash = environment_hash(spec);
  if (!hash.empty()) return ready(hash, spec.python_version);
  auto python = interpreters_.find(spec.python_version);
  if (!python) return fail(python);
  return Environment{.hash = {}, .python = *python, .site_packages = {}};
}

Result<Environment> Environments::locate(const std::string& hash,
                                         const std::string& python_version) {
  if (hash.empty()) {
    auto python = interpreters_.find(python_version);
    if (!python) return fail(python);
    return Environment{.hash = {}, .python = *python, .site_packages = {}};
  }
  if (auto environment = ready(hash, python_version)) return *environment;
  return fail(Code::not_found, "environment " + hash + " is not there",
              "compile the DAG again to build it");
}

Result<Environment> Environments::ensure(const EnvironmentSpec& spec, const BuildWatch& watch) {
  auto found = find(spec);
  if (!found) return fail(found);
  if (*found) return **found;
  if (spec.dependencies.size() > kDependenciesMax) {
    return fail(Code::exhausted, "more than " + std::to_string(kDependenciesMax) + " dependencies");
  }
  const std::string hash = environment_hash(spec);
  if (auto made = make_folder(options_.cache); !made) return fail(made);
  const auto give_up = std::chrono::steady_clock::now() + options_.build_time_max;
  bool told = false;
  auto lock = lock_file(options_.cache / (hash + ".lock"));
  while (!lock && lock.error().code() == Code::conflict) {
    if (!told && watch.on_progress)
      watch.on_progress("waiting for another build of this environment");
    told = true;
    pollfd cancel{watch.cancel_fd, POLLIN, 0};
    if (poll(&cancel, 1, kLockWaitMilliseconds) > 0)
      return fail(Code::cancelled, "the build was cancelled");
    if (std::chrono::steady_clock::now() > give_up) {
      return fail(Code::timeout, "another build of environment " + hash + " does not end");
    }
    lock = lock_file(options_.cache / (hash + ".lock"));
  }
  if (!lock) return fail(lock);
  if (auto environment = ready(hash, spec.python_version)) return *environment;
  if (auto built = build_logged(spec, hash, watch); !built) return fail(built);
  if (auto environment = ready(hash, spec.python_version)) return *environment;
  return fail(Code::internal, "environment " + hash + " was built but is not complete");
}

fs::path build_log_of(const fs::path& cache, const std::string& hash) {
  return cache / (hash + ".log");
}

// A build with what its programs said kept beside the environment.
Status Environments::build_logged(const EnvironmentSpec& spec, const std::string& hash,
                                  const BuildWatch& watch) {
  std::string said;
  BuildWatch both{.on_progress =
                      [&](std::string_view line) {
                        if (said.size() < kBuildLogKeptMax) said.append(line).append("\n");
                        if (watch.on_progress) watch.on_progress(line);
                      },
                  .cancel_fd = watch.cancel_fd};
  Status built = build(spec, options_.cache / hash, both);
  if (!built) said += built.error().message() + "\n";
  // Losing the log of a build is no reason to lose the build.
  static_cast<void>(write_file(build_log_of(options_.cache, hash), said));
  return built;
}

Status Environments::build(const EnvironmentSpec& spec, const fs::path& folder,
                           const BuildWatch& watch) {
  auto python = interpreters_.find(spec.python_version);
  if (!python) return fail(python);
  if (auto removed = remove_tree(folder); !removed) return removed;
  // Built where it stays: scripts and compiled files in it carry its path. The marker written last
  // makes it valid.
  Status status = options_.uv.empty() ? fill(spec, *python, folder, watch)
                                      : fill_by_uv(spec, *python, folder, watch);
  if (!status) {
    // The reason of the failure matters more than that of the cleaning, which the next build
    // repeats.
    if (auto removed = remove_tree(folder); !removed) return fail(status);
    return status;
  }
  json::Writer marker;
  marker.begin_object()
      .member("python_version", spec.python_version)
      .member("python", python->string());
  marker.key("dependencies").begin_array();
  for (const std::string& line : normal_dependencies(spec)) marker.string(line);
  marker.end_array().end_object();
  return write_file_durably(folder / kMarker, marker.take());
}

Status Environments::fill_by_uv(const EnvironmentSpec& spec, const fs::path& python,
                                const fs::path& folder, const BuildWatch& watch) {
  Status status = run(options_.uv.string(), {"venv", "--python", python.string(), folder.string()},
                      watch, "uv venv");
  if (!status) return status;
  const fs::path requirements = folder / kRequirements;
  if (auto written = write_file(requirements, joined(normal_dependencies(spec))); !written)
    return written;
  return run(
      options_.uv.string(),
      {"pip", "install", "--python", (folder / "bin/python").string(), "-r", requirements.string()},
      watch, "uv pip install");
}

Status Environments::fill(const EnvironmentSpec& spec, const fs::path& python,
                          const fs::path& folder, const BuildWatch& watch) {
  Status status = run(python.string(), {"-I", "-m", "venv", folder.string()}, watch, "venv");
  if (!status) return status;
  const fs::path requirements = folder / kRequirements;
  const auto dependencies = normal_dependencies(spec);
  if (auto written = write_file(requirements, joined(dependencies)); !written) return written;
  status = run((folder / "bin/python").string(),
               {"-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
                "--no-color", "-r", requirements.string()},
               watch, "pip install");
  if (!status) return status;
  const fs::path packages = site_packages_of(folder, spec.python_version);
  for (const std::string& name : seeded_packages(packages, dependencies)) {
    if (auto removed = remove_tree((packages / name).lexically_normal()); !removed) return removed;
  }
  return {};
}

Status Environments::run(const std::string& program, std::vector<std::string> arguments,
                         const BuildWatch& watch, std::string_view step) {
  ChildSpec spec;
  spec.program = program;
  spec.arguments = std::move(arguments);
  spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "PYTHONNOUSERSITE=1",
                      "GIT_TERMINAL_PROMPT=0"};
  for (const std::string& variable : options_.variables) spec.environment.push_back(variable);
  LineFeed feed(watch.on_progress);
  RunLimits limits;
  limits.timeout = options_.build_time_max;
  limits.cancel_fd = watch.cancel_fd;
  limits.on_output = [&feed](std::string_view chunk) { feed.add(chunk); };
  auto result = run_child(std::move(spec), {}, limits);
  feed.flush();
  if (!result) return fail(result.error().within(step));
  if (result->ok()) return {};
  const std::string said =
      installer_message(result->stderr_text.empty() ? result->stdout_text : result->stderr_text);
  const bool no_venv = said.find("ensurepip") != std::string::npos;
  return fail(
      Code::invalid,
      "cannot build the environment: " + std::string(step) + ": " +
          describe_wait_status(result->status) + "\n" + said,
      no_venv ? "install uv, or the package python3-venv" : "check dependencies: in leoflow.yaml");
}

Result<size_t> Environments::collect(const std::set<std::string>& hashes_in_use, Time before) {
  size_t count = 0;
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto& entry : list_folder(options_.cache, error)) {
    if (!entry.is_directory(error) || hashes_in_use.contains(entry.path().filename().string()))
      continue;
    if (last_used(entry.path()) < before) old.push_back(entry.path());
  }
  for (const fs::path& folder : old) {
    const fs::path lock_path = folder.string() + ".lock";
    const auto lock = lock_file(lock_path);
    if (!lock || last_used(folder) >= before) continue;  // somebody builds or uses it right now
    if (auto removed = remove_renamed(folder); !removed) return fail(removed);
    static_cast<void>(remove_tree(build_log_of(options_.cache, folder.filename().string())));
    ++count;
  }
  return count;
}

Result<fs::path> find_uv(const fs::path& configured, std::string_view path_variable,
                         const fs::path& home) {
  if (!configured.empty()) {
    if (access(configured.c_str(), X_OK) == 0) return configured;
    return fail(from_errno("run uv at", configured.string()));
  }
  while (!path_variable.empty()) {
    const auto colon = path_variable.find(':');
    const fs::path folder(path_variable.substr(0, colon));
    path_variable =
        colon == std::string_view::npos ? std::string_view() : path_variable.substr(colon + 1);
    if (!folder.is_absolute() || folder.filename() == "shims") continue;
    if (access((folder / "uv").c_str(), X_OK) == 0) return folder / "uv";
  }
  if (!home.is_absolute()) return fs::path();
  for (const char* folder : {".local/bin", ".cargo/bin"}) {
    if (access((home / folder / "uv").c_str(), X_OK) == 0) return home / folder / "uv";
  }
  return fs::path();
}

}  // namespace leoflow
