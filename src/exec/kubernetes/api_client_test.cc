// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/api_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <future>

#include "base/crypto.h"
#include "exec/kubernetes/fake_api_test.h"
#include "exec/kubernetes/watch_cache.h"

namespace leoflow::kube {
namespace {

class ApiClientTest : public testing::Test {
 protected:
  void TearDown() override {
    thread_.stop_and_join();
    cache_.reset();
    client_.reset();
  }
  template <typename Function>
  void on_loop(Function function) {
    std::promise<void> done;
    thread_.loop().post([&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }
  void make(ClusterAccess access) {
    on_loop([&] {
      auto made = ApiClient::create(thread_.loop(), std::move(access), clock_, {});
      ASSERT_TRUE(made) << made.error().text();
      client_ = std::move(*made);
    });
  }
  void make() { make(api_.access()); }
  template <typename Begin>
  ApiResult<json::object> wait(Begin begin) {
    if (!client_) make();
    std::promise<ApiResult<json::object>> promise;
    on_loop([&] {
      begin([&](ApiResult<json::object> result) { promise.set_value(std::move(result)); });
    });
    return promise.get_future().get();
  }
  ApiResult<json::object> create(const std::string& name) {
    std::string body = R"({"metadata":{"name":")" + name + R"(","labels":{"app":"x"}}})";
    return wait([&](auto reply) { client_->create(kPods, "flows", body, std::move(reply)); });
  }
  ApiResult<json::object> get(const std::string& name) {
    return wait([&](auto reply) { client_->get(kPods, "flows", name, std::move(reply)); });
  }
  ApiResult<json::object> remove(const std::string& name, DeleteOptions options = {}) {
    return wait(
        [&](auto reply) { client_->remove(kPods, "flows", name, options, std::move(reply)); });
  }

  FakeApi api_;
  SystemClock clock_;
  LoopThread thread_{"kube-test"};
  std::unique_ptr<ApiClient> client_;
  std::unique_ptr<WatchCache> cache_;
};

TEST_F(ApiClientTest, CreatesReadsChangesAndRemoves) {
  ASSERT_TRUE(create("a"));
  EXPECT_EQ(create("a").error().error.code(), Code::exists);
  auto read = get("a");
  ASSERT_TRUE(read);
  auto merged = wait([&](auto reply) {
    client_->merge(kPods, "flows", "a", R"({"metadata":{"labels":{"b":"c"}}})", std::move(reply));
  });
  ASSERT_TRUE(merged);
  EXPECT_EQ(json::string_or(merged->at("metadata").at("labels").as_object(), "b"), "c");
  auto applied = wait([&](auto reply) {
    client_->apply(kPods, "flows", "new", R"({"metadata":{"name":"new"}})", std::move(reply));
  });
  EXPECT_TRUE(applied);
  EXPECT_EQ(remove("a", {.uid = "other"}).error().error.code(), Code::conflict);
  EXPECT_TRUE(remove("a"));
  EXPECT_EQ(get("a").error().error.code(), Code::not_found);
}

TEST_F(ApiClientTest, ListsInChunks) {
  for (int i = 0; i < 1201; ++i) {
    std::string name = "p" + std::to_string(10'000 + i);
    api_.put("pods", {{"metadata", json::object{{"name", name}}}});
  }
  make();
  std::promise<ApiResult<std::string>> done;
  std::vector<size_t> pages;
  on_loop([&] {
    client_->list(
        kPods, {.namespace_name = "flows"},
        [&](json::array items) { pages.push_back(items.size()); },
        [&](ApiResult<std::string> version) { done.set_value(std::move(version)); });
  });
  ASSERT_TRUE(done.get_future().get());
  EXPECT_EQ(pages, (std::vector<size_t>{500, 500, 201}));
}

TEST_F(ApiClientTest, WaitsOutWhatTheServerCannotTake) {
  api_.inject({.of = "POST", .times = 2, .status = 429, .reason = "TooManyRequests"});
  EXPECT_TRUE(create("a"));
  api_.inject({.of = "GET", .times = 2, .status = 503});
  EXPECT_TRUE(get("a"));
  api_.inject({.of = "GET", .times = 1});
  EXPECT_TRUE(get("a"));
  EXPECT_EQ(api_.count("POST"), 3);
}

TEST_F(ApiClientTest, SaysWhenACreationMayHaveHappened) {
  api_.inject({.of = "POST", .status = 504, .reason = "Timeout", .done = true});
  EXPECT_EQ(create("a").error().error.code(), Code::outcome_unknown);
  api_.inject({.of = "POST", .done = true});
  EXPECT_EQ(create("b").error().error.code(), Code::outcome_unknown);
  EXPECT_EQ(api_.names(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(ApiClientTest, TellsAQuotaFromAMissingRight) {
  api_.inject({.of = "POST", .status = 403, .reason = "Forbidden", .message = "pods is forbidden"});
  EXPECT_EQ(create("a").error().error.code(), Code::denied);
  api_.inject({.of = "POST", .status = 403, .message = "exceeded quota: q, requested: pods=1"});
  auto refused = create("a");
  EXPECT_EQ(refused.error().error.code(), Code::exhausted);
  EXPECT_TRUE(refused.error().quota());
}

TEST_F(ApiClientTest, ReadsARenewedTokenWhenTheOldOneIsRefused) {
  crypto_init();
  fs::path file = fs::temp_directory_path() / ("leoflow-token-" + random_token(12));
  ASSERT_TRUE(write_file(file, "old\n"));
  std::deque<std::string> seen;
  TestHttpServer server([&](TestHttpServer::Call& call) {
    seen.push_back(call.headers["authorization"]);
    call.reply(seen.back() == "Bearer new" ? 200 : 401, "{}");
  });
  ClusterAccess access;
  access.server = server.url("");
  access.token_file = file;
  make(access);
  EXPECT_EQ(get("a").error().error.code(), Code::unauthenticated);
  ASSERT_TRUE(write_file(file, "new\n"));
  EXPECT_TRUE(get("a"));
  EXPECT_EQ(seen.back(), "Bearer new");
  EXPECT_TRUE(remove_tree(file));
}

class MovedClock : public Clock {
 public:
  Time now() const override { return at; }
  Time at = from_micros(1'700'000'000'000'000);
};

TEST_F(ApiClientTest, KeepsATokenWhoseFileCannotBeReadForAMoment) {
  crypto_init();
  fs::path file = fs::temp_directory_path() / ("leoflow-token-" + random_token(12));
  ASSERT_TRUE(write_file(file, "good"));
  MovedClock clock;
  LoopThread thread("credentials");
  ClusterAccess access;
  access.token_file = file;
  Credentials credentials(thread.loop(), access, clock, {});
  auto token = [&] {
    std::string found;
    credentials.get([&](Result<Credential> got) { found = got ? got->token : "none"; });
    return found;
  };
  EXPECT_EQ(token(), "good");
  EXPECT_TRUE(remove_tree(file));
  clock.at += kTokenFileAgeMax;
  EXPECT_EQ(token(), "good");
  credentials.refused();
  EXPECT_EQ(token(), "none");
}

TEST_F(ApiClientTest, AsksAPluginForCredentials) {
  crypto_init();
  fs::path script = fs::temp_directory_path() / ("leoflow-plugin-" + random_token(12));
  ASSERT_TRUE(write_file(script, R"(#!/bin/sh
echo "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",
\"status\":{\"token\":\"$WHO $1\"}}"
)",
                         0755));
  std::string seen;
  TestHttpServer server([&](TestHttpServer::Call& call) {
    seen = call.headers["authorization"];
    call.reply(200, "{}");
  });
  ClusterAccess access;
  access.server = server.url("");
  access.exec = ExecPlugin{.command = script.string(),
                           .arguments = {"one"},
                           .environment = {{"WHO", "me"}},
                           .api_version = "client.authentication.k8s.io/v1"};
  make(access);
  EXPECT_TRUE(get("a"));
  EXPECT_EQ(seen, "Bearer me one");
  EXPECT_TRUE(remove_tree(script));
}

// What a cache told, in order.
class WatchCacheTest : public ApiClientTest {
 protected:
  void start(WatchCache::Options options = {}) {
    make();
    options.relist_first = std::chrono::milliseconds(1);
    on_loop([&] {
      cache_ = std::make_unique<WatchCache>(
          thread_.loop(), *client_, kPods, ListQuery{.namespace_name = "flows"},
          CacheHandlers{.on_object =
                            [this](const std::string& name, const json::object& object) {
                              auto* status = json::object_or_null(object, "status");
                              tell(name + " " + (status ? json::string_or(*status, "phase") : ""));
                            },
                        .on_gone =
                            [this](const std::string& name, const json::object* last) {
                              tell(name + (last ? " deleted" : " missing"));
                            },
                        .on_synced = [this] { tell("synced"); },
                        .on_trouble = [this](const Error&) { tell("trouble"); },
                        .on_recovered = [this] { tell("recovered"); }},
          options);
      cache_->start();
    });
  }
  void tell(std::string line) {
    std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    told_.notify_all();
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    bool there = told_.wait_for(lock, std::chrono::seconds(20), [this] { return !lines_.empty(); });
    if (!there) return "nothing";
    std::string line = lines_.front();
    lines_.pop_front();
    return line;
  }
  void add(const std::string& name, const std::string& phase) {
    api_.put("pods", {{"metadata", json::object{{"name", name}}},
                      {"status", json::object{{"phase", phase}}}});
  }

  std::mutex mutex_;
  std::condition_variable told_;
  std::deque<std::string> lines_;
};

TEST_F(WatchCacheTest, TellsWhatThereIsAndWhatChanges) {
  add("a", "Pending");
  start();
  EXPECT_EQ(next(), "a Pending");
  EXPECT_EQ(next(), "synced");
  add("b", "Pending");
  EXPECT_EQ(next(), "b Pending");
  api_.set_phase("a", "Running");
  EXPECT_EQ(next(), "a Running");
  api_.erase("a");
  EXPECT_EQ(next(), "a deleted");
}

TEST_F(WatchCacheTest, GoesOnWhereAClosedWatchEnded) {
  start();
  EXPECT_EQ(next(), "synced");
  api_.wait_for_watch();
  api_.close_watches();
  add("a", "Pending");
  EXPECT_EQ(next(), "a Pending");
  EXPECT_EQ(api_.count("limit="), 1);
}

TEST_F(WatchCacheTest, ListsAgainWhenItsVersionIsTooOld) {
  add("a", "Pending");
  add("b", "Pending");
  start();
  for (const char* line : {"a Pending", "b Pending", "synced"}) EXPECT_EQ(next(), line);
  api_.wait_for_watch();
  api_.set_away(true);
  EXPECT_EQ(next(), "trouble");
  api_.erase("a");
  api_.set_phase("b", "Running");
  api_.forget_history();
  api_.set_away(false);
  EXPECT_EQ(next(), "b Running");
  EXPECT_EQ(next(), "a missing");
  EXPECT_EQ(next(), "recovered");
  api_.wait_for_watch();
  api_.set_away(true);
  EXPECT_EQ(next(), "trouble") << "again, though no event came between";
}

TEST_F(WatchCacheTest, IgnoresStaleAndDoubledEvents) {
  start();
  EXPECT_EQ(next(), "synced");
  add("a", "Pending");
  api_.set_phase("a", "Running");
  EXPECT_EQ(next(), "a Pending");
  EXPECT_EQ(next(), "a Running");
  api_.repeat_events();
  add("b", "Pending");
  EXPECT_EQ(next(), "b Pending");
  api_.erase("a");
  EXPECT_EQ(next(), "a deleted");
}

TEST_F(WatchCacheTest, TellsAReplacementApart) {
  add("a", "Running");
  start();
  EXPECT_EQ(next(), "a Running");
  EXPECT_EQ(next(), "synced");
  api_.wait_for_watch();
  api_.set_away(true);
  EXPECT_EQ(next(), "trouble");
  api_.erase("a");
  add("a", "Pending");
  api_.forget_history();
  api_.set_away(false);
  EXPECT_EQ(next(), "a missing");
  EXPECT_EQ(next(), "a Pending");
}

TEST_F(WatchCacheTest, BeginsASilentWatchAnew) {
  start({.silence_max = std::chrono::milliseconds(5)});
  EXPECT_EQ(next(), "synced");
  while (api_.count("watch=1") < 3) std::this_thread::yield();
  add("a", "Pending");
  EXPECT_EQ(next(), "a Pending");
}

}  // namespace
}  // namespace leoflow::kube
