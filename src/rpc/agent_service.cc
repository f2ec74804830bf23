// SPDX-License-Identifier: Apache-2.0
#include "rpc/agent_service.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <atomic>
#include <future>

#include "base/batch_queue.h"
#include "base/crypto.h"
#include "base/log.h"
#include "leoflow_agent.grpc.pb.h"
#include "model/pod_contract.h"
#include "rpc/agent_listeners.h"
#include "rpc/agent_sessions.h"
#include "rpc/certificates.h"
#include "rpc/fetch_stream.h"
#include "rpc/grpc_status.h"
#include "rpc/pod_calls.h"
#include "rpc/unary_calls.h"

namespace leoflow {

namespace {

constexpr int kMessageBytesMax = 256 << 20;
constexpr auto kShutdownTime = std::chrono::milliseconds(500);

// One session of an agent. gRPC calls arrive on its threads and are handed to the loop; deleted
// after OnDone.
class SessionReactor : public grpc::ServerBidiReactor<wire::AgentMessages, wire::ServerMessages>,
                       public SessionPeer {
 public:
  SessionReactor(std::shared_ptr<LoopThread> thread, AgentSessions& sessions, bool same_host)
      : thread_(std::move(thread)), sessions_(sessions), same_host_(same_host) {
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    thread_->loop().post([this, ok] {
      if (!ok) return finish(grpc::Status::OK);
      for (auto& message : incoming_.messages()) {
        if (!finished_) sessions_.on_message(*this, message);
      }
      if (!finished_) StartRead(&incoming_);
    });
  }
  void OnWriteDone(bool ok) override {
    thread_->loop().post([this, ok] {
      queue_.written();
      if (ok) write_next();
    });
  }
  void OnCancel() override {
    thread_->loop().post([this] { finish(grpc::Status::CANCELLED); });
  }
  void OnDone() override {
    auto thread = thread_;
    thread->loop().post(
        [self = std::unique_ptr<SessionReactor>(this)] { self->sessions_.on_closed(*self); });
  }

  void send(const wire::ServerMessage& message) override {
    if (finished_) return;
    queue_.push(message);
    if (queue_.messages() > kSessionMessagesMax)
      return finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "the agent reads too slowly"});
    if (flush_posted_) return;
    flush_posted_ = true;
    thread_->loop().post([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.lock()) return;
      flush_posted_ = false;
      write_next();
    });
  }
  void close(const Error& reason) override {
    bool unauthenticated = reason.code() == Code::unauthenticated;
    finish({unauthenticated ? grpc::StatusCode::UNAUTHENTICATED : grpc::StatusCode::ABORTED,
            reason.message()});
  }
  bool same_host() const override { return same_host_; }

 private:
  // At the end of the loop's turn, with all that was sent in it.
  void write_next() {
    if (finished_) return;
    if (auto* batch = queue_.begin()) StartWrite(batch);
  }
  void finish(const grpc::Status& status) {
    if (finished_) return;
    finished_ = true;
    Finish(status);
  }

  std::shared_ptr<LoopThread> thread_;  // outlives the service if gRPC is slow to let go
  AgentSessions& sessions_;
  bool same_host_;
  bool finished_ = false;  // the rest: loop's thread
  wire::AgentMessages incoming_;
  BatchQueue<wire::ServerMessages, wire::ServerMessage> queue_;
  bool flush_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class Service : public wire::AgentService::CallbackService {
 public:
  Service(std::shared_ptr<LoopThread> thread, AgentSessions& sessions, UnaryCalls& calls,
          PodCalls& pods)
      : thread_(std::move(thread)), sessions_(sessions), calls_(calls), pods_(pods) {}

  grpc::ServerBidiReactor<wire::AgentMessages, wire::ServerMessages>* Session(
      grpc::CallbackServerContext* context) override {
    return new SessionReactor(thread_, sessions_, context->peer().starts_with("unix:"));
  }
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* Bootstrap(Context* context, const wire::BootstrapRequest* request,
                     wire::BootstrapReply* reply) override {
    auto* reactor = context->DefaultReactor();
    bool taken = calls_.enqueue([this, reactor, request, reply] {
      reactor->Finish(to_grpc(pods_.bootstrap(*request, *reply)));
    });
    if (!taken) reactor->Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is busy"));
    return reactor;
  }
  grpc::ServerWriteReactor<wire::FetchChunk>* Fetch(Context* context,
                                                    const wire::FetchRequest* request) override {
    if (fetches_->fetch_add(1) >= kFetchesMax) {
      --*fetches_;
      return refuse_fetch(Error(Code::unavailable, "the server is busy"));
    }
    auto open = [this, agent = metadata(*context, "leoflow-agent"),
                 secret = metadata(*context, "leoflow-agent-secret"),
                 hash = request->hash()] { return pods_.archive(agent, secret, hash); };
    auto run = [this](std::function<void()> step) { return calls_.enqueue(std::move(step)); };
    return start_fetch(std::move(run), std::move(open), [fetches = fetches_] { --*fetches; });
  }
  Reactor* Claim(Context* context, const wire::ClaimRequest* request,
                 wire::ClaimReply* reply) override {
    return run(context, request, reply, &UnaryCalls::claim);
  }
  Reactor* PullXCom(Context* context, const wire::PullXComRequest* request,
                    wire::PullXComReply* reply) override {
    return run(context, request, reply, &UnaryCalls::pull_xcom);
  }
  Reactor* GetVariable(Context* context, const wire::GetVariableRequest* request,
                       wire::GetVariableReply* reply) override {
    return run(context, request, reply, &UnaryCalls::get_variable);
  }
  Reactor* SetVariable(Context* context, const wire::SetVariableRequest* request,
                       wire::Empty* reply) override {
    return run(context, request, reply, &UnaryCalls::set_variable);
  }
  Reactor* DeleteVariable(Context* context, const wire::DeleteVariableRequest* request,
                          wire::Empty* reply) override {
    return run(context, request, reply, &UnaryCalls::delete_variable);
  }
  Reactor* GetConnection(Context* context, const wire::GetConnectionRequest* request,
                         wire::GetConnectionReply* reply) override {
    return run(context, request, reply, &UnaryCalls::get_connection);
  }
  Reactor* PreviousRun(Context* context, const wire::PreviousRunRequest* request,
                       wire::PreviousRunReply* reply) override {
    return run(context, request, reply, &UnaryCalls::previous_run);
  }
  Reactor* QueryAssets(Context* context, const wire::QueryAssetsRequest* request,
                       wire::QueryAssetsReply* reply) override {
    return run(context, request, reply, &UnaryCalls::query_assets);
  }

 private:
  static std::string metadata(const Context& context, const char* name) {
    auto found = context.client_metadata().find(name);
    if (found == context.client_metadata().end()) return {};
    return {found->second.data(), found->second.size()};
  }

  template <typename Request, typename Reply>
  Reactor* run(Context* context, const Request* request, Reply* reply,
               Status (UnaryCalls::*call)(const std::string&, const Request&, Reply&)) {
    auto* reactor = context->DefaultReactor();
    std::string text = metadata(*context, "leoflow-attempt-token");
    // Not by way of `this`: g++ 12 with sanitizers calls `call` on another object then.
    auto run = [&calls = calls_, reactor, request, reply, call, text = std::move(text)] {
      reactor->Finish(to_grpc((calls.*call)(text, *request, *reply)));
    };
    bool taken = calls_.enqueue(std::move(run));
    if (!taken) reactor->Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is busy"));
    return reactor;
  }

  std::shared_ptr<LoopThread> thread_;
  AgentSessions& sessions_;
  UnaryCalls& calls_;
  PodCalls& pods_;
  // Counted down by streams that gRPC may end after the service is gone.
  std::shared_ptr<std::atomic<int>> fetches_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace

struct AgentService::Impl {
  Impl(AgentServiceOptions given, ExecutorListener& listener, ClaimProvider& provider,
       LogSink& sink)
      : options(std::move(given)),
        thread(options.thread ? options.thread : std::make_shared<LoopThread>("rpc")),
        sessions(thread, options, listener, provider, sink),
        calls(provider, options.token_key,
              [this](AttemptId attempt) {
                thread->loop().post([this, attempt] { sessions.forget_assignment(attempt); });
              }),
        pods(options, provider),
        service(thread, sessions, calls, pods) {}

  // What expires while the server runs is renewed; gRPC reads the files again.
  void watch_certificates() {
    certificate_timer = thread->loop().after(kCertificateCheckEvery, [this] {
      auto renewed = ensure_certificates(options.tls_folder, options.tls_names, clock.now());
      if (!renewed) log::error(renewed.error().message());
      watch_certificates();
    });
  }

  // Sessions end; no call of ours comes to the loop afterwards but from what gRPC lets go late.
  void close_sessions() {
    std::promise<void> closed;
    thread->loop().post([&] {
      sessions.set_observer(nullptr);
      sessions.close_all();
      if (certificate_timer) thread->loop().cancel(certificate_timer);
      closed.set_value();
    });
    closed.get_future().wait();
  }

  bool connected(const std::string& agent) const {
    auto names = sessions.connected();
    return std::find(names.begin(), names.end(), agent) != names.end();
  }
  bool send(const std::string& agent, wire::ServerMessage message) {
    if (!connected(agent)) return false;
    thread->loop().post(
        [this, agent, message = std::move(message)] { sessions.send(agent, message); });
    return true;
  }

  AgentServiceOptions options;
  std::shared_ptr<LoopThread> thread;  // see AgentSessions
  AgentSessions sessions;
  SystemClock clock;
  UnaryCalls calls;
  PodCalls pods;
  Service service;
  std::unique_ptr<grpc::Server> server;
  int tcp_port = 0;
  Loop::TimerId certificate_timer = 0;  // loop's thread
  bool stopped = false;
};

AgentService::AgentService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AgentService::~AgentService() { stop(); }

Result<std::unique_ptr<AgentService>> AgentService::start(AgentServiceOptions options,
                                                          ExecutorListener& listener,
                                                          ClaimProvider& provider, LogSink& sink) {
  crypto_init();
  auto made = std::make_unique<Impl>(std::move(options), listener, provider, sink);
  auto service = std::unique_ptr<AgentService>(new AgentService(std::move(made)));
  Impl& impl = *service->impl_;
  auto& chosen = impl.options;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.RegisterService(&impl.service);
  // The pings that probe a connection's bandwidth wake both ends; on this host there is none.
  if (chosen.tcp_address.empty()) builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  if (!chosen.socket.empty()) {
    if (auto folder = make_folder(chosen.socket.parent_path(), 0700); !folder) return fail(folder);
    chmod(chosen.socket.parent_path().c_str(), 0700);
    std::error_code ignored;
    fs::remove(
        chosen.socket,
        ignored);  // left by a server that was killed; the home's lock keeps a second one out
    builder.AddListeningPort("unix:" + chosen.socket.string(), grpc::InsecureServerCredentials());
  }
  if (!chosen.tcp_address.empty()) {
    auto credentials = tcp_credentials(chosen, impl.clock.now());
    if (!credentials) return fail(credentials);
    builder.AddListeningPort(chosen.tcp_address, *credentials, &impl.tcp_port);
  }
  impl.server = builder.BuildAndStart();
  bool bound = impl.server && (chosen.socket.empty() || fs::exists(chosen.socket)) &&
               (chosen.tcp_address.empty() || impl.tcp_port > 0);
  if (!bound) {
    return fail(Code::unavailable,
                "cannot listen for agents on " +
                    (chosen.socket.empty() ? chosen.tcp_address : chosen.socket.string()),
                chosen.tls_certificate.empty() ? ""
                                               : "is the port free, and does " + chosen.tls_key +
                                                     " belong to " + chosen.tls_certificate + "?");
  }
  if (makes_certificates(chosen)) impl.thread->loop().post([&impl] { impl.watch_certificates(); });
  return service;
}

void AgentService::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  impl_->close_sessions();
  if (impl_->server) impl_->server->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  impl_->calls.stop();
  if (impl_->server) impl_->server->Wait();
  if (!impl_->options.thread) impl_->thread->stop_and_join();
}

