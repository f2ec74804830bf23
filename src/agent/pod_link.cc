// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_link.h"

#include <grpcpp/grpcpp.h>

#include "agent/grpc_errors.h"
#include "agent/server_link.h"
#include "base/version.h"
#include "leoflow_agent.grpc.pb.h"

namespace leoflow {
namespace {

class GrpcPodLink : public PodLink {
 public:
  explicit GrpcPodLink(std::shared_ptr<ServerChannel> server) : server_(std::move(server)) {}

  Result<PodAdmittance> bootstrap(const PodSelf& self) override {
    auto channel = server_->get();
    auto stub = wire::AgentService::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kBootstrapCallTime);
    wire::BootstrapRequest request;
    request.set_token(self.token);
    request.set_place(self.place);
    request.set_pod_name(self.pod_name);
    request.set_pod_uid(self.pod_uid);
    request.set_nonce(self.nonce);
    request.set_version(kVersion);
    wire::BootstrapReply reply;
    auto status = stub->Bootstrap(&context, request, &reply);
    if (!status.ok()) return fail(failed(status, channel));
    PodAdmittance admitted{reply.session_secret()};
    if (reply.has_warm() && reply.warm().has_sources()) {
      admitted.environment_json = reply.warm().environment_json();
      admitted.sources = read_sources(reply.warm().sources());
    }
    return admitted;
  }

  Status fetch(const std::string& agent, const std::string& secret, const std::string& hash,
               const std::function<Status(std::string_view)>& take) override {
    auto channel = server_->get();
    auto stub = wire::AgentService::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kFetchCallTime);
    context.AddMetadata("leoflow-agent", agent);
    context.AddMetadata("leoflow-agent-secret", secret);
    wire::FetchRequest request;
    request.set_hash(hash);
    auto reader = stub->Fetch(&context, request);
    wire::FetchChunk chunk;
    Status taken;
    while (taken && reader->Read(&chunk)) taken = take(chunk.data());
    if (!taken) context.TryCancel();
    auto status = reader->Finish();
    if (!taken) return taken;
    return status.ok() ? Status{} : fail(failed(status, channel));
  }

 private:
  Error failed(const grpc::Status& status, const std::shared_ptr<grpc::Channel>& channel) {
    Error error = from_grpc(status);
    if (error.code() == Code::unavailable || error.code() == Code::timeout)
      server_->give_up(channel);
    return explain(error, server_->options());
  }

  const std::shared_ptr<ServerChannel> server_;
};

}  // namespace

std::unique_ptr<PodLink> make_pod_link(std::shared_ptr<ServerChannel> channel) {
  return std::make_unique<GrpcPodLink>(std::move(channel));
}

}  // namespace leoflow
