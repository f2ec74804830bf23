// SPDX-License-Identifier: Apache-2.0
// An HTTP server for tests: real sockets on loopback, a thread per connection, TLS if wanted, and
// every misbehaviour a test asks for. Header only, so that tests of other folders can use it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "async/guarded.h"

namespace leoflow {

// A key and a certificate for it, signed by `issuer` or by itself.
struct TestCertificate {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();

  // `names`: as in a subjectAltName extension, "DNS:localhost,IP:127.0.0.1".
  explicit TestCertificate(const std::string& names, const TestCertificate* issuer = nullptr) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* subject = reinterpret_cast<const unsigned char*>(issuer ? "leaf" : "root");
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, subject, -1,
                               -1, 0);
    X509_set_issuer_name(certificate,
                         X509_get_subject_name(issuer ? issuer->certificate : certificate));
    add(NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
    if (!names.empty()) add(NID_subject_alt_name, names.c_str());
    X509_sign(certificate, issuer ? issuer->key : key, EVP_sha256());
  }
  TestCertificate(const TestCertificate&) = delete;
  ~TestCertificate() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  std::string certificate_pem() const {
    return pem([this](BIO* out) { PEM_write_bio_X509(out, certificate); });
  }
  std::string key_pem() const {
    return pem([this](BIO* out) {
      PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

 private:
  void add(int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static std::string pem(const std::function<void(BIO*)>& write) {
    BIO* out = BIO_new(BIO_s_mem());
    write(out);
    char* bytes = nullptr;
    long size = BIO_get_mem_data(out, &bytes);
    std::string text(bytes, size_t(size));
    BIO_free(out);
    return text;
  }
};

struct TestTls {
  const TestCertificate* server = nullptr;
  const TestCertificate* client_ca = nullptr;  // not null: clients must have a certificate of it
};

class TestHttpServer {
 public:
  // One request and the way to answer it; on the connection's thread.
  class Call {
   public:
    std::string method, target, body;
    std::map<std::string, std::string> headers;  // lower-case names

    void reply(int status, const std::string& text, const std::string& extra_headers = {}) {
      send(head(status, extra_headers) + "Content-Length: " + std::to_string(text.size()) +
           "\r\n\r\n" + text);
      answered_ = true;
    }
    void begin_chunks(int status) {
      send(head(status, {}) + "Transfer-Encoding: chunked\r\n\r\n");
      answered_ = true;
    }
    bool chunk(const std::string& text) {
      char size[32];
      snprintf(size, sizeof size, "%zx\r\n", text.size());
      return send(size + text + "\r\n");
    }
    void end_chunks() { send("0\r\n\r\n"); }
    bool send(const std::string& bytes) {
      std::string_view left = bytes;
      if (muted_) return true;
      while (!left.empty()) {
        ssize_t count = ssl_ ? SSL_write(ssl_, left.data(), int(left.size()))
                             : ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        left.remove_prefix(size_t(count));
      }
      return true;
    }
    // What is answered from here on reaches nobody.
    void mute() { muted_ = true; }
    // The connection ends with this call, answered or not.
    void drop() { dropped_ = true; }
    // Returns when the client has gone (or sends something).
    void wait_gone() {
      char byte;
      ssl_ ? void(SSL_peek(ssl_, &byte, 1)) : void(recv(fd_, &byte, 1, MSG_PEEK));
    }

   private:
    friend class TestHttpServer;
    std::string head(int status, const std::string& extra) {
      return "HTTP/1.1 " + std::to_string(status) +
             " Some Reason\r\nContent-Type: application/json\r\n" + extra;
    }
    int fd_ = -1;
    SSL* ssl_ = nullptr;
    bool answered_ = false, dropped_ = false, muted_ = false;
  };
  using Handler = std::function<void(Call&)>;

  explicit TestHttpServer(Handler handler, TestTls tls = {}) : handler_(std::move(handler)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to what a client closed
    if (tls.server) set_up_tls(tls);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 256);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    threads_.with([this](auto& threads) { threads.emplace_back([this] { accept_all(); }); });
  }
  ~TestHttpServer() { stop(); }
  // Every connection ends, none is taken any more. A handler that waits must be let go before.
  void stop() {
    if (stopping_.exchange(true)) return;
    shutdown(listener_, SHUT_RDWR);
    drop_connections();
    while (true) {
      auto one = threads_.with([](auto& threads) {
        std::thread thread;
        if (!threads.empty()) thread = std::move(threads.back()), threads.pop_back();
        return thread;
      });
      if (!one.joinable()) break;
      one.join();
    }
    close(listener_);
    if (context_) SSL_CTX_free(context_);
  }
  void drop_connections() {
    open_.with([](auto& open) {
      for (int fd : open) shutdown(fd, SHUT_RDWR);
    });
  }
  int port() const { return port_; }
  std::string url(const std::string& target) const {
    return (context_ ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port_) +
           target;
  }
  int connections() const { return connections_; }

 private:
  void set_up_tls(const TestTls& tls) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, tls.server->certificate);
    SSL_CTX_use_PrivateKey(context_, tls.server->key);
    if (!tls.client_ca) return;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), tls.client_ca->certificate);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  void accept_all() {
    while (true) {
      int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++connections_;
      open_.with([fd](auto& open) { open.insert(fd); });
      if (stopping_) shutdown(fd, SHUT_RDWR);
      threads_.with([&](auto& threads) { threads.emplace_back([this, fd] { serve(fd); }); });
    }
  }
  void serve(int fd) {
    SSL* ssl = nullptr;
    if (context_) {
      ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
    }
    if (!ssl || SSL_accept(ssl) == 1) {
      std::string buffer;
      for (bool more = true; more && !stopping_;) {
        Call call;
        call.fd_ = fd;
        call.ssl_ = ssl;
        more = receive(call, buffer);
        if (more) handler_(call);
        more = more && call.answered_ && !call.dropped_;
      }
    }
    if (ssl) SSL_shutdown(ssl), SSL_free(ssl);
    open_.with([fd](auto& open) { open.erase(fd); });
    close(fd);
  }
  static bool fill(Call& call, std::string& buffer) {
    char bytes[16384];
    ssize_t count = call.ssl_ ? SSL_read(call.ssl_, bytes, sizeof bytes)
                              : recv(call.fd_, bytes, sizeof bytes, 0);
    if (count > 0) buffer.append(bytes, size_t(count));
    return count > 0;
  }
  static bool receive(Call& call, std::string& buffer) {
    size_t end;
    while ((end = buffer.find("\r\n\r\n")) == buffer.npos) {
      if (!fill(call, buffer)) return false;
    }
    std::string head = buffer.substr(0, end);
    buffer.erase(0, end + 4);
    size_t line = head.find("\r\n");
    std::string first = head.substr(0, line);
    call.method = first.substr(0, first.find(' '));
    call.target = first.substr(call.method.size() + 1, first.rfind(' ') - call.method.size() - 1);
    while (line != head.npos) {
      size_t next = head.find("\r\n", line + 2);
      std::string text = head.substr(line + 2, next == head.npos ? next : next - line - 2);
      std::string name = text.substr(0, text.find(':'));
      std::ranges::transform(name, name.begin(), [](char c) { return char(std::tolower(c)); });
      call.headers[name] = text.substr(std::min(text.size(), name.size() + 2));
      line = next;
    }
    auto length = call.headers.find("content-length");
    size_t size = length == call.headers.end() ? 0 : std::stoul(length->second);
    while (buffer.size() < size) {
      if (!fill(call, buffer)) return false;
    }
    call.body = buffer.substr(0, size);
    buffer.erase(0, size);
    return true;
  }

  const Handler handler_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  Guarded<std::set<int>> open_;
  Guarded<std::vector<std::thread>> threads_;
};

}  // namespace leoflow
