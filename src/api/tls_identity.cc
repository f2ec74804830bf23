// SPDX-License-Identifier: Apache-2.0
#include "api/tls_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

// Forward secret and authenticated; TLS 1.3 has no others.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kProtocol[] = "\x08http/1.1";
constexpr size_t kRecordBytesMax = 16 * 1024;  // of one TLS record
constexpr auto kExpirySoon = std::chrono::days(14);

int no_passphrase(char*, int, int, void*) { return -1; }

BioPtr reader_of(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), int(pem.size())), &BIO_free};
}

std::string time_text(const ASN1_TIME* time) {
  BioPtr out(BIO_new(BIO_s_mem()), &BIO_free);
  ASN1_TIME_print(out.get(), time);
  char* data = nullptr;
  long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, size_t(size));
}

Result<std::string> read_pem(const fs::path& path, const char* what) {
  auto text = read_file(path, kTlsFileBytesMax);
  if (text) return text;
  return fail(Error(text.error().code(),
                    "the " + std::string(what) + " cannot be read: " + text.error().message(),
                    "name a PEM file that this user may read"));
}

Result<std::vector<CertificatePtr>> read_certificates(const fs::path& path) {
  auto pem = read_pem(path, "certificate");
  if (!pem) return fail(pem);
  std::vector<CertificatePtr> chain;
  BioPtr reader = reader_of(*pem);
  while (X509* one = PEM_read_bio_X509(reader.get(), nullptr, no_passphrase, nullptr))
    chain.emplace_back(one, &X509_free);
  ERR_clear_error();
  if (chain.empty()) {
    return fail(Code::invalid, path.string() + " holds no certificate",
                "it must be PEM: -----BEGIN CERTIFICATE-----");
  }
  return chain;
}

Result<KeyPtr> read_key(const fs::path& path) {
  auto pem = read_pem(path, "key");
  if (!pem) return fail(pem);
  BioPtr reader = reader_of(*pem);
  KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, nullptr),
             &EVP_PKEY_free);
  ERR_clear_error();
  if (key) return key;
  if (pem->find("ENCRYPTED") != std::string::npos) {
    return fail(Code::invalid, "the key " + path.string() + " has a passphrase",
                "take it off: openssl pkey -in KEY -out PLAIN");
  }
  return fail(Code::invalid, path.string() + " holds no private key",
              "it must be PEM: -----BEGIN PRIVATE KEY-----");
}

Status check_validity(const X509* certificate, const fs::path& path) {
  const ASN1_TIME* until = X509_get0_notAfter(certificate);
  const ASN1_TIME* since = X509_get0_notBefore(certificate);
  if (X509_cmp_current_time(until) < 0) {
    return fail(Code::invalid,
                "the certificate " + path.string() + " expired on " + time_text(until),
                "renew it; a running server reads renewed files by itself");
  }
  if (X509_cmp_current_time(since) > 0) {
    return fail(Code::invalid,
                "the certificate " + path.string() + " is valid only from " + time_text(since),
                "check the clock of this host");
  }
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, until) == 1 && days < kExpirySoon.count()) {
    log::warning("the certificate expires soon",
                 {{"file", path.string()}, {"on", time_text(until)}});
  }
  return {};
}

