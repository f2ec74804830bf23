// SPDX-License-Identifier: Apache-2.0
#include "main/ports.h"

#include <unistd.h>

#include "base/json.h"
#include "main/host.h"
#include "main/host_view.h"

namespace leoflow {
namespace {

api::DoctorCheck check_disk(const fs::path& home) {
  api::DiskState disk = disk_of(home);
  if (disk.total_bytes == 0) return {"disk space", "failed", "cannot look at " + disk.path, ""};
  std::string text = std::to_string(disk.free_bytes >> 30) + " GiB free at " + disk.path;
  if (!disk.low) return {"disk space", "ok", text, ""};
  return {"disk space", "warning", text, "free some space, or put the home elsewhere with --home"};
}

api::DoctorCheck check_python(Interpreters& interpreters) {
  std::string version = interpreters.default_version();
  auto found = interpreters.find(version);
  if (found) return {"python", "ok", version + " at " + found->string(), ""};
  return {"python", "failed", found.error().message(), found.error().hint()};
}

api::DoctorCheck check_uv() {
  auto uv = uv_program();
  if (!uv) return {"uv", "failed", uv.error().message(), uv.error().hint()};
  if (!uv->empty()) return {"uv", "ok", uv->string(), ""};
  return {"uv", "warning",
          "not found: environments are built with venv and pip, which takes longer",
          "pip install uv"};
}

// Our own group on a v2 hierarchy, which may be delegated to this user; else the mount.
fs::path own_cgroup() {
  std::string groups = read_file("/proc/self/cgroup", 65536).value_or("");
  size_t at = groups.starts_with("0::") ? 0 : groups.find("\n0::");
  if (at == groups.npos) return "/sys/fs/cgroup";
  at = groups.find("::", at) + 2;
  fs::path own = "/sys/fs/cgroup" + groups.substr(at, groups.find('\n', at) - at);
  std::error_code error;
  return fs::is_directory(own, error) ? own : "/sys/fs/cgroup";  // a container is its own root
}

api::DoctorCheck check_cgroups() {
  bool writable = access((own_cgroup() / "cgroup.procs").c_str(), W_OK) == 0 ||
                  access("/sys/fs/cgroup/memory", W_OK) == 0;
  if (writable)
    return {"cgroups", "ok", "memory limits and clean ends of tasks are enforced by the kernel",
            ""};
  return {"cgroups", "warning",
          "not writable: memory limits are enforced by RLIMIT_DATA only, and what a task leaves "
          "running is found by its session and environment",
          "run as root or with a delegated cgroup to have the kernel enforce both"};
}

api::DoctorCheck check_user() {
  if (geteuid() == 0)
    return {"user", "ok", "root: the agent is protected from the kernel's memory killer", ""};
  return {"user", "warning",
          "uid " + std::to_string(geteuid()) +
              ": when the host runs out of memory, the kernel may end the agent before a task",
          "give tasks a memory limit in leoflow.yaml, or run the server as root"};
}

api::DoctorCheck check_staging_mount() {
  if (geteuid() == 0 && fs::is_directory("/staging"))
    return {"/staging", "ok", "bound in each task's own mount namespace", ""};
  return {"/staging", "warning", "tasks see their volume at $LEOFLOW_STAGING_DIR only",
          "as root, mkdir /staging makes it visible there too"};
}

// Environments whose last build left only its log.
void add_failed(const fs::path& cache, std::vector<api::EnvironmentState>& states) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache, error)) {
    fs::path log = entry.path();
    if (log.extension() != ".log" || fs::exists(fs::path(log).replace_extension(), error)) continue;
    auto text = read_file(log);
    if (!text) continue;
    while (text->ends_with('\n')) text->pop_back();
    size_t newline = text->rfind('\n');
    states.push_back({.hash = log.stem().string(),
                      .state = "failed",
                      .error = newline == std::string::npos ? *text : text->substr(newline + 1),
                      .has_log = true});
  }
}

}  // namespace

