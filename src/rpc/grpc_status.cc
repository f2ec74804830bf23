// SPDX-License-Identifier: Apache-2.0
#include "rpc/grpc_status.h"

namespace leoflow {

grpc::Status to_grpc(const Status& status) {
  if (status) return grpc::Status::OK;
  auto code = grpc::StatusCode::INTERNAL;
  switch (status.error().code()) {
    case Code::invalid: code = grpc::StatusCode::INVALID_ARGUMENT; break;
    case Code::not_found: code = grpc::StatusCode::NOT_FOUND; break;
    case Code::exists: code = grpc::StatusCode::ALREADY_EXISTS; break;
    case Code::conflict: code = grpc::StatusCode::FAILED_PRECONDITION; break;
    case Code::unavailable:
    case Code::outcome_unknown:
    case Code::cancelled: code = grpc::StatusCode::UNAVAILABLE; break;
    case Code::timeout: code = grpc::StatusCode::DEADLINE_EXCEEDED; break;
    case Code::unauthenticated: code = grpc::StatusCode::UNAUTHENTICATED; break;
    case Code::denied: code = grpc::StatusCode::PERMISSION_DENIED; break;
    case Code::exhausted: code = grpc::StatusCode::RESOURCE_EXHAUSTED; break;
    case Code::internal: break;
  }
  return grpc::Status(code, status.error().text());
}

}  // namespace leoflow
