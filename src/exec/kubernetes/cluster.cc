// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/cluster.h"

#include <future>

namespace leoflow::kube {

Result<std::unique_ptr<Cluster>> Cluster::connect(ClusterAccess access, const Clock& clock,
                                                  ApiClient::Options options) {
  auto cluster = std::unique_ptr<Cluster>(new Cluster());
  auto api = ApiClient::create(cluster->loop(), std::move(access), clock, std::move(options));
  if (!api) return fail(api);
  cluster->api_ = std::move(*api);
  return cluster;
}

Cluster::~Cluster() { stop(); }

void Cluster::stop() {
  if (stopped_.exchange(true)) return;
  thread_.stop_and_join();
  api_.reset();
}

void Cluster::run(std::function<void()> task) {
  std::promise<void> done;
  loop().post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

ApiResult<json::object> Cluster::call(std::function<void(ApiClient&, ApiClient::Reply)> begin) {
  auto failed = [](Code code, const char* message) {
    return std::unexpected(ApiFailure{Error(code, message), 0, {}, std::nullopt});
  };
  if (stopped_) return failed(Code::unavailable, "the server is stopping");
  // Shared: a reply may come after the wait.
  auto promise = std::make_shared<std::promise<ApiResult<json::object>>>();
  auto future = promise->get_future();
  loop().post([this, promise, begin = std::move(begin)] {
    begin(*api_,
          [promise](ApiResult<json::object> result) { promise->set_value(std::move(result)); });
  });
  promise.reset();
  if (future.wait_for(kBlockingCallMax) != std::future_status::ready)
    return failed(Code::timeout, "the Kubernetes API did not answer in time");
  return future.get();
}

}  // namespace leoflow::kube
