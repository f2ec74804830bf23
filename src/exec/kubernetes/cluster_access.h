// SPDX-License-Identifier: Apache-2.0
// Where a cluster's API is and how to prove who we are: one resolved context of a kubeconfig, or
// what a pod finds in its file system. Pure but for reading the named files. Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace leoflow::kube {

constexpr size_t kAccessFileBytesMax = 1 << 20;  // tokens, certificates

// A program that prints credentials (client.authentication.k8s.io v1 and v1beta1).
struct ExecPlugin {
  std::string command;  // a path, or a name for PATH
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // added to ours
  std::string api_version;
  std::string install_hint;
  bool wants_cluster_info = false;

  bool operator==(const ExecPlugin&) const = default;
};

struct ClusterAccess {
  std::string context;  // "in-cluster" inside a pod
  std::string server;   // URL without a slash at the end
  std::string namespace_name = "default";
  std::string ca_pem;           // empty = the host's trusted certificates
  std::string tls_server_name;  // empty = the URL's host
  bool insecure = false;        // any server is trusted
  // At most one way to prove who we are; none = anonymous.
  std::string token;
  fs::path token_file;  // read again as it is renewed
  std::string certificate_pem, key_pem;
  std::optional<ExecPlugin> exec;
  // The cluster's extension for exec plugins (client.authentication.k8s.io/exec); null = none.
  json::value exec_config;
};

struct ContextChoice {
  std::string context;         // empty = current-context
  std::string namespace_name;  // empty = the context's
  bool insecure_ok = false;    // insecure-skip-tls-verify and http:// are refused without it
};

struct KubeconfigFile {
  fs::path path;  // relative paths inside begin at its folder
  std::string text;
};

// Resolves a context over several files: of a name given twice the first counts. `invalid` names
// the file and key, `not_found` a context, cluster or user nobody defined; what we do not support
// (auth-provider, proxy-url, impersonation, passwords) is refused by name.
Result<ClusterAccess> read_kubeconfig(const std::vector<KubeconfigFile>& files,
                                      const ContextChoice& choice);
// The files that KUBECONFIG lists, with colons; `home`/.kube/config when that is empty. Missing
// ones are passed over; `not_found` when there is none at all.
Result<ClusterAccess> load_kubeconfig(const std::string& kubeconfig_variable, const fs::path& home,
                                      const ContextChoice& choice);

constexpr const char* kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
// Inside a pod: host and port from KUBERNETES_SERVICE_HOST and _PORT. `not_found` when we are not
// in one.
Result<ClusterAccess> in_cluster_access(const std::string& host, const std::string& port,
                                        const std::string& namespace_name,
                                        const fs::path& folder = kServiceAccountFolder);

}  // namespace leoflow::kube
