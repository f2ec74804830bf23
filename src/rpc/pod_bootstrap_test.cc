// SPDX-License-Identifier: Apache-2.0
#include "rpc/pod_bootstrap.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <functional>
#include <optional>

#include "base/crypto.h"
#include "exec/place_token.h"
#include "rpc/pod_session.h"

namespace leoflow {
namespace {

class FixedClock : public Clock {
 public:
  Time now() const override { return time; }
  Time time = from_micros(1'800'000'000'000'000);
};

class FakeCluster : public PodReviewer, public PodPlaces {
 public:
  Result<PodIdentity> review(const PodClaim&, const std::string& audience) override {
    ++reviews;
    seen_audience = audience;
    if (on_review) on_review();
    if (review_error) return fail(*review_error);
    return identity;
  }
  Result<PodPlace> find(const std::string& place) override {
    if (place_error) return fail(*place_error);
    if (place != "p1") return fail(Code::not_found, "unknown");
    return this->place;
  }
  PodIdentity identity{true, "jobs", "runner", "etl-1", "uid-1"};
  PodPlace place{"jobs", "runner", "etl-1", "uid-1", DagVersionId{3}};
  std::optional<Error> review_error, place_error;
  std::function<void()> on_review;
  std::string seen_audience;
  int reviews = 0;
};

class PodBootstrapTest : public testing::Test {
 protected:
  void SetUp() override { crypto_init(); }
  PodBootstrap& bootstrap() {
    if (!bootstrap_) {
      bootstrap_ = std::make_unique<PodBootstrap>(cluster_, cluster_, clock_,
                                                  PodBootstrapOptions{"key", "us", ledger_});
    }
    return *bootstrap_;
  }
  Code code_of(const PodClaim& claim, const std::string& nonce = "n") {
    auto admitted = bootstrap().admit(claim, nonce);
    if (admitted) return Code::exists;  // no check gives it
    message_ = admitted.error().message();
    return admitted.error().code();
  }

