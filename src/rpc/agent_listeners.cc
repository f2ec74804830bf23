// SPDX-License-Identifier: Apache-2.0
#include "rpc/agent_listeners.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "rpc/certificates.h"

namespace leoflow {
namespace {

constexpr size_t kPemBytesMax = 1 << 20;
constexpr unsigned kReloadSeconds = 600;  // after which gRPC reads a renewed certificate

}  // namespace

bool is_loopback_address(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool makes_certificates(const AgentServiceOptions& options) {
  return !options.tcp_address.empty() && options.tls_certificate.empty() &&
         !options.tls_folder.empty();
}

Result<std::shared_ptr<grpc::ServerCredentials>> tcp_credentials(const AgentServiceOptions& options,
                                                                 Time now) {
  fs::path certificate = options.tls_certificate, key = options.tls_key;
  if (makes_certificates(options)) {
    auto files = ensure_certificates(options.tls_folder, options.tls_names, now);
    if (!files) return fail(files);
    certificate = files->certificate;
    key = files->key;
  }
  if (certificate.empty()) {
    if (options.allow_plain_text || is_loopback_address(options.tcp_address))
      return grpc::InsecureServerCredentials();
    return fail(Code::invalid,
                "agents would talk plain text to " + options.tcp_address + ", with their secrets",
                "give the address a certificate, or allow plain text explicitly");
  }
  for (const auto& [file, mark] :
       {std::pair(certificate, "BEGIN CERTIFICATE"), std::pair(key, "PRIVATE KEY")}) {
    auto text = read_file(file, kPemBytesMax);
    if (!text) return fail(Code::invalid, "TLS of the agent service: " + text.error().message());
    if (text->find(mark) == text->npos)
      return fail(Code::invalid,
                  "TLS of the agent service: nothing in PEM form in " + file.string());
  }
  // gRPC would listen and refuse every handshake.
  if (auto fits = key_fits(read_file(certificate, kPemBytesMax).value_or(""),
                           read_file(key, kPemBytesMax).value_or(""));
      !fits) {
    return fail(Code::invalid, "TLS of the agent service: " + key.string() +
                                   " does not belong to " + certificate.string());
  }
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      key.string(), certificate.string(), kReloadSeconds);
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  tls.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace leoflow
