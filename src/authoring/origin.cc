// SPDX-License-Identifier: Apache-2.0
#include "authoring/origin.h"

#include <algorithm>

#include "async/child.h"

namespace leoflow {
namespace {

constexpr const char* kGit = "/usr/bin/git";

// Whether the folder can be part of a working tree: asking git takes longer than looking.
bool in_working_tree(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = fs::absolute(folder, error); !error; at = at.parent_path()) {
    if (fs::exists(at / ".git", error)) return true;
    if (at == at.parent_path()) return false;
  }
  return true;
}

// What git answers; empty when it does not.
std::string ask_git(const fs::path& folder, std::vector<std::string> question) {
  ChildSpec spec;
  spec.program = kGit;
  spec.arguments = {"-C", folder.string()};
  spec.arguments.insert(spec.arguments.end(), question.begin(), question.end());
  spec.environment = {"PATH=/usr/bin:/bin",    "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
                      "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent",     "LC_ALL=C.UTF-8"};
  RunLimits limits;
  limits.timeout = kGitTimeMax;
  limits.kill_grace = std::chrono::milliseconds(100);
  const auto result = run_child(std::move(spec), {}, limits);
  return result && result->ok() ? result->stdout_text : std::string();
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// "2024-02-29T13:05:09.250000Z" -> "20240229T130509Z"
std::string compact(const std::string& iso) {
  std::string text;
  for (const char c : iso.substr(0, 19)) {
    if (c != '-' && c != ':') text += c;
  }
  return text + "Z";
}

struct Remote {
  std::string host, path;  // "github.com", "owner/name"
};

// "https://user:secret@host:8443/path.git", "ssh://git@host:22/path", "git@host:path.git"
Remote parse_remote(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  const auto end = text.find_first_of(scheme == std::string_view::npos ? ":" : "/");
  if (end == std::string_view::npos) return {};
  std::string_view host = text.substr(0, end);
  std::string_view path = text.substr(end + 1);
  host.remove_prefix(host.rfind('@') + 1);
  host = host.substr(0, host.find(':'));
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  while (path.starts_with('/')) path.remove_prefix(1);
  return {std::string(host), std::string(path)};
}

// Between the repository's page and the commit; empty for a host of unknown kind.
std::string_view way_of(std::string_view host) {
  if (host.contains("github")) return "/tree/";
  if (host.contains("gitlab")) return "/-/tree/";
  return host.contains("bitbucket") ? "/src/" : "";
}

}  // namespace

std::string browse_url(std::string_view remote, std::string_view commit, std::string_view folder) {
  auto plain = [](unsigned char c) { return isalnum(c) || std::string_view("-._~/").contains(c); };
  const Remote at = parse_remote(remote);
  const std::string_view way = way_of(at.host);
  const bool known = !way.empty() && !at.path.empty() && std::ranges::all_of(at.host, plain) &&
                     std::ranges::all_of(at.path, plain) && std::ranges::all_of(folder, plain);
  if (!known) return {};
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return "https://" + at.host + "/" + at.path + std::string(way) + std::string(commit) +
         (folder.empty() ? "" : "/") + std::string(folder);
}

Origin origin_of(const fs::path& folder, Time now) {
  Origin origin;
  if (in_working_tree(folder)) {
    origin.label = first_line(ask_git(folder, {"describe", "--tags", "--always", "--dirty"}))
                       .substr(0, kLabelBytesMax);
  }
  if (origin.label.empty()) return {.label = "dev-" + compact(format_time(now))};
  const std::string place = ask_git(folder, {"rev-parse", "HEAD", "--show-prefix"});
  origin.commit = first_line(place);
  if (origin.commit.empty()) return origin;
  const std::string inside = first_line(place.substr(origin.commit.size() + 1));
  const std::string remote = first_line(ask_git(folder, {"config", "--get", "remote.origin.url"}));
  origin.url = browse_url(remote, origin.commit, inside);
  return origin;
}

}  // namespace leoflow
