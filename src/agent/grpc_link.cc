// SPDX-License-Identifier: Apache-2.0
#include "agent/grpc_link.h"

#include <grpcpp/grpcpp.h>

#include "agent/grpc_errors.h"
#include "base/batch_queue.h"
#include "leoflow_agent.grpc.pb.h"

namespace leoflow {

namespace {

constexpr auto kCallTimeout = std::chrono::seconds(30);

// One session. Its own hold keeps it valid for the loop until leave(); gRPC's OnDone deletes it.
class SessionReactor : public grpc::ClientBidiReactor<wire::AgentMessages, wire::ServerMessages> {
 public:
  struct Events {
    Loop& loop;
    std::function<void(SessionReactor*, const wire::ServerMessages&)>
        on_messages;  // on the loop, like the rest
    std::function<void(SessionReactor*, bool ok)> on_written;
    std::function<void(SessionReactor*, const Error&)> on_done;
  };
  SessionReactor(Events& events, std::shared_ptr<grpc::Channel> channel)
      : events_(events), stub_(wire::AgentService::NewStub(std::move(channel))) {
    stub_->async()->Session(&context_, this);
    AddHold();
    StartRead(&incoming_);
    StartCall();
  }
  // Loop: the batch must stay valid until on_written. Nothing once we have left: gRPC may have
  // freed the call, and on_done is on its way.
  void write(const wire::AgentMessages* batch) {
    if (!left_) StartWrite(batch);
  }
  void read() {
    if (!left_) StartRead(&incoming_);
  }
  // Loop: the last call to it.
  void leave() {
    if (left_) return;
    left_ = true;
    context_.TryCancel();
    RemoveHold();
  }

  void OnReadDone(bool ok) override {
    events_.loop.post([this, ok] {
      if (left_) return;
      if (!ok) return leave();
      events_.on_messages(this, incoming_);
    });
  }
  void OnWriteDone(bool ok) override {
    events_.loop.post([this, ok] { events_.on_written(this, ok); });
  }
  void OnDone(const grpc::Status& status) override {
    events_.loop.post([this, reason = status.ok()
                                          ? Error(Code::unavailable, "the server ended the session")
                                          : from_grpc(status)] {
      events_.on_done(this, reason);
      delete this;
    });
  }

 private:
  Events& events_;
  std::unique_ptr<wire::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  wire::ServerMessages incoming_;
  bool left_ = false;  // loop's thread only
};

class GrpcLink : public ServerLink {
 public:
  GrpcLink(Loop& loop, std::shared_ptr<ServerChannel> server)
      : loop_(loop), server_(std::move(server)) {}

  ~GrpcLink() override { close(); }

