// SPDX-License-Identifier: Apache-2.0
#include "api/auth/web.h"

#include <future>

#include "async/http_client.h"

namespace leoflow::api {
namespace {

class Web final : public WebPort {
 public:
  Status begin() {
    auto made = on_loop<Result<std::unique_ptr<HttpClient>>>(
        [this] { return HttpClient::create(thread_.loop()); });
    if (!made) return fail(made);
    client_ = std::move(*made);
    return {};
  }

  // The client belongs to its loop.
  ~Web() override {
    on_loop<bool>([this] { return client_.reset(), true; });
    thread_.stop_and_join();
  }

  Result<WebReply> fetch(const WebRequest& wanted) override {
    HttpRequest request{.url = wanted.url,
                        .body = wanted.form,
                        .timeout = wanted.timeout,
                        .body_bytes_max = wanted.body_bytes_max};
    for (const auto& [name, value] : wanted.headers) request.headers.push_back({name, value});
    if (!wanted.form.empty()) {
      request.method = "POST";
      request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    }
    auto answered = std::make_shared<std::promise<Result<HttpResponse>>>();
    auto answer = answered->get_future();
    thread_.loop().post([this, request = std::move(request), answered]() mutable {
      client_->send(std::move(request), [answered](Result<HttpResponse> reply) {
        answered->set_value(std::move(reply));
      });
    });
    auto reply = answer.get();
    if (!reply) return fail(reply);
    return WebReply{reply->status, std::move(reply->body)};
  }

 private:
  template <typename T>
  T on_loop(auto function) {
    std::promise<T> done;
    thread_.loop().post([&] { done.set_value(function()); });
    return done.get_future().get();
  }

  LoopThread thread_{"api-web"};
  std::unique_ptr<HttpClient> client_;
};

}  // namespace

Result<std::unique_ptr<WebPort>> make_web() {
  auto web = std::make_unique<Web>();
  if (auto begun = web->begin(); !begun) return fail(begun);
  return web;
}

}  // namespace leoflow::api
