// SPDX-License-Identifier: Apache-2.0
#include "agent/grpc_errors.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "base/file.h"

namespace leoflow {
namespace {

constexpr int kMessageBytesMax = 256 << 20;
constexpr int kKeepaliveMs = 10'000;
// Of archives: the rest of the chunk is on its way while one part is unpacked.
constexpr int kLookaheadBytes = 4 << 20;
constexpr int kFrameBytesMax = 1 << 20;

Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(
    const GrpcLinkOptions& options) {
  std::string pem = options.tls_ca_pem;
  if (!options.tls_ca.empty()) {
    auto ca = read_file(options.tls_ca, 1 << 20);
    if (!ca) return fail(Code::invalid, "cannot read the CA file: " + ca.error().message());
    pem = std::move(*ca);
  }
  std::string where =
      options.tls_ca.empty() ? "the CA of the pod" : "the CA file " + options.tls_ca;
  bool wanted = !options.tls_ca.empty() || !options.tls_ca_pem.empty();
  if (wanted && pem.find("-----BEGIN CERTIFICATE-----") == pem.npos)
    return fail(Code::invalid, "no PEM certificate in " + where);
  if (!wanted) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = std::move(pem);
  return grpc::SslCredentials(ssl);
}

// A pool of its own: gRPC's reconnect backoff is longer than ours and shared between channels
// otherwise.
std::shared_ptr<grpc::Channel> make_channel(
    const std::string& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (server.starts_with("unix:")) {
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // its pings wake both ends
  } else {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kLookaheadBytes);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  }
  return grpc::CreateCustomChannel(server, credentials, arguments);
}

}  // namespace

Error from_grpc(const grpc::Status& status) {
  Code code = Code::internal;
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT: code = Code::invalid; break;
    case grpc::StatusCode::NOT_FOUND: code = Code::not_found; break;
    case grpc::StatusCode::ALREADY_EXISTS: code = Code::exists; break;
    case grpc::StatusCode::FAILED_PRECONDITION: code = Code::conflict; break;
    case grpc::StatusCode::PERMISSION_DENIED: code = Code::denied; break;
    case grpc::StatusCode::UNAUTHENTICATED: code = Code::unauthenticated; break;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: code = Code::exhausted; break;
    case grpc::StatusCode::DEADLINE_EXCEEDED: code = Code::timeout; break;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED: code = Code::unavailable; break;
    default: break;
  }
  return Error(code, status.error_message());
}

Error explain(const Error& error, const GrpcLinkOptions& options) {
  auto says = [&](std::string_view words) {
    return error.message().find(words) != std::string::npos;
  };
  if (says("certificate verify failed")) {
    return Error(
        Code::unavailable, "the TLS certificate of " + options.server + " is not trusted",
        "it has expired, or another CA signed it than " +
            (options.tls_ca.empty() ? "the pod was given" : "the one in " + options.tls_ca));
  }
  if (says("is not in peer certificate")) {
    return Error(Code::unavailable,
                 "the TLS certificate of " + options.server + " is for another name",
                 "dial the server by a name that its certificate holds");
  }
  if (says("wrong version number")) {
    return Error(Code::unavailable, options.server + " does not speak TLS",
                 "give the server a certificate, or dial the port that has one");
  }
  if (options.tls_ca.empty() && options.tls_ca_pem.empty() && says("failed to connect") &&
      says("Socket closed")) {
    return Error(Code::unavailable, options.server + " ended the connection at once",
                 "the server may want TLS: --tls-ca");
  }
  return error;
}

Result<std::shared_ptr<ServerChannel>> make_server_channel(GrpcLinkOptions options) {
  auto credentials = channel_credentials(options);
  if (!credentials) return fail(credentials);
  return std::make_shared<ServerChannel>(std::move(options), std::move(*credentials));
}

std::shared_ptr<grpc::Channel> ServerChannel::get() {
  return current_.with([&](auto& current) {
    if (!current) current = make_channel(options_.server, credentials_);
    return current;
  });
}

void ServerChannel::give_up(const std::shared_ptr<grpc::Channel>& failed) {
  current_.with([&](auto& current) {
    if (current == failed) current.reset();
  });
}

}  // namespace leoflow
