// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace leoflow {
namespace {

constexpr int kCodes = int(Code::internal) + 1;

TEST(Error, EveryCodeHasANameAndStatuses) {
  std::set<std::string_view> names;
  for (int i = 0; i < kCodes; ++i) {
    auto code = static_cast<Code>(i);
    names.insert(code_name(code));
    EXPECT_GE(http_status(code), 400);
    EXPECT_LE(http_status(code), 599);
    EXPECT_GT(exit_status(code), 0);
  }
  EXPECT_EQ(names.size(), size_t(kCodes));
  EXPECT_EQ(code_name(Code::not_found), "not_found");
  EXPECT_EQ(http_status(Code::not_found), 404);
  EXPECT_EQ(code_name(Code::internal), "internal");
}

TEST(Error, TextShowsTheHint) {
  EXPECT_EQ(Error(Code::invalid, "no such pool 'x'").text(), "no such pool 'x'");
  EXPECT_EQ(Error(Code::invalid, "no such pool 'x'", "create it first").text(),
            "no such pool 'x'\n\nhint: create it first");
}

TEST(Error, WithinKeepsCodeAndHint) {
  Error outer = Error(Code::conflict, "locked", "wait").within("deploy etl");
  EXPECT_EQ(outer.message(), "deploy etl: locked");
  EXPECT_EQ(outer.code(), Code::conflict);
  EXPECT_EQ(outer.hint(), "wait");
}

TEST(Error, FromErrnoNamesCallObjectAndReason) {
  Error error = from_errno("open", "/nowhere", ENOENT);
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_EQ(error.message(), "cannot open /nowhere: No such file or directory");
  EXPECT_EQ(from_errno("write", "x", ENOSPC).code(), Code::exhausted);
  EXPECT_NE(from_errno("write", "x", ENOSPC).hint().find("disk is full"), std::string::npos);
  EXPECT_EQ(from_errno("write", "x", EACCES).code(), Code::denied);
  EXPECT_EQ(from_errno("write", "x", EACCES).hint(), "");
  errno = EEXIST;
  EXPECT_EQ(from_errno("create", "x").code(), Code::exists);
}

TEST(Error, FailPropagates) {
  Result<int> inner = fail(Code::timeout, "slow");
  Status outer = fail(inner);
  EXPECT_EQ(outer.error().code(), Code::timeout);
}

}  // namespace
}  // namespace leoflow
