// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/cluster_access.h"

#include "base/base64.h"
#include "exec/kubernetes/yaml_json.h"

namespace leoflow::kube {
namespace {

constexpr std::string_view kExecExtension = "client.authentication.k8s.io/exec";

struct Document {
  fs::path path;
  json::object root;
};

// A named entry of "clusters", "users" or "contexts".
struct Entry {
  const Document* document = nullptr;
  json::object body;
  std::string where;  // "cluster 'x' of /path"
};

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  return value.is_null() ? std::string() : json::dump(value);
}

std::string text(const json::object& from, std::string_view key) {
  auto* value = from.if_contains(key);
  return value ? text_of(*value) : std::string();
}

Result<Entry> find(const std::vector<Document>& documents, std::string_view list,
                   std::string_view kind, const std::string& name) {
  for (const Document& document : documents) {
    auto* entries = json::array_or_null(document.root, list);
    if (!entries) continue;
    for (const auto& entry : *entries) {
      if (!entry.is_object() || text(entry.as_object(), "name") != name) continue;
      auto* body = json::object_or_null(entry.as_object(), kind);
      std::string where = std::string(kind) + " '" + name + "' of " + document.path.string();
      if (!body) return fail(Code::invalid, where + " is empty");
      return Entry{&document, *body, where};
    }
  }
  return fail(Code::not_found, "no " + std::string(kind) + " '" + name + "' in the kubeconfig",
              "kubectl config get-contexts shows the known ones");
}

Status refuse(const Entry& entry, std::initializer_list<std::pair<const char*, const char*>> keys) {
  for (auto [key, way_out] : keys) {
    if (!text(entry.body, key).empty())
      return fail(Code::invalid, entry.where + ": " + key + " is not supported", way_out);
  }
  return {};
}

fs::path resolve(const Entry& entry, const std::string& path) {
  fs::path given(path);
  return given.is_absolute() ? given : entry.document->path.parent_path() / given;
}

// KEY-data in base64, or the content of the file named KEY.
Result<std::string> data_or_file(const Entry& entry, const std::string& key) {
  std::string data = text(entry.body, key + "-data");
  if (!data.empty()) {
    std::erase_if(data, [](char c) { return c == '\n' || c == '\r'; });  // YAML may fold it
    auto bytes = from_base64(data);
    if (!bytes) return fail(Code::invalid, entry.where + ": " + key + "-data is not base64");
    return bytes;
  }
  std::string path = text(entry.body, key);
  if (path.empty()) return std::string();
  auto content = read_file(resolve(entry, path), kAccessFileBytesMax);
  if (!content) return fail(content.error().within(entry.where));
  return content;
}

// What a cluster has to say to exec plugins: the extension of that name.
json::value config_for_plugins(const Entry& cluster) {
  auto* extensions = json::array_or_null(cluster.body, "extensions");
  if (!extensions) return nullptr;
  for (const auto& one : *extensions) {
    if (!one.is_object() || text(one.as_object(), "name") != kExecExtension) continue;
    auto* value = one.as_object().if_contains("extension");
    return value ? *value : nullptr;
  }
  return nullptr;
}

Status read_cluster(const Entry& cluster, const ContextChoice& choice, ClusterAccess& into) {
  if (auto ok = refuse(cluster, {{"proxy-url", "reach the API without a proxy"}}); !ok) return ok;
  into.server = text(cluster.body, "server");
  while (into.server.ends_with('/')) into.server.pop_back();
  into.insecure = text(cluster.body, "insecure-skip-tls-verify") == "true";
  bool plain = into.server.starts_with("http://");
  if (!plain && !into.server.starts_with("https://"))
    return fail(Code::invalid, cluster.where + ": server '" + into.server + "' is not a URL");
  if ((into.insecure || plain) && !choice.insecure_ok) {
    return fail(Code::denied,
                cluster.where + ": the connection would prove nothing (" +
                    (plain ? "http://" : "insecure-skip-tls-verify") + ")",
                "give its certificate-authority, or allow it with --insecure-kubernetes");
  }
  auto ca = data_or_file(cluster, "certificate-authority");
  if (!ca) return fail(ca);
  into.ca_pem = std::move(*ca);
  into.tls_server_name = text(cluster.body, "tls-server-name");
  into.exec_config = config_for_plugins(cluster);
  return {};
}

Result<ExecPlugin> read_exec(const Entry& user, const json::object& from) {
  ExecPlugin plugin;
  plugin.command = text(from, "command");
  plugin.api_version = text(from, "apiVersion");
  plugin.install_hint = text(from, "installHint");
  plugin.wants_cluster_info = text(from, "provideClusterInfo") == "true";
  if (plugin.command.empty()) return fail(Code::invalid, user.where + ": exec has no command");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return fail(Code::invalid,
                user.where + ": exec version '" + plugin.api_version + "' is not supported",
                "v1 and v1beta1 of client.authentication.k8s.io are");
  }
  if (text(from, "interactiveMode") == "Always") {
    return fail(Code::invalid, user.where + ": exec wants to ask somebody",
                "use a token or a client certificate for a server");
  }
  if (plugin.command.contains('/')) plugin.command = resolve(user, plugin.command).string();
  if (auto* arguments = json::array_or_null(from, "args")) {
    for (const auto& argument : *arguments) plugin.arguments.push_back(text_of(argument));
  }
  if (auto* variables = json::array_or_null(from, "env")) {
    for (const auto& one : *variables) {
      if (one.is_object())
        plugin.environment[text(one.as_object(), "name")] = text(one.as_object(), "value");
    }
  }
  return plugin;
}

