// SPDX-License-Identifier: Apache-2.0
#include "exec/local/agent_home.h"

#include <fstream>

#include "async/child.h"
#include "base/crypto.h"
#include "base/json.h"

extern char** environ;

namespace leoflow {

namespace {

constexpr auto kStartTimeMax =
    std::chrono::seconds(20);  // includes ending what a killed agent left behind

// Field 22 of /proc/<pid>/stat; 0 when there is no such process.
int64_t start_time(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  size_t at = text.rfind(')');
  if (at == text.npos || at + 2 >= text.size() || text[at + 2] == 'Z') return 0;
  at += 2;
  for (int field = 3; field < 22 && at != text.npos; ++field) at = text.find(' ', at) + 1;
  return std::strtoll(text.c_str() + at, nullptr, 10);
}

}  // namespace

Result<std::string> ensure_node_secret(const fs::path& home) {
  fs::path file = home / "agent" / "secret";
  if (auto known = read_file(file, 4096); known && !known->empty()) return known;
  if (auto made = make_folder(home / "agent", 0700); !made) return fail(made);
  std::string secret = random_token(43);
  if (auto saved = write_file_durably(file, secret, 0600); !saved) return fail(saved);
  return secret;
}

std::optional<LiveAgent> find_live_agent(const fs::path& home) {
  auto text = read_file(home / "agent" / "agent.pid", 4096);
  auto parsed = text ? json::parse(*text) : Result<json::value>(fail(text.error()));
  if (!parsed || !parsed->is_object()) return std::nullopt;
  auto& object = parsed->as_object();
  LiveAgent agent{json::int_or(object, "pid"), json::string_or(object, "agent_id")};
  int64_t start = json::int_or(object, "start");
  if (agent.pid <= 0 || start == 0 || start_time(agent.pid) != start) return std::nullopt;
  return agent;
}

Result<std::string> ProcessAgentLauncher::ensure_running() {
  if (auto live = find_live_agent(options_.home)) return live->agent_id;
  if (auto secret = ensure_node_secret(options_.home); !secret) return fail(secret);
  ChildSpec spec;
  spec.program = options_.program;
  spec.arguments = {"node",
                    "--home",
                    options_.home,
                    "--server",
                    options_.server,
                    "--python-dir",
                    options_.python_dir,
                    "--slots",
                    std::to_string(options_.slots_max),
                    "--detach"};
  for (char** variable = environ; *variable; ++variable) spec.environment.emplace_back(*variable);
  RunLimits limits;
  limits.timeout = kStartTimeMax;
  auto ran = run_child(std::move(spec), {}, limits);
  if (!ran) return fail(ran.error().within("starting the agent"));
  if (auto live = find_live_agent(options_.home)) return live->agent_id;
  return fail(
      Code::unavailable,
      "the agent did not start (" + describe_wait_status(ran->status) + "): " + ran->stderr_text,
      "see " + (options_.home / "agent" / "agent.log").string());
}

fs::path beside_this_program(const std::string& name) {
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  return self.parent_path() / name;
}

}  // namespace leoflow
