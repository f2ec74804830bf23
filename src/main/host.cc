// SPDX-License-Identifier: Apache-2.0
#include "main/host.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "authoring/environment.h"

namespace leoflow {
namespace {

fs::path user_home() {
  std::string home = variable_or("HOME");
  if (!home.empty()) return home;
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_dir : "/";
}

bool passed(std::string_view name) {
  for (std::string_view prefix : {"PIP_", "UV_", "LC_", "SSL_"}) {
    if (name.starts_with(prefix)) return true;
  }
  for (std::string_view exact :
       {"HOME", "PATH", "LANG", "TZ", "TMPDIR", "http_proxy", "https_proxy", "no_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
    if (name == exact) return true;
  }
  return false;
}

}  // namespace

std::string variable_or(const char* name, const std::string& fallback) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return text != nullptr && *text != '\0' ? text : fallback;
}

std::map<std::string, std::string> all_variables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals != nullptr)
      variables.emplace(std::string(*entry, size_t(equals - *entry)), equals + 1);
  }
  return variables;
}

std::vector<std::string> passed_variables() {
  std::vector<std::string> lines;
  for (const auto& [name, value] : all_variables()) {
    if (passed(name)) lines.push_back(name + "=" + value);
  }
  return lines;
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

fs::path default_home() {
  std::string home = variable_or("LEOFLOW_HOME");
  return home.empty() ? user_home() / ".leoflow" : fs::path(home);
}

fs::path default_cache() {
  std::string cache = variable_or("LEOFLOW_CACHE");
  if (!cache.empty()) return cache;
  std::string shared = variable_or("XDG_CACHE_HOME");
  return (shared.empty() ? user_home() / ".cache" : fs::path(shared)) / "leoflow";
}

bool process_runs(int64_t pid) {
  if (pid <= 0) return false;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  size_t name_end = text.rfind(") ");  // the name may hold anything
  return name_end != text.npos && text.compare(name_end + 2, 1, "Z") != 0;
}

Result<fs::path> uv_program() {
  auto uv = find_uv(variable_or("LEOFLOW_UV"), variable_or("PATH"), user_home());
  if (uv) return uv;
  return fail(uv.error().code(), uv.error().message(),
              "LEOFLOW_UV names it; unset it to look in PATH, ~/.local/bin and ~/.cargo/bin");
}

}  // namespace leoflow
