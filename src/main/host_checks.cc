// SPDX-License-Identifier: Apache-2.0
#include "main/host_checks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/host.h"
#include "main/host_view.h"

namespace leoflow {
namespace {

constexpr size_t kGroupsBytesMax = 64 * 1024;
constexpr uint64_t kTrialLimit = uint64_t(64) << 20;

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

// Our own group of a hierarchy, by its line of /proc/self/cgroup ("0::" is v2): a container sees it
// as the root of the mount.
fs::path own_cgroup(const fs::path& mount, std::string_view line) {
  const std::string groups = "\n" + read_file("/proc/self/cgroup", kGroupsBytesMax).value_or("");
  std::error_code error;
  for (size_t at = groups.find('\n'); at != groups.npos; at = groups.find('\n', at + 1)) {
    const std::string one = groups.substr(at + 1, groups.find('\n', at + 1) - at - 1);
    const size_t first = one.find(':'), second = one.find(':', first + 1);
    if (second == one.npos || one.substr(first, second - first + 1) != line) continue;
    const fs::path own = mount / fs::path(one.substr(second + 1)).relative_path();
    if (fs::is_directory(own, error)) return own;
  }
  return mount;
}

bool put(const fs::path& file, std::string_view text) {
  const Fd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write(fd.get(), text.data(), text.size()) == ssize_t(text.size());
}

// Whether a group's memory can be bounded, by v2's file or v1's.
bool limit_memory(const fs::path& group) {
  const std::string limit = std::to_string(kTrialLimit);
  return put(group / "memory.max", limit) || put(group / "memory.limit_in_bytes", limit);
}

// v2 unified or beside v1, else v1's memory hierarchy.
CgroupTrial try_cgroups() {
  const fs::path root = "/sys/fs/cgroup";
  std::error_code error;
  CgroupTrial best;
  for (const fs::path& mount : {root, root / "unified"}) {
    if (!fs::exists(mount / "cgroup.controllers", error)) continue;
    const CgroupTrial trial = try_cgroup(own_cgroup(mount, "::"));
    best.groups |= trial.groups;
    best.memory_limits |= trial.memory_limits;
  }
  if (best.memory_limits || !fs::is_directory(root / "memory", error)) return best;
  const CgroupTrial trial = try_cgroup(own_cgroup(root / "memory", ":memory:"));
  return {best.groups || trial.groups, trial.memory_limits};
}

api::DoctorCheck check_cgroups() {
  const CgroupTrial can = try_cgroups();
  if (can.groups && can.memory_limits)
    return {"cgroups", "ok", "memory limits and clean ends of tasks are enforced by the kernel",
            ""};
  const std::string hint =
      "run as root or with a delegated cgroup (Delegate=yes of systemd) to have the kernel enforce "
      "both";
  if (can.groups) {
    return {"cgroups", "warning",
            "groups can be made, but bound no memory: limits are enforced by RLIMIT_DATA only",
            hint};
  }
  return {"cgroups", "warning",
          "no group can be made: memory limits are enforced by RLIMIT_DATA only, and what a task "
          "leaves running is found by its session and environment",
          hint};
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

}  // namespace

CgroupTrial try_cgroup(const fs::path& base) {
  CgroupTrial trial;
  const fs::path group = base / ("leoflow-doctor-" + std::to_string(getpid()));
  // On v2 the parent hands its controllers down, as the agent makes it do.
  const fs::path control = base / "cgroup.subtree_control";
  const bool handed = read_file(control, kGroupsBytesMax).value_or("").contains("memory");
  const bool hand = !handed && put(control, "+memory");
  if (mkdir(group.c_str(), 0755) != 0) return trial;
  trial.groups = access((group / "cgroup.procs").c_str(), W_OK) == 0;
  trial.memory_limits = trial.groups && limit_memory(group);
  rmdir(group.c_str());
  if (hand) put(control, "-memory");
  return trial;
}

std::vector<api::DoctorCheck> check_host(const fs::path& home, Interpreters& interpreters) {
  return {check_python(interpreters), check_uv(), check_disk(home), check_cgroups(), check_user(),
          check_staging_mount()};
}

}  // namespace leoflow
