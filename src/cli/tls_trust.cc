// SPDX-License-Identifier: Apache-2.0
#include "cli/tls_trust.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace leoflow::cli {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// The certificate must be for what the user wrote.
void expect_name(SSL* tls, const std::string& host) {
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str());
    return;
  }
  SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(tls, host.c_str());
  SSL_set_tlsext_host_name(tls, host.c_str());
}

// "leoflow.example, 10.0.0.1": whom a certificate is for.
std::string names_of(X509* certificate) {
  std::string names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.append(names.empty() ? "" : ", ")
        .append(text, size_t(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::unexpected<Error> not_trusted(const SSL* tls, const Url& url, long reason) {
  std::string message = "the certificate of " + url.text() + " ";
  if (reason == X509_V_ERR_HOSTNAME_MISMATCH || reason == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    CertificatePtr shown(SSL_get1_peer_certificate(tls), &X509_free);
    std::string names = shown ? names_of(shown.get()) : std::string();
    return fail(Code::denied,
                message + "is not for " + url.host + (names.empty() ? "" : " but for " + names),
                "name the server as its certificate does");
  }
  std::string hint = "--ca FILE (or LEOFLOW_CA) names the certificate authority to trust";
  if (reason == X509_V_ERR_CERT_HAS_EXPIRED) hint = "renew the server's certificate";
  return fail(Code::denied, message + "is not trusted: " + X509_verify_cert_error_string(reason),
              hint);
}

}  // namespace

Result<SSL*> client_tls(const Url& url, const Trust& trust) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!trust.ca_file.empty() &&
      SSL_CTX_load_verify_file(context.get(), trust.ca_file.c_str()) != 1) {
    ERR_clear_error();
    return fail(Code::invalid, "no certificates can be read from " + trust.ca_file,
                "--ca and LEOFLOW_CA name a PEM file");
  }
  bool own = !trust.own_certificate.empty();
  SSL_CTX_set_verify(context.get(), own ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  SSL* tls = SSL_new(context.get());
  if (!own) expect_name(tls, url.host);
  ERR_clear_error();  // of places for certificates that this host does not have
  return tls;
}

std::unexpected<Error> tls_failure(const SSL* tls, const Url& url) {
  long reason = SSL_get_verify_result(tls);
  if (reason != X509_V_OK) return not_trusted(tls, url, reason);
  unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER) {
    return fail(Code::unavailable, url.text() + " does not speak https",
                "write http:// if the server has no certificate");
  }
  const char* text = error == 0 ? nullptr : ERR_reason_error_string(error);
  return fail(Code::unavailable, "no TLS connection to " + url.text() + ": " +
                                     (text ? text : "the server closed the connection"));
}

Status check_own_certificate(const SSL* tls, const Url& url, const Trust& trust) {
  if (trust.own_certificate.empty()) return {};
  auto pem = read_file(trust.own_certificate, kCertificateFileBytesMax);
  if (!pem) return fail(pem.error().within("the certificate of the home's server"));
  std::unique_ptr<BIO, decltype(&BIO_free)> reader(BIO_new_mem_buf(pem->data(), int(pem->size())),
                                                   &BIO_free);
  CertificatePtr known(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr), &X509_free);
  ERR_clear_error();
  CertificatePtr shown(SSL_get1_peer_certificate(tls), &X509_free);
  if (known && shown && X509_cmp(known.get(), shown.get()) == 0) return {};
  return fail(Code::denied, url.text() + " does not show the certificate " + trust.own_certificate,
              "another program may listen there; --server URL talks to it nevertheless");
}

}  // namespace leoflow::cli
