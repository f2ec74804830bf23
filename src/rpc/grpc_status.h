// SPDX-License-Identifier: Apache-2.0
// Errors of ours as gRPC says them.
#pragma once

#include <grpcpp/support/status.h>

#include "base/error.h"

namespace leoflow {

grpc::Status to_grpc(const Status& status);

}  // namespace leoflow
