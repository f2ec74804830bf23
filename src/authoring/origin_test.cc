// SPDX-License-Identifier: Apache-2.0
#include "authoring/origin.h"

#include <gtest/gtest.h>

#include "authoring/test_support.h"

namespace leoflow {
namespace {

TEST(OriginOf, IsAMomentOutsideOfARepository) {
  TemporaryFolder folder;
  Origin origin = origin_of(folder.path(), FixedClock().now());
  EXPECT_EQ(origin.label, "dev-20240229T130509Z");
  EXPECT_EQ(origin.commit, "");
  EXPECT_EQ(origin.url, "");
}

TEST(BrowseUrl, KnowsTheUsualHosts) {
  EXPECT_EQ(browse_url("https://github.com/acme/flows.git", "abc", "dags/etl/"),
            "https://github.com/acme/flows/tree/abc/dags/etl");
  EXPECT_EQ(browse_url("git@github.com:acme/flows.git", "abc", ""),
            "https://github.com/acme/flows/tree/abc");
  EXPECT_EQ(browse_url("ssh://git@gitlab.acme.org:2222/data/flows/", "abc", "etl"),
            "https://gitlab.acme.org/data/flows/-/tree/abc/etl");
  EXPECT_EQ(browse_url("https://bitbucket.org/acme/flows", "abc", "etl"),
            "https://bitbucket.org/acme/flows/src/abc/etl");
}

TEST(BrowseUrl, LeavesOutCredentials) {
  EXPECT_EQ(browse_url("https://ci:secret@github.com/acme/flows", "abc", ""),
            "https://github.com/acme/flows/tree/abc");
}

TEST(BrowseUrl, IsEmptyForWhatItDoesNotKnow) {
  EXPECT_EQ(browse_url("", "abc", ""), "");
  EXPECT_EQ(browse_url("/srv/git/flows.git", "abc", ""), "");
  EXPECT_EQ(browse_url("https://git.acme.org/flows", "abc", ""), "");
  EXPECT_EQ(browse_url("https://github.com/acme/fl ows", "abc", ""), "");
  EXPECT_EQ(browse_url("https://github.com/acme/flows", "abc", "a b"), "");
}

}  // namespace
}  // namespace leoflow
