// SPDX-License-Identifier: Apache-2.0
#include "main/ports.h"

#include "base/json.h"
#include "main/host_checks.h"

namespace leoflow {
namespace {

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

Result<PageOf<Connection>> VaultPort::list_connections(const TextPattern& id_pattern,
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
Result<PageOf<Variable>> VaultPort::list_variables(const TextPattern& key_pattern,
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
  Workspace::Look look = workspace_->last_look();
  return {.path = folder_.string(),
          .watching = workspace_->watches(),
          .last_scan = look.at,
          .projects = int64_t(workspace_->status().size()),
          .problems = std::move(look.problems)};
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
