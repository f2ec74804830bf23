// SPDX-License-Identifier: Apache-2.0
// Any text is a kubeconfig or a clear error, and so is any output of a credential program; a URL
// that is taken can be written again.
#include "async/http_url.h"
#include "base/check.h"
#include "exec/kubernetes/credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace leoflow;
  std::string text(reinterpret_cast<const char*>(data), size);
  auto access = kube::read_kubeconfig({{"/nonexistent/config", text}}, {.insecure_ok = true});
  if (access) CHECK(!access->context.empty());
  static_cast<void>(kube::parse_exec_credential(text, "client.authentication.k8s.io/v1"));
  auto url = parse_http_url(text);
  if (!url) return 0;
  auto again = parse_http_url((url->tls ? "https://" : "http://") + url->authority() + url->target);
  CHECK(again && again->host == url->host && again->port == url->port);
  return 0;
}
