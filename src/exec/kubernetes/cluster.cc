// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/cluster.h"

namespace leoflow::kube {
namespace {

std::unexpected<ApiFailure> failed(Code code, const char* message) {
  return std::unexpected(ApiFailure{Error(code, message), 0, {}, std::nullopt});
}

std::unexpected<ApiFailure> stopping() {
  return failed(Code::unavailable, "the server is stopping");
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::connect(ClusterAccess access, const Clock& clock,
                                                  ApiClient::Options options) {
  auto cluster = std::unique_ptr<Cluster>(new Cluster());
  auto api = ApiClient::create(cluster->loop(), std::move(access), clock, std::move(options));
  if (!api) return fail(api);
  cluster->api_ = std::move(*api);
  return cluster;
}

Cluster::~Cluster() { stop(); }

void Cluster::refuse_calls() {
  auto calls = waiting_.with([](Waiting& waiting) {
    waiting.refused = true;
    return std::exchange(waiting.calls, {});
  });
  for (auto& call : calls) call->set_value(stopping());
}

void Cluster::stop() {
  if (stopped_.exchange(true)) return;
  refuse_calls();
  thread_->stop_and_join();
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

bool Cluster::take(const std::shared_ptr<Answer>& call) {
  return waiting_.with([&](Waiting& waiting) { return waiting.calls.erase(call) > 0; });
}

ApiResult<json::object> Cluster::call(std::function<void(ApiClient&, ApiClient::Reply)> begin) {
  auto call = std::make_shared<Answer>();  // a reply may come after the wait
  auto answer = call->get_future();
  bool refused = waiting_.with([&](Waiting& waiting) {
    if (!waiting.refused) waiting.calls.insert(call);
    return waiting.refused;
  });
  if (refused) return stopping();
  loop().post([this, call, begin = std::move(begin)] {
    begin(*api_, [this, call](ApiResult<json::object> result) {
      if (take(call)) call->set_value(std::move(result));
    });
  });
  if (answer.wait_for(kBlockingCallMax) != std::future_status::ready && take(call))
    return failed(Code::timeout, "the Kubernetes API did not answer in time");
  return answer.get();
}

}  // namespace leoflow::kube
