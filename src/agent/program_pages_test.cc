// SPDX-License-Identifier: Apache-2.0
#include "agent/program_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace leoflow {
namespace {

long mapped_from_files() {
  std::ifstream status("/proc/self/status");
  long kib = 0;
  for (std::string word; status >> word;) {
    if (word == "RssFile:" && status >> kib) break;
  }
  return kib;
}

TEST(ProgramPages, AreFewerAfterwardsAndTheProgramGoesOn) {
  long before = mapped_from_files();
  release_program_pages();
  EXPECT_LT(mapped_from_files(), before);
  EXPECT_EQ(std::to_string(before), std::to_string(before));
}

}  // namespace
}  // namespace leoflow
