// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroups.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace leoflow {

namespace {

constexpr const char* kAgentSuffix = "-agent";  // of the group that the agent itself steps into

bool put(const std::string& path, const std::string& text) {
  Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write(fd.get(), text.data(), text.size()) == ssize_t(text.size());
}

std::string get(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// "name 12" lines: the number after name, 0 when missing.
int64_t counter(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string key;
  int64_t value = 0;
  while (file >> key >> value) {
    if (key == name) return value;
  }
  return 0;
}

// Our own place per v1 controller, "" for v2. Controllers mounted together share a line:
// "5:cpu,memory:/path".
std::map<std::string, std::string> own_groups(const std::string& path) {
  std::map<std::string, std::string> own;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos) continue;
    std::string place = line.substr(second + 1);
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    std::string name;
    do {
      name.clear();
      std::getline(controllers, name, ',');
      own[name] = place;
    } while (!controllers.eof());
  }
  return own;
}

struct Mount {
  std::string folder, type, options;
};

std::vector<Mount> cgroup_mounts(const std::string& path) {
  std::vector<Mount> mounts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string device;
    Mount mount;
    fields >> device >> mount.folder >> mount.type >> mount.options;
    if (mount.type == "cgroup" || mount.type == "cgroup2") mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool has_option(const Mount& mount, const std::string& name) {
  return ("," + mount.options + ",").find("," + name + ",") != std::string::npos;
}

bool is_folder(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// On v2 a group with processes cannot hand controllers to its children, so we step into a group of
// our own first.
bool enable_memory_v2(const std::string& base, const std::string& name) {
  if ((" " + get(base + "/cgroup.subtree_control") + " ").find("memory") != std::string::npos)
    return true;
  if (get(base + "/cgroup.controllers").find("memory") == std::string::npos) return false;
  std::string own = base + "/" + name + kAgentSuffix;
  if (mkdir(own.c_str(), 0755) < 0 && errno != EEXIST) return false;
  if (!put(own + "/cgroup.procs", "0")) return false;
  return put(base + "/cgroup.subtree_control", "+memory");
}

}  // namespace

Cgroups Cgroups::detect(const std::string& name, const CgroupFiles& files) {
  Cgroups groups;
  auto own = own_groups(files.own);
  for (auto& mount : cgroup_mounts(files.mounts)) {
    if (mount.type == "cgroup2") {
      groups.add(mount.folder, own[""], name, Kind::unified);
    } else if (has_option(mount, "memory")) {
      groups.add(mount.folder, own["memory"], name, Kind::memory_v1);
    } else if (has_option(mount, "freezer")) {
      groups.add(mount.folder, own["freezer"], name, Kind::freezer_v1);
    }
  }
  // One hierarchy to hold processes together is enough: each costs every attempt a group.
  if (std::ranges::count(groups.roots_, Kind::unified, &Root::kind) > 0)
    std::erase_if(groups.roots_, [](auto& root) { return root.kind == Kind::freezer_v1; });
  return groups;
}

void Cgroups::add(const std::string& mount, const std::string& own, const std::string& name,
                  Kind kind) {
  std::string base = mount + (own == "/" ? "" : own);
  if (!is_folder(base)) base = mount;  // a container sees its own group as the root
  bool limits = kind == Kind::memory_v1 || (kind == Kind::unified && enable_memory_v2(base, name));
  std::string folder = base + "/" + name;
  if (mkdir(folder.c_str(), 0755) < 0 && errno != EEXIST) return;
  if (kind == Kind::unified && limits && !put(folder + "/cgroup.subtree_control", "+memory"))
    limits = false;
  std::string probe = folder + "/probe";
  bool writable = mkdir(probe.c_str(), 0755) == 0 || errno == EEXIST;
  writable = writable && access((probe + "/cgroup.procs").c_str(), W_OK) == 0;
  rmdir(probe.c_str());
  if (writable) roots_.push_back({folder, kind, limits});
}

void Cgroups::remove() const {
  for (auto& root : roots_) {
    rmdir(root.folder.c_str());
    const std::string own = root.folder + kAgentSuffix;
    const std::string above = root.folder.substr(0, root.folder.rfind('/'));
    if (is_folder(own) && put(above + "/cgroup.procs", "0")) rmdir(own.c_str());
  }
}

bool Cgroups::limits_memory() const {
  return std::any_of(roots_.begin(), roots_.end(), [](auto& root) { return root.limits_memory; });
}

AttemptGroups Cgroups::create(AttemptId attempt, int64_t memory_bytes_max) const {
  AttemptGroups groups;
  for (auto& root : roots_) {
    bool limit = memory_bytes_max > 0 && root.limits_memory && !groups.memory_limited_;
    if (root.kind == Kind::memory_v1 && !limit)
      continue;  // charging memory costs; only where it limits
    std::string folder = root.folder + "/attempt-" + std::to_string(attempt.value);
    if (mkdir(folder.c_str(), 0755) < 0 && errno != EEXIST) continue;
    std::string bytes = std::to_string(memory_bytes_max);
    if (limit && root.kind == Kind::memory_v1) {
      groups.memory_limited_ = put(folder + "/memory.limit_in_bytes", bytes);
      put(folder + "/memory.memsw.limit_in_bytes", bytes);
    } else if (limit) {
      groups.memory_limited_ = put(folder + "/memory.max", bytes);
      put(folder + "/memory.swap.max", "0");
    }
    groups.folders_.push_back(std::move(folder));
  }
  return groups;
}

std::vector<std::string> AttemptGroups::procs_files() const {
  std::vector<std::string> files;
  for (auto& folder : folders_) files.push_back(folder + "/cgroup.procs");
  return files;
}

std::vector<pid_t> AttemptGroups::processes() const {
  std::vector<pid_t> pids;
  for (auto& file : procs_files()) {
    std::ifstream stream(file);
    for (pid_t pid = 0; stream >> pid;) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

size_t AttemptGroups::kill_all() const {
  for (auto& folder : folders_)
    put(folder + "/cgroup.kill", "1");  // v2 only: nothing escapes it by forking
  auto pids = processes();
  for (pid_t pid : pids) {
    if (pid > 1) kill(pid, SIGKILL);
  }
  return pids.size();
}

void AttemptGroups::signal_all(int signal) const {
  for (pid_t pid : processes()) {
    if (pid > 1) kill(pid, signal);
  }
}

bool AttemptGroups::out_of_memory() const {
  for (auto& folder : folders_) {
    if (counter(folder + "/memory.oom_control", "oom_kill") > 0) return true;
    if (counter(folder + "/memory.events", "oom_kill") > 0) return true;
  }
  return false;
}

bool AttemptGroups::remove() {
  bool removed = true;
  for (auto& folder : folders_) {
    if (rmdir(folder.c_str()) < 0 && errno != ENOENT) removed = false;
  }
  if (removed) folders_.clear();
  return removed;
}

}  // namespace leoflow
