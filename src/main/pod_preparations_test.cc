// SPDX-License-Identifier: Apache-2.0
#include "main/pod_preparations.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <future>
#include <thread>

namespace leoflow {
namespace {

const PodPreparations::Check kThere = [](const PodPreparation&) { return true; };

// Asks until it is made or has failed.
Result<PodPreparation> settled(PodPreparations& preparations, DagVersionId version) {
  auto got = preparations.get(version);
  while (!got && got.error().code() == Code::unavailable) {
    std::this_thread::yield();
    got = preparations.get(version);
  }
  return got;
}

TEST(PodPreparations, AreMadeOnceBehindTheBackOfThoseWhoAsk) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  std::atomic<int> made = 0;
  auto make = [&](DagVersionId version, int) -> Result<PodPreparation> {
    ++made;
    gone.wait();
    return PodPreparation{std::to_string(version.value), {}};
  };
  PodPreparations preparations(make, kThere);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(preparations.get(DagVersionId{7}).error().code(), Code::unavailable);
  go.set_value();
  EXPECT_EQ(settled(preparations, DagVersionId{7})->environment_json, "7");
  EXPECT_EQ(settled(preparations, DagVersionId{7})->environment_json, "7");
  EXPECT_EQ(made, 1);
}

TEST(PodPreparations, AreMadeAgainWhenTheyAreGone) {
  std::atomic<int> made = 0;
  std::atomic<bool> there = true;
  auto make = [&](DagVersionId, int) -> Result<PodPreparation> {
    there = true;
    return PodPreparation{std::to_string(++made), {}};
  };
  PodPreparations preparations(make, [&](const PodPreparation&) { return there.load(); });
  EXPECT_EQ(settled(preparations, DagVersionId{7})->environment_json, "1");
  there = false;
  EXPECT_EQ(preparations.get(DagVersionId{7}).error().code(), Code::unavailable);
  EXPECT_EQ(settled(preparations, DagVersionId{7})->environment_json, "2");
}

TEST(PodPreparations, TellAFailureOnceAndTryAgain) {
  std::atomic<int> made = 0;
  auto make = [&](DagVersionId, int) -> Result<PodPreparation> {
    if (made++ == 0) return fail(Code::not_found, "the environment is gone");
    return PodPreparation{"there", {}};
  };
  PodPreparations preparations(make, kThere);
  EXPECT_EQ(settled(preparations, DagVersionId{1}).error().code(), Code::not_found);
  EXPECT_EQ(settled(preparations, DagVersionId{1})->environment_json, "there");
}

TEST(PodPreparations, EndWithTheServer) {
  std::promise<void> begun;
  {
    auto make = [&](DagVersionId, int cancel_fd) -> Result<PodPreparation> {
      begun.set_value();
      pollfd cancel{cancel_fd, POLLIN, 0};
      poll(&cancel, 1, -1);
      return fail(Code::cancelled, "the server stops");
    };
    PodPreparations preparations(make, kThere);
    EXPECT_FALSE(preparations.get(DagVersionId{1}));
    begun.get_future().wait();
  }
}

}  // namespace
}  // namespace leoflow
