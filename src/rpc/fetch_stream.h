// SPDX-License-Identifier: Apache-2.0
// Sends a file to an agent, a chunk at a time, as fast as the agent takes them.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>

#include "base/error.h"
#include "base/file.h"

namespace leoflow::agent::v1 {
class FetchChunk;
}

namespace leoflow {

constexpr size_t kFetchChunkBytes = 1024 * 1024;
constexpr int kFetchesMax = 128;  // streams at once; past it agents are told to try again

// Runs a function on a worker thread; false when it cannot be taken.
using RunOnWorker = std::function<bool(std::function<void()>)>;

// Deletes itself at its end, then calls `ended`. `open` is called on a worker and says which file,
// or why not.
grpc::ServerWriteReactor<agent::v1::FetchChunk>* start_fetch(RunOnWorker run,
                                                             std::function<Result<fs::path>()> open,
                                                             std::function<void()> ended);
// One that only tells an error.
grpc::ServerWriteReactor<agent::v1::FetchChunk>* refuse_fetch(const Error& error);

}  // namespace leoflow