  void open(ServerLinkListener& listener) override {
    listener_ = &listener;
    channel_ = server_->get();
    session_ = new SessionReactor(events_, channel_);  // deletes itself when gRPC is done with it
  }
  void close() override {
    if (session_) session_->leave();
    session_ = nullptr;
    queue_.clear();
    server_->give_up(channel_);  // who listens there did not answer
  }
  // Written at the end of the loop's turn, with what else is sent in it.
  void send(const wire::AgentMessage& message) override {
    if (!session_) return;
    queue_.push(message);
    if (flush_posted_) return;
    flush_posted_ = true;
    loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.lock()) return;
      flush_posted_ = false;
      write_next();
    });
  }
  size_t queued_bytes() const override { return queue_.bytes(); }

  void claim(const std::string& token, const wire::ClaimRequest& request,
             CallDone<wire::ClaimReply> done) override {
    call(token, request, std::move(done), [](auto async, auto... rest) { async->Claim(rest...); });
  }
  void pull_xcom(const std::string& token, const wire::PullXComRequest& request,
                 CallDone<wire::PullXComReply> done) override {
    call(token, request, std::move(done),
         [](auto async, auto... rest) { async->PullXCom(rest...); });
  }
  void get_variable(const std::string& token, const wire::GetVariableRequest& request,
                    CallDone<wire::GetVariableReply> done) override {
    call(token, request, std::move(done),
         [](auto async, auto... rest) { async->GetVariable(rest...); });
  }
  void set_variable(const std::string& token, const wire::SetVariableRequest& request,
                    CallDone<wire::Empty> done) override {
    call(token, request, std::move(done),
         [](auto async, auto... rest) { async->SetVariable(rest...); });
  }
  void delete_variable(const std::string& token, const wire::DeleteVariableRequest& request,
                       CallDone<wire::Empty> done) override {
    call(token, request, std::move(done),
         [](auto async, auto... rest) { async->DeleteVariable(rest...); });
  }
  void get_connection(const std::string& token, const wire::GetConnectionRequest& request,
                      CallDone<wire::GetConnectionReply> done) override {
    call(token, request, std::move(done),
         [](auto async, auto... rest) { async->GetConnection(rest...); });
  }
  void query_assets(const std::string& token, const wire::QueryAssetsRequest& request,
                    CallDone<wire::QueryAssetsReply> done) override {
    call(token, request, std::move(done),
         [](auto async, auto... rest) { async->QueryAssets(rest...); });
  }

 private:
  template <typename Request, typename Reply, typename Start>
  void call(const std::string& token, const Request& request, CallDone<Reply> done, Start start) {
    if (!channel_) {
      loop_.post([done = std::move(done)] { done(fail(Code::unavailable, "no server yet")); });
      return;
    }
    struct Call {
      std::unique_ptr<wire::AgentService::Stub> stub;
      grpc::ClientContext context;
      Request request;
      std::shared_ptr<Reply> reply = std::make_shared<Reply>();
      CallDone<Reply> done;
    };
    auto* made =
        new Call{wire::AgentService::NewStub(channel_), {}, request};  // ends with its callback
    made->done = std::move(done);
    made->context.AddMetadata("leoflow-attempt-token", token);
    made->context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    std::function<void(grpc::Status)> finished = [this, made](const grpc::Status& status) {
      loop_.post([made, status] {
        made->done(status.ok() ? Result<std::shared_ptr<Reply>>(made->reply)
                               : fail(from_grpc(status)));
        delete made;
      });
    };
    start(made->stub->async(), &made->context, &made->request, made->reply.get(),
          std::move(finished));
  }

  void write_next() {
    if (!session_) return;
    if (auto* batch = queue_.begin()) session_->write(batch);
  }
  void on_messages(SessionReactor* from, const wire::ServerMessages& batch) {
    for (auto& message : batch.messages()) {
      if (from != session_) return;
      listener_->on_message(message);
    }
    if (from == session_) from->read();
  }
  void on_written(SessionReactor* from, bool ok) {
    if (from != session_ || !ok) return;  // its end follows
    bool was_full = queue_.bytes() >= kLinkQueueBytes;
    queue_.written();
    write_next();
    if (was_full && queue_.bytes() < kLinkQueueBytes) listener_->on_writable();
  }
  void on_done(SessionReactor* from, const Error& reason) {
    if (from != session_) return;
    session_ = nullptr;
    queue_.clear();
    server_->give_up(channel_);
    listener_->on_disconnected(explain(reason, server_->options()));
  }

  Loop& loop_;
  const std::shared_ptr<ServerChannel> server_;
  std::shared_ptr<grpc::Channel> channel_;  // of the session
  ServerLinkListener* listener_ = nullptr;
  SessionReactor* session_ = nullptr;
  BatchQueue<wire::AgentMessages, wire::AgentMessage> queue_;
  bool flush_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  SessionReactor::Events events_{
      loop_, [this](auto* from, auto& batch) { on_messages(from, batch); },
      [this](auto* from, bool ok) { on_written(from, ok); },
      [this](auto* from, const Error& reason) { on_done(from, reason); }};
};

}  // namespace

std::unique_ptr<ServerLink> make_grpc_link(Loop& loop, std::shared_ptr<ServerChannel> channel) {
  return std::make_unique<GrpcLink>(loop, std::move(channel));
}

}  // namespace leoflow
