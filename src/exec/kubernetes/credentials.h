// SPDX-License-Identifier: Apache-2.0
// What to present to the API now: tokens that are renewed behind our back, and programs that print
// some. Loop's thread; a program runs on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/time.h"
#include "exec/kubernetes/cluster_access.h"

namespace leoflow::kube {

constexpr auto kTokenFileAgeMax = std::chrono::seconds(60);
constexpr auto kCredentialSpare = std::chrono::seconds(30);  // renewed so long before its end
constexpr auto kExecTimeMax = std::chrono::seconds(60);
constexpr size_t kCredentialWaitersMax = 50'000;

struct Credential {
  std::string token;  // empty = none
  std::string certificate_pem, key_pem;
  std::optional<Time> expires_at;

  bool operator==(const Credential&) const = default;
};

// What an exec plugin finds in KUBERNETES_EXEC_INFO (client.authentication.k8s.io, ExecCredential).
// Requires: access.exec.
std::string exec_info(const ClusterAccess& access);

// The output of an exec plugin. `invalid` when it is none of the wanted version or holds nothing.
Result<Credential> parse_exec_credential(std::string_view text, const std::string& api_version);

class Credentials {
 public:
  using Done = std::move_only_function<void(Result<Credential>)>;
  // `environment`: variables for exec plugins, as "NAME=value"; PATH finds them.
  Credentials(Loop& loop, ClusterAccess access, const Clock& clock,
              std::vector<std::string> environment);
  ~Credentials();

  // Within the call when it is known, else once it is. Errors: those of the program, or of the file
  // as long as it was never read.
  void get(Done done);
  // The API refused what we presented: the next get() asks again.
  void refused();

 private:
  bool current() const;
  Result<Credential> read_token_file();
  void run_plugin();
  void ran(Result<Credential> made);

  Loop& loop_;
  const ClusterAccess access_;
  const Clock& clock_;
  const std::vector<std::string> environment_;
  std::optional<Credential> known_;
  Time read_at_{};
  bool running_ = false;
  std::vector<Done> waiting_;
  std::shared_ptr<bool> alive_;  // asked by what the plugin's thread posts
  std::unique_ptr<LoopThread> plugin_thread_;
};

}  // namespace leoflow::kube
