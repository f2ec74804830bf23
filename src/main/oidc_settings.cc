// SPDX-License-Identifier: Apache-2.0
#include "main/oidc_settings.h"

#include "base/file.h"
#include "main/host.h"

namespace leoflow {
namespace {

std::string given(const std::string& option, const char* name, std::string fallback = {}) {
  if (!option.empty()) return option;
  std::string variable = variable_or(name);
  return variable.empty() ? fallback : variable;
}

// A variable holds what the option says several times, line by line.
std::vector<std::string> given(const std::vector<std::string>& options, const char* name) {
  if (!options.empty()) return options;
  std::vector<std::string> lines;
  std::string text = variable_or(name);
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

Result<std::string> client_secret(const cli::OidcOptions& options) {
  std::string path = given(options.client_secret_file, "LEOFLOW_OIDC_CLIENT_SECRET_FILE");
  if (path.empty()) return variable_or("LEOFLOW_OIDC_CLIENT_SECRET");
  auto text = read_file(path, kClientSecretBytesMax);
  if (!text) return fail(text.error().within("the client secret of the issuer"));
  text->erase(text->find_last_not_of(" \r\n\t") + 1);
  return text;
}

Status read_rules(const cli::OidcOptions& options, api::OidcSettings& settings) {
  for (const std::string& text : given(options.roles, "LEOFLOW_OIDC_ROLES")) {
    auto rule = api::parse_role_rule(text);
    if (!rule) return fail(rule);
    settings.rules.push_back(std::move(*rule));
  }
  for (const std::string& text : given(options.grants, "LEOFLOW_OIDC_GRANTS")) {
    auto rule = api::parse_grant_rule(text);
    if (!rule) return fail(rule);
    settings.rules.push_back(std::move(*rule));
  }
  std::string role = given(options.default_role, "LEOFLOW_OIDC_DEFAULT_ROLE");
  if (role.empty()) return {};
  settings.default_role = api::parse_role(role);
  if (settings.default_role) return {};
  return fail(Code::invalid, "'" + role + "' is no role for people who sign in elsewhere",
              "give Viewer, User, Op or Admin, or nothing: then who has no role stays out");
}

}  // namespace

Result<api::OidcSettings> oidc_settings(const cli::OidcOptions& options) {
  api::OidcSettings settings;
  settings.issuer = given(options.issuer, "LEOFLOW_OIDC_ISSUER");
  settings.client_id = given(options.client_id, "LEOFLOW_OIDC_CLIENT_ID");
  if (settings.issuer.empty()) {
    if (settings.client_id.empty()) return settings;
    return fail(Code::invalid, "OpenID Connect: a client id is given, but no issuer",
                "--oidc-issuer URL names it");
  }
  auto secret = client_secret(options);
  if (!secret) return fail(secret);
  settings.client_secret = std::move(*secret);
  settings.scopes = given(options.scopes, "LEOFLOW_OIDC_SCOPES", settings.scopes);
  settings.username_claim =
      given(options.username_claim, "LEOFLOW_OIDC_USERNAME_CLAIM", settings.username_claim);
  settings.role_claim = given(options.role_claim, "LEOFLOW_OIDC_ROLE_CLAIM", settings.role_claim);
  settings.label = given(options.label, "LEOFLOW_OIDC_LABEL", settings.label);
  if (auto read = read_rules(options, settings); !read) return fail(read);
  if (auto checked = check_oidc_settings(settings); !checked) return fail(checked);
  return settings;
}

}  // namespace leoflow
