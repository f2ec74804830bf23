// SPDX-License-Identifier: Apache-2.0
#include "agent/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "base/file.h"

namespace leoflow {

namespace {

// Files of /proc have no size: read until the end.
std::string read_proc(const std::string& path, size_t bytes_max) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  while (fd && text.size() < bytes_max) {
    ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, size_t(got));
  }
  return text;
}

struct Stat {
  char state = 'Z';
  pid_t parent = 0;
  int64_t start = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
  std::string text = read_proc("/proc/" + std::to_string(pid) + "/stat", 8192);
  size_t name_end = text.rfind(')');  // the name may hold anything
  if (name_end == text.npos || name_end + 2 >= text.size()) return std::nullopt;
  const char* at = text.c_str() + name_end + 2;
  Stat stat;
  stat.state = *at;
  for (int field = 3; field < 22; ++field) {
    if (field == 4) stat.parent = pid_t(std::strtol(at, nullptr, 10));
    while (*at && *at != ' ') ++at;
    while (*at == ' ') ++at;
  }
  stat.start = std::strtoll(at, nullptr, 10);
  return stat;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  DIR* folder = opendir("/proc");
  if (!folder) return pids;
  while (dirent* entry = readdir(folder)) {
    char* end = nullptr;
    long pid = std::strtol(entry->d_name, &end, 10);
    if (pid > 0 && *end == '\0') pids.push_back(pid_t(pid));
  }
  closedir(folder);
  return pids;
}

}  // namespace

std::optional<int64_t> process_start(pid_t pid) {
  auto stat = read_stat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
  return stat->start;
}

bool same_process(pid_t pid, int64_t start) { return process_start(pid) == start; }

std::vector<pid_t> descendants(pid_t root) {
  std::multimap<pid_t, pid_t> by_parent;
  for (pid_t pid : all_processes()) {
    auto stat = read_stat(pid);
    if (stat && stat->state != 'Z') by_parent.emplace(stat->parent, pid);
  }
  std::vector<pid_t> found{root};
  for (size_t i = 0; i < found.size(); ++i) {
    auto [first, last] = by_parent.equal_range(found[i]);
    for (; first != last; ++first) found.push_back(first->second);
  }
  found.erase(found.begin());
  return found;
}

std::vector<pid_t> children(pid_t parent) {
  std::vector<pid_t> found;
  for (pid_t pid : all_processes()) {
    auto stat = read_stat(pid);
    if (stat && stat->parent == parent) found.push_back(pid);
  }
  return found;
}

bool has_environment(pid_t pid, std::string_view entry) {
  std::string text = read_proc("/proc/" + std::to_string(pid) + "/environ", 1 << 20);
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\0'), rest.size());
    if (rest.substr(0, end) == entry) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::vector<pid_t> processes_with_environment(std::string_view entry) {
  std::vector<pid_t> found;
  for (pid_t pid : all_processes()) {
    if (pid != getpid() && has_environment(pid, entry)) found.push_back(pid);
  }
  return found;
}

}  // namespace leoflow