int AgentService::tcp_port() const { return impl_->tcp_port; }

CertificateFiles AgentService::certificates() const {
  if (!makes_certificates(impl_->options)) return {};
  return certificates_in(impl_->options.tls_folder);
}

bool AgentService::assign(const std::string& agent, const WorkItem& item) {
  if (!impl_->sessions.takes_work(agent)) return false;
  // What cannot be filled is told when the agent asks.
  auto claim = std::make_shared<wire::ClaimReply>();
  if (!impl_->calls.fill_claim(item.attempt, pod::is_pod_agent(agent), *claim)) claim = nullptr;
  impl_->thread->loop().post([this, agent, item, claim = std::move(claim)] {
    impl_->sessions.assign(agent, item, claim.get());
  });
  return true;
}

bool AgentService::cancel(const std::string& agent, AttemptId attempt, CancelReason reason) {
  wire::ServerMessage message;
  message.mutable_cancel()->set_attempt(attempt.value);
  message.mutable_cancel()->set_reason(std::string(to_string(reason)));
  return impl_->send(agent, std::move(message));
}

void AgentService::acknowledge(AttemptId attempt) {
  impl_->thread->loop().post([this, attempt] { impl_->sessions.acknowledge(attempt); });
}

bool AgentService::warm(const std::string& agent, const std::string& environment_json) {
  wire::ServerMessage message;
  message.mutable_warm()->set_environment_json(environment_json);
  return impl_->send(agent, std::move(message));
}

void AgentService::retire(const std::string& agent, const std::string& reason) {
  impl_->thread->loop().post([this, agent, reason] { impl_->sessions.retire(agent, reason); });
}

void AgentService::staging_full(const std::string& agent, AttemptId attempt,
                                const std::string& text) {
  wire::ServerMessage message;
  message.mutable_staging_full()->set_attempt(attempt.value);
  message.mutable_staging_full()->set_message(text);
  impl_->send(agent, std::move(message));
}

std::vector<AgentFacts> AgentService::agents() const { return impl_->sessions.agents(); }

std::vector<std::string> AgentService::connected_agents() const {
  return impl_->sessions.connected();
}

void AgentService::resync() {
  impl_->thread->loop().post(
      [this] { impl_->sessions.end_sessions("the server asks for a new hello"); });
}

void AgentService::observe(AgentObserver* observer) {
  if (impl_->stopped) return;
  std::promise<void> set;
  impl_->thread->loop().post([&] {
    impl_->sessions.set_observer(observer);
    set.set_value();
  });
  set.get_future().wait();
}

}  // namespace leoflow
