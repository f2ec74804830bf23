// SPDX-License-Identifier: Apache-2.0
#include "authoring/label.h"

#include "async/child.h"

namespace leoflow {
namespace {

constexpr const char* kGit = "/usr/bin/git";
constexpr size_t kLabelBytesMax = 200;

// Whether the folder can be part of a working tree: asking git takes longer than looking.
bool in_working_tree(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = fs::absolute(folder, error); !error; at = at.parent_path()) {
    if (fs::exists(at / ".git", error)) return true;
    if (at == at.parent_path()) return false;
  }
  return true;
}

std::string describe(const fs::path& folder) {
  if (!in_working_tree(folder)) return {};
  ChildSpec spec;
  spec.program = kGit;
  spec.arguments = {"-C", folder.string(), "describe", "--tags", "--always", "--dirty"};
  spec.environment = {"PATH=/usr/bin:/bin",    "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
                      "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent",     "LC_ALL=C.UTF-8"};
  RunLimits limits;
  limits.timeout = kGitTimeMax;
  limits.kill_grace = std::chrono::milliseconds(100);
  const auto result = run_child(std::move(spec), {}, limits);
  if (!result || !result->ok()) return {};
  return result->stdout_text.substr(0, result->stdout_text.find('\n')).substr(0, kLabelBytesMax);
}

// "2024-02-29T13:05:09.250000Z" -> "20240229T130509Z"
std::string compact(const std::string& iso) {
  std::string text;
  for (const char c : iso.substr(0, 19)) {
    if (c != '-' && c != ':') text += c;
  }
  return text + "Z";
}

}  // namespace

std::string version_label(const fs::path& folder, Time now) {
  std::string label = describe(folder);
  return label.empty() ? "dev-" + compact(format_time(now)) : label;
}

}  // namespace leoflow
