// SPDX-License-Identifier: Apache-2.0
// Certificates and keys that do and do not fit, and the server behind them.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "api/server.h"
#include "api/socket_client_test.h"
#include "api/tls_identity.h"
#include "base/crypto.h"

namespace leoflow::api {
namespace {

constexpr long kDay = 24 * 60 * 60;

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;

std::string pem_of(auto write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  write(out.get());
  char* data = nullptr;
  long size = BIO_get_mem_data(out.get(), &data);
  return {data, size_t(size)};
}

KeyPtr new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

std::string key_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
  const EVP_CIPHER* cipher = passphrase ? EVP_aes_128_cbc() : nullptr;
  return pem_of([&](BIO* out) {
    PEM_write_bio_PKCS8PrivateKey(out, key, cipher, passphrase, passphrase ? 4 : 0, nullptr,
                                  nullptr);
  });
}

// A certificate that signs itself.
std::string certificate_pem(EVP_PKEY* key, long serial, long from = -kDay, long until = 90 * kDay) {
  CertificatePtr made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), until);
  X509_set_pubkey(made.get(), key);
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_sign(made.get(), key, EVP_sha256());
  return pem_of([&](BIO* out) { PEM_write_bio_X509(out, made.get()); });
}

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    char pattern[] = "/tmp/leoflow-tls-XXXXXX";
    folder = mkdtemp(pattern);
    files = {folder / "cert.pem", folder / "key.pem", std::chrono::milliseconds(0)};
  }
  ~TlsTest() override { static_cast<void>(remove_tree(folder)); }

  void write(const std::string& certificate, const std::string& key) {
    ASSERT_TRUE(write_file(files.certificate, certificate).has_value());
    ASSERT_TRUE(write_file(files.key, key).has_value());
  }
  void write_pair(long serial) {
    KeyPtr key = new_key();
    write(certificate_pem(key.get(), serial), key_pem(key.get()));
  }
  // Why the files do not load.
  std::string problem() {
    auto loaded = TlsIdentity::load(files);
    if (loaded) return "none";
    EXPECT_FALSE(loaded.error().hint().empty());
    return loaded.error().message();
  }
  void start(ServerLimits limits = {}) {
    ServerOptions options{.port = 0, .workers = 2, .limits = limits, .tls = files};
    auto started = HttpServer::start(options, [](const Request& request) {
      Response response;
      response.body = request.target + (request.secure ? " secure" : " plain");
      if (request.target == "/large") response.body.assign(3'000'000, 'x');
      return response;
    });
    ASSERT_TRUE(started.has_value()) << started.error().text();
    server = std::move(*started);
  }

  fs::path folder;
  TlsFiles files;
  std::unique_ptr<HttpServer> server;
};

// A TLS connection that believes any certificate.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port, int version_max = TLS1_3_VERSION)
      : client_(port), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), version_max);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), client_.fd());
    connected = SSL_connect(ssl_.get()) == 1;
  }
  std::string exchange(const std::string& request) {
    SSL_write(ssl_.get(), request.data(), int(request.size()));
    std::string text;
    char buffer[16384];
    for (int count = 0; (count = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0;)
      text.append(buffer, size_t(count));
    return text;
  }
  long serial() {
    CertificatePtr shown(SSL_get1_peer_certificate(ssl_.get()), &X509_free);
    return ASN1_INTEGER_get(X509_get0_serialNumber(shown.get()));
  }
  std::string version() { return SSL_get_version(ssl_.get()); }

  bool connected = false;

 private:
  Client client_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(TlsTest, FilesThatDoNotFitAreNamed) {
  KeyPtr key = new_key(), other = new_key();
  std::string good = certificate_pem(key.get(), 1);
  EXPECT_NE(problem().find("the certificate cannot be read"), std::string::npos) << problem();
  write("nonsense", key_pem(key.get()));
  EXPECT_NE(problem().find("holds no certificate"), std::string::npos) << problem();
  write(good, "nonsense");
  EXPECT_NE(problem().find("holds no private key"), std::string::npos) << problem();
  write(good, key_pem(key.get(), "pass"));
  EXPECT_NE(problem().find("has a passphrase"), std::string::npos) << problem();
  write(good, key_pem(other.get()));
  EXPECT_NE(problem().find("does not belong to the certificate"), std::string::npos) << problem();
  write(certificate_pem(key.get(), 1, -2 * kDay, -kDay), key_pem(key.get()));
  EXPECT_NE(problem().find("expired on"), std::string::npos) << problem();
  write(certificate_pem(key.get(), 1, kDay, 2 * kDay), key_pem(key.get()));
  EXPECT_NE(problem().find("valid only from"), std::string::npos) << problem();
  write(good, key_pem(key.get()));
  EXPECT_EQ(problem(), "none");
}

TEST_F(TlsTest, ServesOverTls) {
  write_pair(1);
  start();
  std::string answer = TlsClient(server->port()).exchange(kGet);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(answer.ends_with("/a secure")) << answer;
  EXPECT_NE(answer.find("Strict-Transport-Security: max-age="), std::string::npos);
  std::string large = TlsClient(server->port())
                          .exchange("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(large.ends_with("\r\n\r\n" + std::string(3'000'000, 'x')));
}

TEST_F(TlsTest, SpeaksTls12And13Only) {
  write_pair(1);
  start();
  EXPECT_EQ(TlsClient(server->port()).version(), "TLSv1.3");
  EXPECT_EQ(TlsClient(server->port(), TLS1_2_VERSION).version(), "TLSv1.2");
  EXPECT_FALSE(TlsClient(server->port(), TLS1_1_VERSION).connected);
}

TEST_F(TlsTest, PlainHttpIsToldTheWay) {
  write_pair(1);
  start();
  Client program(server->port());
  program.send(kGet);
  std::string answer = program.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("this address speaks https"), std::string::npos);
  EXPECT_EQ(answer.find("Strict-Transport"), std::string::npos);
  Client browser(server->port());
  browser.send("GET /dags?a=b HTTP/1.1\r\nHost: x:1\r\nAccept: text/html\r\n\r\n");
  answer = browser.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 307 ")) << answer;
  EXPECT_NE(answer.find("Location: https://x:1/dags?a=b\r\n"), std::string::npos) << answer;
  Client token(server->port());
  token.send("GET / HTTP/1.1\r\nHost: x:1\r\nAccept: text/html\r\nAuthorization: Bearer t\r\n\r\n");
  EXPECT_TRUE(token.read_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(TlsTest, AHandshakeThatDoesNotEndIsGivenUp) {
  write_pair(1);
  start({.header_time_max = std::chrono::milliseconds(50)});
  Client silent(server->port()), half(server->port());
  half.send(std::string("\x16\x03\x01\x02", 4));
  EXPECT_EQ(half.read_all(), "");
  EXPECT_EQ(silent.read_all(), "");
}

TEST_F(TlsTest, RenewedFilesAreUsedWithoutARestartOnceTheyFit) {
  write_pair(1);
  start();
  EXPECT_EQ(TlsClient(server->port()).serial(), 1);
  KeyPtr key = new_key();
  ASSERT_TRUE(write_file(files.certificate, certificate_pem(key.get(), 2)).has_value());
  EXPECT_EQ(TlsClient(server->port()).serial(), 1);
  ASSERT_TRUE(write_file(files.key, key_pem(key.get())).has_value());
  EXPECT_EQ(TlsClient(server->port()).serial(), 2);
}

}  // namespace
}  // namespace leoflow::api
