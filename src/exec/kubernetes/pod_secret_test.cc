// SPDX-License-Identifier: Apache-2.0
// Pods that prove who they are by a Secret each: made when the uid is known, before the pod starts.
#include "exec/kubernetes/pod_executor_fixture_test.h"
#include "exec/place_token.h"

namespace leoflow::kube {
namespace {

class PodSecretTest : public PodExecutorTest {
 protected:
  PodSecretTest() { place_key_ = "key"; }
  std::string secret() {
    auto all = api_.names("secrets");
    return all.empty() ? std::string() : all.front();
  }
  bool gated(int64_t attempt) {
    json::object made = api_.object(pod(attempt));
    return made.at("spec").as_object().contains("schedulingGates");
  }
  std::string uid(int64_t attempt) {
    return json::string_or(api_.object(pod(attempt)).at("metadata").as_object(), "uid");
  }
};

TEST_F(PodSecretTest, TheSecretIsThereBeforeThePodMayStart) {
  api_.inject({.of = "PATCH", .times = 1, .status = 422, .message = "not now"});
  place(1);
  eventually([&] { return api_.count("PATCH") > 0; });
  EXPECT_EQ(api_.names("secrets").size(), 1u);
  eventually([&] { return life_->engine.outcomes().size() == 1; });  // for good, it said
  place(2);
  until_pod(2);
  eventually([&] { return !gated(2); });
  EXPECT_EQ(api_.names("secrets").size(), 2u);
  claim(2);
  EXPECT_EQ(api_.count("tokenreviews"), 0);
}

TEST_F(PodSecretTest, TheTokenIsOfThisPod) {
  place(1);
  until_pod(1);
  eventually([&] { return !gated(1); });
  json::object made = api_.object(secret(), "secrets");
  EXPECT_EQ(json::string_or(made.at("stringData").as_object(), "token"),
            make_place_token("key", "a1", uid(1)));
  const auto& owner = made.at("metadata").at("ownerReferences").as_array().at(0).as_object();
  EXPECT_EQ(json::string_or(owner, "uid"), uid(1));
  PlaceTokenReviewer reviewer("key", *life_->executor);
  PodClaim claim{.token = make_place_token("key", "a1", uid(1)),
                 .place = "a1",
                 .pod_name = pod(1),
                 .pod_uid = uid(1)};
  EXPECT_TRUE(reviewer.review(claim, "any"));
  claim.pod_uid = "another";
  EXPECT_EQ(reviewer.review(claim, "any").error().code(), Code::unauthenticated);
}

TEST_F(PodSecretTest, AServerKilledBeforeTheSecretTheNextOneMakesIt) {
  api_.inject({.of = "secrets", .times = 100, .status = 503});
  place(1);
  until_pod(1);
  begin();
  place(1);
  eventually([&] { return api_.count("secrets") > 1; });
  api_.forgive();
  eventually([&] { return !gated(1); });
  claim(1);
  EXPECT_EQ(api_.names("secrets").size(), 1u);
  EXPECT_TRUE(life_->engine.outcomes().empty());
}

TEST_F(PodSecretTest, WithoutTheRightItSaysSo) {
  api_.inject({.of = "secrets", .status = 403, .message = "secrets is forbidden"});
  place(1);
  EXPECT_EQ(outcome().kind, OutcomeKind::lost);
  EXPECT_TRUE(outcome().reason.contains("secrets is forbidden"));
  eventually([&] { return !api_.has(pod(1)); });
}

}  // namespace
}  // namespace leoflow::kube
