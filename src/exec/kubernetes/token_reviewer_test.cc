// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/token_reviewer.h"

#include <gtest/gtest.h>

#include "exec/kubernetes/yaml_json.h"

namespace leoflow::kube {
namespace {

Result<PodIdentity> read(const std::string& status) {
  return read_token_review(yaml_to_json("{status: " + status + "}", "t")->as_object(), "leoflow");
}

constexpr const char* kExtra =
    "extra: {authentication.kubernetes.io/pod-name: [p], authentication.kubernetes.io/pod-uid: "
    "[u]}";

TEST(TokenReview, NamesThePod) {
  auto identity = read(std::string("{authenticated: true, audiences: [leoflow], user: {username: "
                                   "'system:serviceaccount:flows:etl', ") +
                       kExtra + "}}");
  ASSERT_TRUE(identity) << identity.error().text();
  EXPECT_TRUE(identity->audience_ok);
  EXPECT_EQ(identity->namespace_name, "flows");
  EXPECT_EQ(identity->service_account, "etl");
  EXPECT_EQ(identity->pod_name, "p");
  EXPECT_EQ(identity->pod_uid, "u");
}

TEST(TokenReview, RefusesWhatNamesNoPod) {
  std::string extra = kExtra;
  for (const std::string& status :
       {std::string("{}"), std::string("{authenticated: false, error: x}"),
        "{authenticated: true, user: {username: admin, " + extra + "}}",
        "{authenticated: true, user: {username: 'system:serviceaccount:x', " + extra + "}}",
        std::string("{authenticated: true, user: {username: 'system:serviceaccount:a:b'}}")}) {
    EXPECT_EQ(read(status).error().code(), Code::unauthenticated) << status;
  }
  auto other = read(
      "{authenticated: true, audiences: [x], user: {username: "
      "'system:serviceaccount:a:b', " +
      extra + "}}");
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->audience_ok);
}

}  // namespace
}  // namespace leoflow::kube
