// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/credentials.h"

#include <unistd.h>

#include "async/child.h"
#include "base/base64.h"
#include "base/json.h"

namespace leoflow::kube {
namespace {

constexpr size_t kExecOutputBytesMax = 1 << 20;

// As a shell finds it.
std::string find_program(const std::string& command, const std::vector<std::string>& environment) {
  if (command.contains('/')) return command;
  std::string path;
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) path = variable.substr(5);
  }
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find(':', at), path.size());
    std::string candidate = path.substr(at, end - at) + "/" + command;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return {};
}

// Blocks; the plugin's thread.
Result<Credential> run_exec(const ClusterAccess& access, std::vector<std::string> environment) {
  const ExecPlugin& plugin = *access.exec;
  ChildSpec spec;
  spec.program = find_program(plugin.command, environment);
  if (spec.program.empty()) {
    return fail(Code::not_found, "the credential program '" + plugin.command + "' is not installed",
                plugin.install_hint);
  }
  spec.arguments = plugin.arguments;
  spec.environment = std::move(environment);
  for (const auto& [name, value] : plugin.environment) {
    std::erase_if(spec.environment, [&](auto& one) { return one.starts_with(name + "="); });
    spec.environment.push_back(name + "=" + value);
  }
  spec.environment.push_back("KUBERNETES_EXEC_INFO=" + exec_info(access));
  RunLimits limits;
  limits.timeout = kExecTimeMax;
  limits.stdout_bytes_max = kExecOutputBytesMax;
  auto ran = run_child(std::move(spec), {}, limits);
  if (!ran) return fail(ran.error().within("asking " + plugin.command + " for credentials"));
  if (!ran->ok()) {
    return fail(Code::unauthenticated,
                plugin.command + " gave no credentials: " + describe_wait_status(ran->status) +
                    " " + ran->stderr_text.substr(0, 500));
  }
  return parse_exec_credential(ran->stdout_text, plugin.api_version);
}

}  // namespace

std::string exec_info(const ClusterAccess& access) {
  json::Writer out;
  out.begin_object().member("kind", "ExecCredential");
  out.member("apiVersion", access.exec->api_version).key("spec").begin_object();
  out.member("interactive", false);
  if (access.exec->wants_cluster_info) {
    out.key("cluster").begin_object().member("server", access.server);
    if (!access.tls_server_name.empty()) out.member("tls-server-name", access.tls_server_name);
    if (access.insecure) out.member("insecure-skip-tls-verify", true);
    if (!access.ca_pem.empty()) out.member("certificate-authority-data", base64(access.ca_pem));
    if (!access.exec_config.is_null()) out.key("config").value(access.exec_config);
    out.end_object();
  }
  return out.end_object().end_object().take();
}

Result<Credential> parse_exec_credential(std::string_view text, const std::string& api_version) {
  auto parsed = json::parse(text);
  auto* root = parsed && parsed->is_object() ? &parsed->as_object() : nullptr;
  if (!root || json::string_or(*root, "kind") != "ExecCredential")
    return fail(Code::invalid, "the credential program printed no ExecCredential");
  if (json::string_or(*root, "apiVersion") != api_version)
    return fail(Code::invalid,
                "the credential program printed another version than " + api_version);
  auto* status = json::object_or_null(*root, "status");
  Credential credential;
  if (status) {
    credential.token = json::string_or(*status, "token");
    credential.certificate_pem = json::string_or(*status, "clientCertificateData");
    credential.key_pem = json::string_or(*status, "clientKeyData");
    std::string expires = json::string_or(*status, "expirationTimestamp");
    if (auto time = parse_time(expires); !expires.empty() && time) credential.expires_at = *time;
  }
  if (credential.token.empty() &&
      (credential.certificate_pem.empty() || credential.key_pem.empty()))
    return fail(Code::invalid, "the credential program printed neither token nor certificate");
  return credential;
}

Credentials::Credentials(Loop& loop, ClusterAccess access, const Clock& clock,
                         std::vector<std::string> environment)
    : loop_(loop),
      access_(std::move(access)),
      clock_(clock),
      environment_(std::move(environment)),
      alive_(std::make_shared<bool>(true)) {}

Credentials::~Credentials() {
  *alive_ = false;
  if (plugin_thread_) plugin_thread_->stop_and_join();
}

bool Credentials::current() const {
  if (!known_) return false;
  if (!access_.token_file.empty()) return clock_.now() - read_at_ < kTokenFileAgeMax;
  return !known_->expires_at || clock_.now() < *known_->expires_at - kCredentialSpare;
}

Result<Credential> Credentials::read_token_file() {
  auto text = read_file(access_.token_file, kAccessFileBytesMax);
  if (!text) return fail(text);
  while (!text->empty() && isspace(static_cast<unsigned char>(text->back()))) text->pop_back();
  read_at_ = clock_.now();
  return Credential{*text, access_.certificate_pem, access_.key_pem, std::nullopt};
}

void Credentials::get(Done done) {
  if (current()) return done(*known_);
  if (access_.exec) {
    if (waiting_.size() >= kCredentialWaitersMax)
      return done(fail(Code::exhausted, "too many calls wait for credentials"));
    waiting_.push_back(std::move(done));
    return run_plugin();
  }
  Result<Credential> made =
      access_.token_file.empty()
          ? Credential{access_.token, access_.certificate_pem, access_.key_pem, std::nullopt}
          : read_token_file();
  if (made) known_ = *made;
  // A file that cannot be read for a moment leaves what it said last.
  if (!made && known_) return done(*known_);
  done(std::move(made));
}

void Credentials::refused() {
  known_ = std::nullopt;
  read_at_ = {};
}

void Credentials::run_plugin() {
  if (std::exchange(running_, true)) return;
  if (!plugin_thread_) plugin_thread_ = std::make_unique<LoopThread>("kube-exec");
  plugin_thread_->loop().post([this, alive = alive_] {
    auto made = run_exec(access_, environment_);
    loop_.post([this, alive, made = std::move(made)]() mutable {
      if (*alive) ran(std::move(made));
    });
  });
}

void Credentials::ran(Result<Credential> made) {
  running_ = false;
  if (made) {
    if (made->certificate_pem.empty()) made->certificate_pem = access_.certificate_pem;
    if (made->key_pem.empty()) made->key_pem = access_.key_pem;
    known_ = *made;
  }
  for (Done& done : std::exchange(waiting_, {})) done(made);
}

}  // namespace leoflow::kube
