// SPDX-License-Identifier: Apache-2.0
#include "authoring/image_failure.h"

#include <algorithm>
#include <initializer_list>

#include "authoring/image_tool.h"

namespace leoflow {
namespace {

constexpr size_t kLinesMax = 6, kSaidMax = 2000;

struct Cause {
  Code code;
  std::string hint;
};

class Reading {
 public:
  Reading(const ToolFailure& failure, const ImagePlan& plan) : failure_(failure), plan_(plan) {
    for (const char c : failure.said) said_ += char(tolower(static_cast<unsigned char>(c)));
  }

  Cause cause() const {
    if (says({"cannot connect to the docker daemon", "is the docker daemon running"}))
      return {Code::unavailable, "start it, see DOCKER_HOST, or choose another tool with --tool"};
    if (says({"no buildkit host is available", "buildkitd"}))
      return {Code::unavailable, "nerdctl builds with buildkitd: start it, or choose with --tool"};
    if (says({"buildx component is missing", "unknown flag: --secret", "requires buildkit"})) {
      return {Code::invalid,
              "pip's settings are mounted while the image is built, which docker does with its "
              "buildx plugin only: install that, or use podman or buildah (--tool)"};
    }
    if (says({"server gave http response to https client"})) return plain_http();
    if (says({"x509:"})) return unknown_authority();
    if (says({"unauthorized", "authentication required", "no basic auth credentials",
              "invalid username/password", "access to the resource is denied", "insufficient_scope",
              "pull access denied", "403 forbidden"}))
      return {Code::unauthenticated, login_hint()};
    if (says({"manifest unknown", "not found: manifest", "name unknown"}) && is_build())
      return {Code::not_found, "base_image in leoflow.yaml names what the build starts from"};
    if (says({"dial tcp", "no such host", "tls handshake timeout"}))
      return {Code::unavailable, "see that " + registry() + " is right and answers"};
    if (says({"no matching distribution found", "could not find a version"}))
      return {Code::invalid, "pip looks where this machine's PIP_INDEX_URL says"};
    if (says({"no space left on device"}))
      return {Code::exhausted, "`" + failure_.tool + " system prune` frees what is not used"};
    return {Code::invalid, "--tool chooses another tool than " + failure_.program +
                               "; `leoflow build --print` shows the container file"};
  }

 private:
  bool says(std::initializer_list<std::string_view> words) const {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return said_.contains(word); });
  }
  bool is_build() const { return failure_.step == "build"; }
  // Which registry it may be about, in words of leoflow.yaml.
  std::string registry() const {
    return is_build() ? "base_image (" + plan_.base_image + ")"
                      : "registry.url (" + plan_.registry + ")";
  }

  Cause plain_http() const {
    if (failure_.tool == "docker") {
      return {Code::invalid,
              "docker's daemon speaks plain HTTP to registries that \"insecure-registries\" of its "
              "daemon.json names"};
    }
    if (is_build()) {
      return {Code::invalid,
              "where base_image is to come over plain HTTP, say so to the tool: a [[registry]] "
              "with insecure = true in registries.conf"};
    }
    return {Code::invalid,
            "where plain HTTP will do, name the registry as http://" + plan_.registry};
  }

  Cause unknown_authority() const {
    const std::string folder = failure_.tool == "docker" ? "docker" : "containers";
    return {Code::invalid, "put the certificate of its authority where the tool looks: /etc/" +
                               folder + "/certs.d/HOST:PORT/ca.crt"};
  }

  std::string login_hint() const {
    const std::string both = std::string(kRegistryUser) + " and " + std::string(kRegistryPassword);
    if (failure_.step == "login") return "see that " + both + " are right";
    if (plan_.login)
      return "see that the user in " + std::string(kRegistryUser) + " may push there";
    return "log in with `" + failure_.tool +
           " login REGISTRY`, or set registry.auth_method: env, " + both;
  }

  const ToolFailure& failure_;
  const ImagePlan& plan_;
  std::string said_;  // in small letters
};

}  // namespace

std::string last_lines(std::string_view text) {
  while (!text.empty() && isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  size_t begin = text.size();
  for (size_t lines = 0; lines < kLinesMax && begin > 0; ++lines) {
    const auto end = text.rfind('\n', begin - 1);
    begin = end == std::string_view::npos ? 0 : end;
  }
  text.remove_prefix(begin);
  if (text.starts_with('\n')) text.remove_prefix(1);
  if (text.size() <= kSaidMax) return std::string(text);
  return "..." + std::string(text.substr(text.size() - kSaidMax));
}

Error image_failure(const ToolFailure& failure, const ImagePlan& plan) {
  Cause cause = Reading(failure, plan).cause();
  std::string text = failure.tool + " " + failure.step + ": " + failure.status;
  if (const std::string lines = last_lines(failure.said); !lines.empty()) text += "\n" + lines;
  return Error(cause.code, std::move(text), std::move(cause.hint));
}

}  // namespace leoflow
