// SPDX-License-Identifier: Apache-2.0
#include "rpc/fetch_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "leoflow_agent.pb.h"
#include "rpc/grpc_status.h"

namespace leoflow {
namespace {

namespace wire = agent::v1;

class FetchStream : public grpc::ServerWriteReactor<wire::FetchChunk> {
 public:
  FetchStream(RunOnWorker run, std::function<Result<fs::path>()> open, std::function<void()> ended)
      : run_(std::move(run)), open_(std::move(open)), ended_(std::move(ended)) {
    next([this] { begin(); });
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    next([this] { send(); });
  }
  void OnDone() override {
    auto ended = std::move(ended_);
    delete this;
    ended();
  }

 private:
  void next(std::function<void()> step) {
    if (!run_(std::move(step))) Finish({grpc::StatusCode::UNAVAILABLE, "the server is busy"});
  }
  void begin() {
    auto path = open_();
    if (!path) return Finish(to_grpc(fail(path)));
    file_ = Fd(::open(path->c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file_ || fstat(file_.get(), &status) != 0)
      return Finish(to_grpc(fail(from_errno("open", path->string()))));
    chunk_.set_total_bytes(status.st_size);
    send();
  }
  void send() {
    std::string& data = *chunk_.mutable_data();
    data.resize(kFetchChunkBytes);
    ssize_t count = -1;
    do {
      count = read(file_.get(), data.data(), data.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) return Finish(to_grpc(fail(from_errno("read", "an archive"))));
    if (count == 0) return Finish(grpc::Status::OK);
    data.resize(size_t(count));
    StartWrite(&chunk_);  // sent whole before OnWriteDone
  }

  RunOnWorker run_;
  std::function<Result<fs::path>()> open_;
  std::function<void()> ended_;
  Fd file_;
  wire::FetchChunk chunk_;
};

class Refusal : public grpc::ServerWriteReactor<wire::FetchChunk> {
 public:
  explicit Refusal(const Error& error) { Finish(to_grpc(fail(error))); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<wire::FetchChunk>* start_fetch(RunOnWorker run,
                                                        std::function<Result<fs::path>()> open,
                                                        std::function<void()> ended) {
  return new FetchStream(std::move(run), std::move(open), std::move(ended));
}

grpc::ServerWriteReactor<wire::FetchChunk>* refuse_fetch(const Error& error) {
  return new Refusal(error);
}

}  // namespace leoflow
