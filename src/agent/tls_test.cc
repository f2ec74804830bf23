// SPDX-License-Identifier: Apache-2.0
// The agent's way to a server over TCP, with certificates made by openssl(1).
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <future>

#include "agent/e2e_fixture_test.h"
#include "agent/grpc_link.h"
#include "async/child.h"
#include "base/crypto.h"
#include "leoflow_agent.pb.h"

namespace leoflow {
namespace {

constexpr const char* kOpenssl = "/usr/bin/openssl";
const std::string kSecret = "node-secret-that-must-not-be-seen";

// One session's first word from the server, or why there is none.
class Ears : public ServerLinkListener {
 public:
  void on_message(const wire::ServerMessage& message) override {
    if (message.has_welcome()) answer("welcome by " + message.welcome().instance_id());
  }
  void on_disconnected(const Error& reason) override { answer(reason.text()); }
  void on_writable() override {}
  std::string wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(40), [&] { return answer_.has_value(); });
    return answer_.value_or("nothing heard");
  }

 private:
  void answer(const std::string& text) {
    std::lock_guard lock(mutex_);
    if (!answer_) answer_ = text;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> answer_;
};

class AgentTls : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kOpenssl)) GTEST_SKIP() << "openssl is not installed";
    char pattern[] = "/tmp/leoflow-tls-test-XXXXXX";
    folder_ = mkdtemp(pattern);
    make_ca("ca");
    make_certificate("good", "ca", "DNS:localhost,IP:127.0.0.1", 2);
  }
  void TearDown() override {
    service_.reset();
    (void)remove_tree(folder_);
  }

  fs::path file(const std::string& name) const { return folder_ / name; }
  void openssl(std::vector<std::string> words) {
    ChildSpec spec;
    spec.program = kOpenssl;
    spec.arguments = std::move(words);
    spec.cwd = folder_;
    auto ran = run_child(std::move(spec));
    ASSERT_TRUE(ran && ran->ok()) << (ran ? ran->stderr_text : ran.error().text());
  }
  void make_ca(const std::string& name) {
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", name + ".key", "-out", name + ".pem", "-subj", "/CN=" + name, "-days",
             "2"});
  }
  void make_certificate(const std::string& name, const std::string& ca, const std::string& names,
                        int days) {
    ASSERT_TRUE(write_file(file(name + ".ext"), "subjectAltName=" + names));
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             name + ".key", "-out", name + ".csr", "-subj", "/CN=server"});
    openssl({"x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key",
             "-CAcreateserial", "-out", name + ".pem", "-days", std::to_string(days), "-extfile",
             name + ".ext"});
  }
  // Serves on a free TCP port; an empty name means without TLS.
  Status serve(const std::string& certificate) {
    AgentServiceOptions options;
    options.tcp_address = "127.0.0.1:0";
    if (!certificate.empty()) {
      options.tls_certificate = file(certificate + ".pem");
      options.tls_key = file(certificate + ".key");
    }
    options.instance_id = "tls";
    options.node_secret = kSecret;
    options.token_key = "key";
    auto service = AgentService::start(options, server_, server_, server_);
    if (!service) return fail(service);
    service_ = std::move(*service);
    return {};
  }
  // What an agent hears that says hello to this port; `ca` empty = without TLS.
  std::string greet(int port, const std::string& ca, const std::string& host = "localhost") {
    // gRPC's threads may use link and loop for as long as the process lives.
    static auto* thread = new LoopThread("tls-test");
    static auto* links = new std::vector<std::unique_ptr<ServerLink>>();
    auto made = make_server_channel(
        {host + ":" + std::to_string(port), ca.empty() ? "" : file(ca + ".pem").string()});
    if (!made) return made.error().text();
    links->push_back(make_grpc_link(thread->loop(), std::move(*made)));
    ServerLink* link = links->back().get();
    Ears ears;
    thread->loop().post([&] {
      link->open(ears);
      wire::AgentMessage message;
      message.mutable_hello()->set_agent_id("node-tls");
      message.mutable_hello()->set_secret(kSecret);
      link->send(message);
    });
    std::string heard = ears.wait();
    std::promise<void> closed;
    thread->loop().post([&] {
      link->close();
      closed.set_value();
    });
    closed.get_future().wait();
    return heard;
  }
  std::string greet(const std::string& ca) { return greet(service_->tcp_port(), ca); }

  fs::path folder_;
  FakeServer server_;
  std::unique_ptr<AgentService> service_;
};

TEST_F(AgentTls, WorksByNameAndByAddress) {
  ASSERT_TRUE(serve("good"));
  EXPECT_EQ(greet("ca"), "welcome by tls");
  EXPECT_EQ(greet(service_->tcp_port(), "ca", "127.0.0.1"), "welcome by tls");
}

