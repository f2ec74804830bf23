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
  GrpcPodLink(GrpcLinkOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials)
      : options_(std::move(options)), credentials_(std::move(credentials)) {}

  // A channel per call: calls are few, and one that failed says nothing about the next.
  Result<PodAdmittance> bootstrap(const PodSelf& self) override {
    auto stub = wire::AgentService::NewStub(make_channel(options_.server, credentials_));
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
    if (!status.ok()) return fail(explain(from_grpc(status), options_));
    PodAdmittance admitted{reply.session_secret()};
    if (reply.has_warm() && reply.warm().has_sources()) {
      admitted.environment_json = reply.warm().environment_json();
      admitted.sources = read_sources(reply.warm().sources());
    }
    return admitted;
  }

  Status fetch(const std::string& agent, const std::string& secret, const std::string& hash,
               const std::function<Status(std::string_view)>& take) override {
    auto stub = wire::AgentService::NewStub(make_channel(options_.server, credentials_));
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
    return status.ok() ? Status{} : fail(explain(from_grpc(status), options_));
  }

 private:
  GrpcLinkOptions options_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;  // gRPC's own handle
};

}  // namespace

Result<std::unique_ptr<PodLink>> make_pod_link(const GrpcLinkOptions& options) {
  auto credentials = channel_credentials(options);
  if (!credentials) return fail(credentials);
  return std::make_unique<GrpcPodLink>(options, std::move(*credentials));
}

}  // namespace leoflow