// The only protocol there is, for clients that ask.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  int found =
      SSL_select_next_proto(&chosen, out_size, kProtocol, sizeof kProtocol - 1, in, in_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

ContextPtr new_context() {
  ContextPtr context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  CHECK(SSL_CTX_set_cipher_list(context.get(), kCiphers) == 1);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections hold no buffers; a write goes on with whatever bytes it is given again.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}

Result<ContextPtr> load_context(const TlsFiles& files) {
  auto chain = read_certificates(files.certificate);
  if (!chain) return fail(chain);
  auto key = read_key(files.key);
  if (!key) return fail(key);
  if (auto valid = check_validity(chain->front().get(), files.certificate); !valid)
    return fail(valid);
  ContextPtr context = new_context();
  bool fits = SSL_CTX_use_certificate(context.get(), chain->front().get()) == 1 &&
              X509_check_private_key(chain->front().get(), key->get()) == 1 &&
              SSL_CTX_use_PrivateKey(context.get(), key->get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return fail(Code::invalid,
                "the key " + files.key.string() + " does not belong to the certificate " +
                    files.certificate.string(),
                "the server's own certificate must come first in its file");
  }
  for (size_t i = 1; i < chain->size(); ++i)
    SSL_CTX_add1_chain_cert(context.get(), (*chain)[i].get());
  return context;
}

// Writing to a peer that has gone is an error, not a signal.
int write_without_signal(BIO* bio, const char* bytes, int size) {
  int socket = -1;
  BIO_get_fd(bio, &socket);
  BIO_clear_retry_flags(bio);
  int count = int(send(socket, bytes, size_t(size), MSG_NOSIGNAL));
  if (count <= 0 && BIO_sock_should_retry(count) != 0) BIO_set_retry_write(bio);
  return count;
}

// OpenSSL's socket with that. Shared: connections may outlive the server's identity.
using BioMethodPtr = std::shared_ptr<BIO_METHOD>;
BioMethodPtr socket_method() {
  BioMethodPtr method(BIO_meth_new(BIO_TYPE_SOCKET, "socket"), &BIO_meth_free);
  const BIO_METHOD* usual = BIO_s_socket();
  BIO_meth_set_write(method.get(), write_without_signal);
  BIO_meth_set_read(method.get(), BIO_meth_get_read(usual));
  BIO_meth_set_ctrl(method.get(), BIO_meth_get_ctrl(usual));
  BIO_meth_set_create(method.get(), BIO_meth_get_create(usual));
  BIO_meth_set_destroy(method.get(), BIO_meth_get_destroy(usual));
  return method;
}

class TlsChannel final : public Channel {
 public:
  TlsChannel(SSL_CTX* context, BioMethodPtr method, int socket)
      : method_(std::move(method)), ssl_(SSL_new(context), &SSL_free), socket_(socket) {
    BIO* bio = BIO_new(method_.get());
    CHECK(ssl_ != nullptr && bio != nullptr);
    BIO_set_fd(bio, socket, BIO_NOCLOSE);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  Outcome handshake() override {
    ERR_clear_error();
    return outcome(SSL_accept(ssl_.get()), 0);
  }

  Outcome read(char* into, size_t size) override {
    ERR_clear_error();
    size_t count = 0;
    int returned = SSL_read_ex(ssl_.get(), into, size, &count);
    return outcome(returned, count);
  }

  // Short heads and bodies share a record.
  Outcome write(std::string_view first, std::string_view second) override {
    ERR_clear_error();
    std::string both;
    std::string_view one = first.empty() ? second : first;
    if (!first.empty() && !second.empty() && first.size() < kRecordBytesMax) {
      both.append(first).append(second.substr(0, kRecordBytesMax - first.size()));
      one = both;
    }
    size_t count = 0;
    int returned = SSL_write_ex(ssl_.get(), one.data(), one.size(), &count);
    return outcome(returned, count);
  }

  void finish() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    shutdown(socket_, SHUT_WR);
  }
  bool secure() const override { return true; }

 private:
  Outcome outcome(int returned, size_t bytes) {
    if (returned > 0) return {Io::done, bytes};
    switch (SSL_get_error(ssl_.get(), returned)) {
      case SSL_ERROR_WANT_READ: return {Io::wants_read};
      case SSL_ERROR_WANT_WRITE: return {Io::wants_write};
      case SSL_ERROR_ZERO_RETURN: return {Io::closed};
      default: break;
    }
    ERR_clear_error();
    return {Io::failed};
  }

  const BioMethodPtr method_;  // goes after what uses it
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  const int socket_;
};

// What changes when a file is written anew or another is put in its place.
struct Mark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  int64_t changed = 0;
  bool operator==(const Mark&) const = default;
};

Mark mark_of(const fs::path& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return {};
  int64_t changed = int64_t(found.st_mtim.tv_sec) * 1'000'000'000 + found.st_mtim.tv_nsec;
  return {found.st_dev, found.st_ino, found.st_size, changed};
}

}  // namespace

struct TlsIdentity::Impl {
  using Pair = std::pair<Mark, Mark>;

  Pair marks() const { return {mark_of(files.certificate), mark_of(files.key)}; }
  void refresh();

  TlsFiles files;
  Pair seen;
  ContextPtr context{nullptr, &SSL_CTX_free};
  const BioMethodPtr method = socket_method();
  std::chrono::steady_clock::time_point looked = std::chrono::steady_clock::now();
};

void TlsIdentity::Impl::refresh() {
  auto now = std::chrono::steady_clock::now();
  if (now - looked < files.look_interval) return;
  looked = now;
  Pair there = marks();
  if (there == seen) return;
  seen = there;
  auto loaded = load_context(files);
  if (!loaded) {
    log::warning("the new certificate is not used", {{"reason", loaded.error().message()}});
    return;
  }
  context = std::move(*loaded);
  log::info("a new certificate is used", {{"file", files.certificate.string()}});
}

TlsIdentity::TlsIdentity(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsIdentity::~TlsIdentity() = default;

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::load(TlsFiles files) {
  auto impl = std::make_unique<Impl>();
  impl->files = std::move(files);
  impl->seen = impl->marks();
  auto context = load_context(impl->files);
  if (!context) return fail(context);
  impl->context = std::move(*context);
  return std::unique_ptr<TlsIdentity>(new TlsIdentity(std::move(impl)));
}

std::unique_ptr<Channel> TlsIdentity::accept(int socket) {
  impl_->refresh();
  return std::make_unique<TlsChannel>(impl_->context.get(), impl_->method, socket);
}

}  // namespace leoflow::api
