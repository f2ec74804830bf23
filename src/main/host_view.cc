// SPDX-License-Identifier: Apache-2.0
#include "main/host_view.h"

#include <pwd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>

#include "main/host.h"

namespace leoflow {
namespace {

constexpr uint64_t kFreeBytesWanted = uint64_t(2) << 30;

std::string yes_or_no(bool value) { return value ? "true" : "false"; }

std::string days(Duration duration) {
  if (duration == Duration::zero()) return "for ever";
  return std::to_string(std::chrono::floor<std::chrono::days>(duration).count()) + " days";
}

std::string paused_name(PausedAtCreation paused) {
  switch (paused) {
    case PausedAtCreation::all: return "all";
    case PausedAtCreation::scheduled: return "scheduled";
    default: return "none";
  }
}

}  // namespace

api::DiskState disk_of(const fs::path& folder) {
  fs::path at = folder;
  std::error_code error;
  while (!fs::exists(at, error) && at.has_parent_path() && at != at.parent_path())
    at = at.parent_path();
  struct statvfs info{};
  if (statvfs(at.c_str(), &info) != 0) return {.path = at.string(), .low = true};
  api::DiskState disk{.path = at.string(),
                      .free_bytes = uint64_t(info.f_bavail) * info.f_frsize,
                      .total_bytes = uint64_t(info.f_blocks) * info.f_frsize};
  disk.low = disk.free_bytes < kFreeBytesWanted;
  return disk;
}

api::DiskState HostView::disk() { return disk_of(home_.root); }

std::vector<api::AgentState> HostView::agents() {
  std::vector<api::AgentState> states;
  for (AgentFacts& agent : agents_.agents()) {
    states.push_back({.id = std::move(agent.id),
                      .executor = std::string(executor_.name()),
                      .hostname = std::move(agent.hostname),
                      .version = std::move(agent.version),
                      .pid = agent.pid,
                      .connected_at = agent.connected_at});
  }
  return states;
}

std::vector<api::ExecutorState> HostView::executors() {
  return {{.name = std::string(executor_.name()),
           .slots_max = executor_.slots_max(),
           .ready = !agents_.agents().empty()}};
}

api::ServerProcess HostView::process() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> texts{};
  if (getpwuid_r(geteuid(), &entry, texts.data(), texts.size(), &found) != 0) found = nullptr;
  return {.hostname = host_name(), .user = found ? found->pw_name : std::to_string(geteuid())};
}

std::vector<api::ConfigValue> HostView::configuration() {
  const RetentionPolicy& keep = config_.retention;
  return {
      {"core", "executor", std::string(executor_.name()), "what places tasks"},
      {"core", "parallelism", std::to_string(config_.parallelism), "tasks at once"},
      {"core", "max_map_length", std::to_string(config_.map_length_max),
       "elements of what a task returns for others to be mapped over"},
      {"core", "paused_at_creation", paused_name(config_.paused_at_creation), "new DAGs"},
      {"core", "test_connections", yes_or_no(config_.test_connections), "LEOFLOW_TEST_CONNECTIONS"},
      {"api", "host", config_.host, "address that is listened on"},
      {"api", "port", std::to_string(config_.port), "0 = any free one"},
      {"api", "expose_config", config_.expose_config.empty() ? "false" : config_.expose_config,
       "LEOFLOW_EXPOSE_CONFIG: whether /api/v2/config answers"},
      {"api", "export_secrets", yes_or_no(config_.export_secrets), "LEOFLOW_EXPORT_SECRETS"},
      {"api", "admin_password", "", "LEOFLOW_ADMIN_PASSWORD of the first start",
       !config_.admin_password.empty()},
      {"paths", "home", home_.root.string(), "LEOFLOW_HOME or --home"},
      {"paths", "workspace", config_.workspace.string(), "folder of DAGs; empty = none"},
      {"paths", "cache", (config_.cache.empty() ? default_cache() : config_.cache).string(),
       "LEOFLOW_CACHE: Python environments"},
      {"retention", "runs", days(keep.runs), "finished runs are kept so long"},
      {"retention", "event_log", days(keep.event_log), "rows of the audit log"},
      {"retention", "deleted_staging", days(keep.deleted_staging), "records of freed volumes"},
      {"retention", "versions_unused_max", std::to_string(keep.versions_unused_max),
       "versions of a DAG that no run uses"},
  };
}

}  // namespace leoflow