TEST_F(AgentTls, AnotherCaIsNotTrusted) {
  make_ca("other");
  ASSERT_TRUE(serve("good"));
  std::string heard = greet("other");
  EXPECT_NE(heard.find("is not trusted"), heard.npos) << heard;
  EXPECT_NE(heard.find("hint:"), heard.npos) << heard;
}

TEST_F(AgentTls, AnExpiredCertificateIsNotTrusted) {
  make_certificate("expired", "ca", "DNS:localhost", -1);
  ASSERT_TRUE(serve("expired"));
  std::string heard = greet("ca");
  EXPECT_NE(heard.find("is not trusted"), heard.npos) << heard;
  EXPECT_NE(heard.find("expired"), heard.npos) << heard;
}

TEST_F(AgentTls, ACertificateForAnotherNameIsNotTaken) {
  make_certificate("elsewhere", "ca", "DNS:elsewhere.example", 2);
  ASSERT_TRUE(serve("elsewhere"));
  std::string heard = greet("ca");
  EXPECT_NE(heard.find("another name"), heard.npos) << heard;
  EXPECT_NE(heard.find("hint:"), heard.npos) << heard;
}

TEST_F(AgentTls, OneSideWithoutTlsIsTold) {
  ASSERT_TRUE(serve("good"));
  std::string heard = greet("");
  EXPECT_NE(heard.find("hint: the server may want TLS: --tls-ca"), heard.npos) << heard;
  ASSERT_TRUE(serve(""));
  heard = greet("ca");
  EXPECT_NE(heard.find("does not speak TLS"), heard.npos) << heard;
}

TEST_F(AgentTls, FilesThatCannotBeUsedAreNamedAndNothingGoesInPlain) {
  EXPECT_FALSE(serve("missing"));
  ASSERT_TRUE(write_file(file("junk.pem"), "junk"));
  ASSERT_TRUE(write_file(file("junk.key"), "junk"));
  auto served = serve("junk");
  ASSERT_FALSE(served) << "it must not listen without TLS instead";
  EXPECT_NE(served.error().text().find("junk.pem"), std::string::npos) << served.error().text();
  make_certificate("another", "ca", "DNS:localhost", 2);
  fs::copy_file(file("good.key"), file("another.key"), fs::copy_options::overwrite_existing);
  served = serve("another");
  ASSERT_FALSE(served) << "the key is of another certificate";
  EXPECT_NE(served.error().text().find("another.pem"), std::string::npos) << served.error().text();
  EXPECT_EQ(service_, nullptr);
  std::string heard = greet(1, "missing");
  EXPECT_NE(heard.find("missing.pem"), heard.npos) << heard;
  heard = greet(1, "junk");
  EXPECT_NE(heard.find("junk.pem"), heard.npos) << heard;
}

// A listener that only writes down what a client says first.
TEST_F(AgentTls, TheSecretNeverTravelsInPlain) {
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  auto heard = std::async(std::launch::async, [&] {
    Fd client(accept(listener.get(), nullptr, nullptr));
    std::string bytes(4096, '\0');
    ssize_t got = read(client.get(), bytes.data(), bytes.size());
    bytes.resize(size_t(std::max<ssize_t>(got, 0)));
    std::string nonsense = "HTTP/1.0 400 no\r\n\r\n";  // ends the client's handshake
    (void)!write(client.get(), nonsense.data(), nonsense.size());
    return bytes;
  });
  (void)greet(ntohs(address.sin_port), "ca");
  std::string bytes = heard.get();
  ASSERT_GE(bytes.size(), 3u);
  EXPECT_EQ(bytes.substr(0, 2), "\x16\x03") << "a TLS handshake";
  EXPECT_EQ(bytes.find(kSecret), bytes.npos);
}

// The real program, as it is told on its command line.
TEST_F(AgentTls, TheAgentProgramConnects) {
  ASSERT_TRUE(serve("good"));
  ASSERT_TRUE(make_folder(file("agent"), 0700));
  ASSERT_TRUE(write_file(file("agent/secret"), kSecret));
  ChildSpec spec;
  spec.program = fs::path(LEOFLOW_BINARY_DIR) / "bin" / "leoflow-agent";
  spec.arguments = {"node",
                    "--home",
                    folder_,
                    "--server",
                    "localhost:" + std::to_string(service_->tcp_port()),
                    "--python-dir",
                    fs::path(LEOFLOW_SOURCE_DIR) / "python",
                    "--tls-ca",
                    file("ca.pem"),
                    "--detach"};
  auto ran = run_child(std::move(spec));
  ASSERT_TRUE(ran && ran->ok());
  EXPECT_TRUE(server_.wait([&] { return server_.connections == 1; }));
  if (auto live = find_live_agent(folder_)) kill(pid_t(live->pid), SIGKILL);
}

}  // namespace
}  // namespace leoflow