Status read_user(const Entry& user, ClusterAccess& into) {
  auto ok = refuse(user, {{"auth-provider", "use exec, which took its place"},
                          {"username", "use a token or a client certificate"},
                          {"as", "use credentials of the wanted user"}});
  if (!ok) return ok;
  auto certificate = data_or_file(user, "client-certificate");
  if (!certificate) return fail(certificate);
  auto key = data_or_file(user, "client-key");
  if (!key) return fail(key);
  if (certificate->empty() != key->empty())
    return fail(Code::invalid, user.where + ": a client certificate needs its key, and a key it");
  into.certificate_pem = std::move(*certificate);
  into.key_pem = std::move(*key);
  into.token = text(user.body, "token");
  std::string file = text(user.body, "tokenFile");
  if (!file.empty()) into.token_file = resolve(user, file);
  auto* exec = json::object_or_null(user.body, "exec");
  if (!exec) return {};
  auto plugin = read_exec(user, *exec);
  if (!plugin) return fail(plugin);
  into.exec = std::move(*plugin);
  return {};
}

}  // namespace

Result<ClusterAccess> read_kubeconfig(const std::vector<KubeconfigFile>& files,
                                      const ContextChoice& choice) {
  std::vector<Document> documents;
  for (const KubeconfigFile& file : files) {
    auto parsed = yaml_to_json(file.text, file.path.string());
    if (!parsed) return fail(parsed);
    if (parsed->is_null()) continue;
    if (!parsed->is_object())
      return fail(Code::invalid, file.path.string() + " is not a kubeconfig");
    documents.push_back({file.path, std::move(parsed->as_object())});
  }
  ClusterAccess access;
  access.context = choice.context;
  for (const Document& document : documents) {
    if (access.context.empty()) access.context = text(document.root, "current-context");
  }
  if (access.context.empty()) {
    return fail(Code::not_found, "the kubeconfig has no current context",
                "name one with --kubernetes-context, or kubectl config use-context");
  }
  auto context = find(documents, "contexts", "context", access.context);
  if (!context) return fail(context);
  auto cluster = find(documents, "clusters", "cluster", text(context->body, "cluster"));
  if (!cluster) return fail(cluster);
  if (auto read = read_cluster(*cluster, choice, access); !read) return fail(read);
  std::string user_name = text(context->body, "user");
  if (!user_name.empty()) {
    auto user = find(documents, "users", "user", user_name);
    if (!user) return fail(user);
    if (auto read = read_user(*user, access); !read) return fail(read);
  }
  std::string name = choice.namespace_name;
  if (name.empty()) name = text(context->body, "namespace");
  if (!name.empty()) access.namespace_name = name;
  return access;
}

Result<ClusterAccess> load_kubeconfig(const std::string& kubeconfig_variable, const fs::path& home,
                                      const ContextChoice& choice) {
  std::vector<fs::path> paths;
  for (size_t at = 0; at < kubeconfig_variable.size();) {
    size_t end = std::min(kubeconfig_variable.find(':', at), kubeconfig_variable.size());
    if (end > at) paths.emplace_back(kubeconfig_variable.substr(at, end - at));
    at = end + 1;
  }
  if (paths.empty()) paths.push_back(home / ".kube" / "config");
  std::vector<KubeconfigFile> files;
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    auto content = read_file(path, kYamlBytesMax);
    if (!content) return fail(content);
    files.push_back({fs::absolute(path), std::move(*content)});
  }
  if (files.empty()) {
    return fail(Code::not_found, "there is no kubeconfig at " + paths.front().string(),
                "name one with the variable KUBECONFIG");
  }
  return read_kubeconfig(files, choice);
}

Result<ClusterAccess> in_cluster_access(const std::string& host, const std::string& port,
                                        const std::string& namespace_name, const fs::path& folder) {
  std::error_code ignored;
  if (host.empty() || !fs::exists(folder / "token", ignored))
    return fail(Code::not_found, "this is not a pod with a service account");
  ClusterAccess access;
  access.context = "in-cluster";
  access.server = "https://" + (host.contains(':') ? "[" + host + "]" : host) + ":" +
                  (port.empty() ? "443" : port);
  auto ca = read_file(folder / "ca.crt", kAccessFileBytesMax);
  if (!ca) return fail(ca);
  access.ca_pem = std::move(*ca);
  access.token_file = folder / "token";
  auto own = read_file(folder / "namespace", kAccessFileBytesMax);
  std::string name = own ? own->substr(0, own->find_last_not_of(" \r\n") + 1) : std::string();
  if (!namespace_name.empty()) name = namespace_name;
  if (!name.empty()) access.namespace_name = name;
  return access;
}

}  // namespace leoflow::kube