std::vector<api::DoctorCheck> check_host(const fs::path& home, Interpreters& interpreters) {
  return {check_python(interpreters), check_uv(), check_disk(home), check_cgroups(), check_user(),
          check_staging_mount()};
}

Result<PageOf<Connection>> VaultPort::list_connections(const std::string& id_pattern,
                                                       const Page& page) {
  return vault_.list_connections(id_pattern, page);
}
Result<std::optional<Connection>> VaultPort::get_connection(const std::string& conn_id) {
  return vault_.get_connection(conn_id);
}
Status VaultPort::put_connection(const Connection& connection, bool overwrite) {
  return vault_.put_connection(connection, overwrite);
}
Result<bool> VaultPort::remove_connection(const std::string& conn_id) {
  return vault_.remove_connection(conn_id);
}
Result<PageOf<Variable>> VaultPort::list_variables(const std::string& key_pattern,
                                                   const Page& page) {
  return vault_.list_variables(key_pattern, page);
}
Result<std::optional<Variable>> VaultPort::get_variable(const std::string& key) {
  return vault_.get_variable(key);
}
Status VaultPort::put_variable(const Variable& variable, bool overwrite) {
  return vault_.put_variable(variable, overwrite);
}
Result<bool> VaultPort::remove_variable(const std::string& key) {
  return vault_.remove_variable(key);
}

api::WorkspaceState WorkspaceView::workspace() {
  if (workspace_ == nullptr) return {};
  auto files = workspace_->status();
  return {.path = folder_.string(), .watching = true, .projects = int64_t(files.size())};
}

// Finished environments are read from the cache; those under way are told by the files that wait
// for them.
std::vector<api::EnvironmentState> WorkspaceView::environments() {
  std::vector<api::EnvironmentState> states;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_, error)) {
    auto text = read_file(entry.path() / "leoflow-environment.json");
    if (!text) continue;
    auto document = json::parse(*text);
    if (!document || !document->is_object()) continue;
    const json::object& facts = document->as_object();
    api::EnvironmentState state{.hash = entry.path().filename().string(),
                                .python_version = json::string_or(facts, "python_version"),
                                .state = "ready"};
    state.size_bytes = folder_size(entry.path()).value_or(0);
    if (auto made = fs::last_write_time(entry.path() / "leoflow-environment.json", error); !error) {
      state.created_at =
          std::chrono::time_point_cast<Duration>(std::chrono::file_clock::to_sys(made));
    }
    if (const json::array* lines = json::array_or_null(facts, "dependencies")) {
      for (const json::value& line : *lines) {
        if (line.is_string()) state.dependencies.emplace_back(line.as_string());
      }
    }
    state.has_log = fs::exists(build_log_of(cache_, state.hash), error);
    states.push_back(std::move(state));
  }
  add_failed(cache_, states);
  if (workspace_ == nullptr) return states;
  for (const FileStatus& file : workspace_->status()) {
    if (file.state != FileState::building_environment) continue;
    states.push_back({.hash = file.filename,
                      .state = "building",
                      .error = file.progress.empty() ? "" : file.progress.back()});
  }
  return states;
}

Result<std::string> WorkspaceView::build_log(const std::string& hash) {
  bool plain = !hash.empty() && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  auto text = plain ? read_file(build_log_of(cache_, hash))
                    : Result<std::string>(fail(Code::not_found, ""));
  if (!text) return fail(Code::not_found, "no build log of environment " + hash.substr(0, 64));
  if (text->size() > api::kBuildLogBytesMax) text->erase(0, text->size() - api::kBuildLogBytesMax);
  return text;
}

std::vector<api::DoctorCheck> WorkspaceView::doctor() {
  return check_host(home_.root, interpreters_);
}

Status WorkspaceView::reparse(const std::string& relative_fileloc) {
  if (workspace_ == nullptr) return fail(Code::not_found, "this server watches no workspace");
  for (const FileStatus& file : workspace_->status()) {
    if (file.filename != relative_fileloc) continue;
    workspace_->rescan();
    return {};
  }
  return fail(Code::not_found, "no DAG file '" + relative_fileloc + "' in the workspace");
}

}  // namespace leoflow
