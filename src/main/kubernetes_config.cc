// SPDX-License-Identifier: Apache-2.0
#include "main/kubernetes_config.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <functional>
#include <map>
#include <memory>

#include "async/http_url.h"
#include "exec/kubernetes/yaml_json.h"

namespace leoflow {
namespace {

using Take = std::function<Status(const json::value&)>;
using Keys = std::map<std::string, Take, std::less<>>;

std::unexpected<Error> wrong(const std::string& key, std::string_view wanted) {
  return fail(Code::invalid, key + " must be " + std::string(wanted));
}

Status read_keys(const json::value& from, const std::string& at, const Keys& keys) {
  if (from.is_null()) return {};
  if (!from.is_object()) return wrong(at.empty() ? "the document" : at, "a map");
  for (const auto& [key, value] : from.as_object()) {
    std::string path = at.empty() ? std::string(key) : at + "." + std::string(key);
    auto known = keys.find(std::string_view(key));
    if (known == keys.end()) return fail(Code::invalid, "'" + path + "' is not a known key");
    if (auto taken = known->second(value); !taken) return fail(taken.error().within(path));
  }
  return {};
}

Take text(std::string& into) {
  return [&into](const json::value& value) -> Status {
    if (!value.is_string()) return wrong("it", "text");
    into = value.as_string();
    return {};
  };
}

Take number(int& into, int64_t min, int64_t max) {
  return [&into, min, max](const json::value& value) -> Status {
    if (!value.is_int64() || value.as_int64() < min || value.as_int64() > max)
      return wrong("it", "a number from " + std::to_string(min) + " to " + std::to_string(max));
    into = int(value.as_int64());
    return {};
  };
}

Result<std::vector<std::string>> texts(const json::value& value) {
  std::vector<std::string> out;
  if (!value.is_array()) return wrong("it", "a list");
  for (const auto& one : value.as_array()) {
    if (!one.is_string()) return wrong("each item", "text");
    out.emplace_back(one.as_string());
  }
  return out;
}

Status read_policy(const json::value& value, kube::PodPolicy& policy) {
  auto list = [](auto& into) {
    return [&into](const json::value& from) -> Status {
      auto read = texts(from);
      if (!read) return fail(read);
      into = std::move(*read);
      return {};
    };
  };
  return read_keys(value, {},
                   {{"execution_keys", list(policy.execution_keys)},
                    {"service_accounts", list(policy.service_accounts)}});
}

// The name of a claim, or a word for one of the server's own.
Status read_cache_claim(const json::value& value, KubernetesConfig& config) {
  std::string& claim = config.pods.cache_claim;
  if (auto read = text(claim)(value); !read) return read;
  config.own_cache = claim == "auto";
  if (claim == "auto" || claim == "none") claim.clear();
  return {};
}

}  // namespace

Result<KubernetesConfig> parse_kubernetes_config(std::string_view yaml, std::string_view name) {
  auto document = kube::yaml_to_json(yaml, name);
  if (!document) return fail(document);
  KubernetesConfig config;
  kube::PodSettings& pods = config.pods;
  auto read = read_keys(
      *document, {},
      {{"context", text(config.choice.context)},
       {"namespace", text(config.choice.namespace_name)},
       {"insecure",
        [&](const json::value& value) -> Status {
          if (!value.is_bool()) return wrong("it", "true or false");
          config.choice.insecure_ok = value.as_bool();
          return {};
        }},
       {"image", text(pods.image)},
       {"image_pull_policy", text(pods.image_pull_policy)},
       {"agent_image", text(pods.agent_image)},
       {"agent_address", text(config.agent_address)},
       {"agent_port", number(config.agent_port, 1, 65534)},
       {"start_ahead",
        [&](const json::value& value) -> Status {
          auto ahead = parse_start_ahead(value.is_string() ? std::string_view(value.as_string())
                                                           : std::string_view());
          if (!ahead || *ahead == StartAhead::inherit) return wrong("it", "never, single or all");
          config.start_ahead = *ahead;
          return {};
        }},
       {"admission",
        [&](const json::value& value) -> Status {
          std::string how = value.is_string() ? std::string(value.as_string()) : "";
          if (how != "review" && how != "secret") return wrong("it", "review or secret");
          config.pod_secrets = how == "secret";
          return {};
        }},
       {"held_pods_max", number(config.held_pods_max, 0, 10'000)},
       {"held_seconds_max", number(config.held_seconds_max, 1, 86'400)},
       {"audience", text(pods.audience)},
       {"service_account", text(pods.service_account)},
       {"cache_host_path", text(pods.cache_host_path)},
       {"cache_claim", [&](const json::value& value) { return read_cache_claim(value, config); }},
       {"run_as_user", number(pods.run_as_user, 0, 2'000'000'000)},
       {"storage_class", text(config.storage_class)},
       {"staging_access",
        [&](const json::value& value) -> Status {
          std::string mode = value.is_string() ? std::string(value.as_string()) : "";
          if (mode != "ReadWriteOnce" && mode != "ReadWriteMany")
            return wrong("it", "ReadWriteOnce or ReadWriteMany");
          pods.staging_access = mode;
          return {};
        }},
       {"pod_template",
        [&](const json::value& value) -> Status {
          if (!value.is_object()) return wrong("it", "a map with metadata and spec");
          pods.pod_template = value.as_object();
          return {};
        }},
       {"policy", [&](const json::value& value) { return read_policy(value, pods.policy); }}});
  bool claim = !pods.cache_claim.empty() || config.own_cache == true;
  if (read && !pods.cache_host_path.empty() && claim)
    read = fail(Code::invalid, "cache_host_path and cache_claim are both given",
                "keep the one in which pods are to share what they fetched");
  if (!read) return fail(read.error().within(name));
  return config;
}

Result<std::string> address_towards(const std::string& api_url) {
  auto url = parse_http_url(api_url);
  if (!url) return fail(url);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* raw = nullptr;
  if (getaddrinfo(url->host.c_str(), std::to_string(url->port).c_str(), &wanted, &raw) != 0)
    return fail(Code::unavailable, "the Kubernetes API's host " + url->host + " has no address");
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, &freeaddrinfo);
  Fd socket(::socket(raw->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  // Sends nothing: the kernel only picks the route.
  bool known = socket && connect(socket.get(), raw->ai_addr, raw->ai_addrlen) == 0 &&
               getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0;
  char text[NI_MAXHOST] = "";
  if (known)
    getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof text, nullptr, 0,
                NI_NUMERICHOST);
  std::string address = text;
  if (address.empty() || address.starts_with("127.") || address == "::1") {
    return fail(
        Code::invalid,
        "how pods of the cluster reach this machine is not known: its API is at " + url->host,
        "name an address of this machine with --agent-address");
  }
  return address;
}

}  // namespace leoflow