  FakeCluster cluster_;
  FixedClock clock_;
  fs::path ledger_;
  std::unique_ptr<PodBootstrap> bootstrap_;
  PodClaim claim_{"token", "p1", "etl-1", "uid-1"};
  std::string message_;
};

TEST_F(PodBootstrapTest, GivesAPodTheSecretOfItsSessions) {
  auto admitted = bootstrap().admit(claim_, "n");
  ASSERT_TRUE(admitted) << admitted.error().text();
  EXPECT_TRUE(pod_secret_matches("key", "etl-1", admitted->session_secret));
  EXPECT_FALSE(pod_secret_matches("key", "etl-2", admitted->session_secret));
  EXPECT_FALSE(pod_secret_matches("other", "etl-1", admitted->session_secret));
  EXPECT_FALSE(pod_secret_matches("key", "etl-1", "uid-2" + admitted->session_secret.substr(5)));
  EXPECT_EQ(admitted->place.version.value, 3);
  EXPECT_EQ(cluster_.seen_audience, "us");
}

TEST_F(PodBootstrapTest, EveryCheckRefusesOnItsOwn) {
  struct Case {
    const char* says;
    Code code;
    bool reviewed;
    std::function<void(PodClaim&, FakeCluster&)> change;
  };
  const Case cases[] = {
      {"not whole", Code::invalid, false, [](auto& claim, auto&) { claim.token.clear(); }},
      {"not whole", Code::invalid, false, [](auto& claim, auto&) { claim.pod_uid = "a b"; }},
      {"not whole", Code::invalid, false,
       [](auto& claim, auto&) { claim.place = std::string(254, 'p'); }},
      {"place is not wanted", Code::denied, false, [](auto& claim, auto&) { claim.place = "p2"; }},
      {"another pod was made", Code::denied, false,
       [](auto& claim, auto&) { claim.pod_name = "etl-2"; }},
      {"another pod was made", Code::denied, false,
       [](auto& claim, auto&) { claim.pod_uid = "uid-2"; }},
      {"not confirmed", Code::unavailable, false,
       [](auto&, auto& cluster) { cluster.place.pod_uid.clear(); }},
      {"syncing", Code::unavailable, false,
       [](auto&, auto& cluster) { cluster.place_error = Error(Code::unavailable, "syncing"); }},
      {"not valid", Code::unauthenticated, true,
       [](auto&, auto& cluster) { cluster.review_error = Error(Code::unauthenticated, "x"); }},
      {"away", Code::unavailable, true,
       [](auto&, auto& cluster) { cluster.review_error = Error(Code::unavailable, "away"); }},
      {"audience", Code::denied, true,
       [](auto&, auto& cluster) { cluster.identity.audience_ok = false; }},
      {"another namespace", Code::denied, true,
       [](auto&, auto& cluster) { cluster.identity.namespace_name = "other"; }},
      {"service account", Code::denied, true,
       [](auto&, auto& cluster) { cluster.identity.service_account = "default"; }},
      {"token is of another pod", Code::denied, true,
       [](auto&, auto& cluster) { cluster.identity.pod_name = "etl-2"; }},
      {"token is of another pod", Code::denied, true,
       [](auto&, auto& cluster) { cluster.identity.pod_uid = "uid-2"; }},
      {"token is of another pod", Code::denied, true,
       [](auto&, auto& cluster) { cluster.identity.pod_name = cluster.identity.pod_uid = ""; }},
      {"place is not wanted", Code::denied, true,
       [](auto&, auto& cluster) {
         cluster.on_review = [&] { cluster.place_error = Error(Code::not_found, "died"); };
       }},
  };
  for (const Case& one : cases) {
    FakeCluster fresh;
    cluster_ = fresh;
    PodClaim claim = claim_;
    one.change(claim, cluster_);
    EXPECT_EQ(code_of(claim), one.code) << one.says;
    EXPECT_NE(message_.find(one.says), std::string::npos) << message_;
    EXPECT_EQ(message_.find("token\""), std::string::npos);
    EXPECT_EQ(cluster_.reviews, one.reviewed ? 1 : 0) << one.says;
  }
  cluster_ = FakeCluster();
  EXPECT_EQ(code_of(claim_), Code::exists) << "none of these used the token up";
}

TEST_F(PodBootstrapTest, AReplayIsRefusedButTheSameAgentMayRepeat) {
  EXPECT_EQ(code_of(claim_, "first"), Code::exists);
  EXPECT_EQ(code_of(claim_, "first"), Code::exists) << "its answer was lost";
  EXPECT_EQ(code_of(claim_, "thief"), Code::denied);
  EXPECT_NE(message_.find("used before"), std::string::npos);
}

TEST_F(PodBootstrapTest, TheLedgerOutlivesTheServer) {
  char pattern[] = "/tmp/leoflow-ledger-XXXXXX";
  fs::path folder = mkdtemp(pattern);
  ledger_ = folder / "pods";
  EXPECT_EQ(code_of(claim_, "first"), Code::exists);
  ASSERT_TRUE(write_file(folder / "torn", *read_file(ledger_) + "uid-9 abc 17"));
  fs::rename(folder / "torn", ledger_);
  bootstrap_.reset();
  EXPECT_EQ(code_of(claim_, "thief"), Code::denied);
  EXPECT_EQ(code_of(claim_, "first"), Code::exists);
  bootstrap_.reset();
  clock_.time += kBootstrapKept + std::chrono::hours(1);
  EXPECT_EQ(code_of(claim_, "later"), Code::exists) << "by then no token of that pod is valid";
  (void)remove_tree(folder);
}

TEST_F(PodBootstrapTest, TooManyAtOnceWait) {
  PodClaim stranger = claim_;
  stranger.place = "unknown";
  for (int i = 0; i < 2 * kBootstrapsPerSecond; ++i) EXPECT_EQ(code_of(stranger), Code::denied);
  EXPECT_EQ(code_of(claim_), Code::unavailable);
  clock_.time += std::chrono::milliseconds(10);
  EXPECT_EQ(code_of(claim_), Code::exists);
}

TEST_F(PodBootstrapTest, APlaceTokenNeedsNoCluster) {
  PlaceTokenReviewer reviewer("place key", cluster_);
  PodBootstrap bootstrap(reviewer, cluster_, clock_, {"key", "us", {}});
  claim_.token = make_place_token("place key", "p1", claim_.pod_uid);
  EXPECT_TRUE(bootstrap.admit(claim_, "n"));
  EXPECT_FALSE(bootstrap.admit(claim_, "thief"));
  claim_.token = make_place_token("place key", "p1", "uid of the pod before");
  EXPECT_EQ(bootstrap.admit(claim_, "n").error().code(), Code::unauthenticated);
  claim_.token = make_place_token("place key", "p2", claim_.pod_uid);
  auto other = bootstrap.admit(claim_, "n");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::unauthenticated);
  claim_.token = make_place_token("another key", "p1", claim_.pod_uid);
  EXPECT_FALSE(bootstrap.admit(claim_, "n"));
  EXPECT_EQ(cluster_.reviews, 0);
}

}  // namespace
}  // namespace leoflow
