// SPDX-License-Identifier: Apache-2.0
#include "authoring/environment.h"

#include <sys/eventfd.h>
#include <sys/stat.h>

#include "authoring/origin.h"
#include "authoring/test_support.h"

namespace leoflow {
namespace {

// A uv that makes an environment without asking anybody, and writes down its calls.
constexpr const char* kFakeUv = R"sh(#!/bin/sh
echo "$1 $2" >> "$CALLS"
if [ "$1" = venv ]; then
  mkdir -p "$4/bin" && ln -s "$3" "$4/bin/python"
else
  case "$(cat "$6")" in
    *hopeless*) echo "noise"; echo "error: no such package: hopeless" >&2; exit 1;;
    *slow*) echo "downloading"; exec sleep 3600;;
  esac
  echo "Installed 1 package"
fi
)sh";

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest() {
    folder_.write("uv", kFakeUv);
    chmod((folder_ / "uv").c_str(), 0755);
  }
  Environments environments() {
    return Environments({.cache = folder_ / "cache",
                         .uv = folder_ / "uv",
                         .variables = {"CALLS=" + (folder_ / "calls").string()}},
                        interpreters_);
  }
  std::string calls() { return read_file(folder_ / "calls").value_or(""); }

  TemporaryFolder folder_;
  Interpreters interpreters_{InterpreterPlaces{}};
};

TEST(EnvironmentHash, IsOfTheSetOfLines) {
  EXPECT_EQ(environment_hash({"3.11", {}}), "");
  EXPECT_EQ(environment_hash({"3.11", {"b", "a"}}), environment_hash({"3.11", {"a", " b", "a"}}));
  EXPECT_NE(environment_hash({"3.11", {"a"}}), environment_hash({"3.12", {"a"}}));
  EXPECT_EQ(environment_hash({"3.11", {"a"}}).size(), 32u);
}

TEST_F(EnvironmentTest, WithoutDependenciesIsTheRealInterpreter) {
  auto built = environments().ensure({"3.11", {}});
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_EQ(built->hash, "");
  EXPECT_TRUE(built->python.is_absolute());
  EXPECT_EQ(calls(), "");
}

TEST_F(EnvironmentTest, IsBuiltOnceAndFoundAgain) {
  const EnvironmentSpec spec{"3.11", {"duckdb==1.4.4"}};
  Environments first = environments();
  EXPECT_FALSE(first.find(spec).value().has_value());
  std::vector<std::string> lines;
  BuildWatch watch;
  watch.on_progress = [&](std::string_view line) { lines.emplace_back(line); };
  const auto built = first.ensure(spec, watch);
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_EQ(lines, std::vector<std::string>{"Installed 1 package"});
  EXPECT_EQ(read_file(built->python.parent_path().parent_path() / "requirements.txt").value_or(""),
            "duckdb==1.4.4\n");
  Environments second = environments();
  ASSERT_TRUE(second.ensure(spec));
  EXPECT_EQ(second.locate(built->hash, "3.11")->python, built->python);
  EXPECT_EQ(calls(), "venv --python\npip install\n");
}

TEST_F(EnvironmentTest, ATornBuildIsBuiltAgain) {
  const EnvironmentSpec spec{"3.11", {"a"}};
  folder_.write("cache/" + environment_hash(spec) + "/bin/python", "torn");
  ASSERT_TRUE(environments().ensure(spec));
  EXPECT_EQ(calls(), "venv --python\npip install\n");
}

TEST_F(EnvironmentTest, SaysWhatTheInstallerSaid) {
  const auto built = environments().ensure({"3.11", {"hopeless"}});
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message(),
            "cannot build the environment: uv pip install: exit code 1\nerror: no such package: "
            "hopeless\n");
  EXPECT_FALSE(fs::exists(folder_ / "cache" / environment_hash({"3.11", {"hopeless"}})));
}

TEST_F(EnvironmentTest, ABuildCanBeCancelled) {
  const Fd cancel(eventfd(0, EFD_CLOEXEC));
  BuildWatch watch{.on_progress = [&](std::string_view) { eventfd_write(cancel.get(), 1); },
                   .cancel_fd = cancel.get()};
  EXPECT_EQ(environments().ensure({"3.11", {"slow"}}, watch).error().code(), Code::cancelled);
}

TEST_F(EnvironmentTest, CollectsWhatIsOldAndUnused) {
  const auto built = environments().ensure({"3.11", {"a"}});
  ASSERT_TRUE(built);
  const Time later = FixedClock().now() + std::chrono::hours(24 * 36500);
  EXPECT_EQ(environments().collect({built->hash}, later).value_or(9), 0u);
  EXPECT_EQ(environments().collect({}, Time{}).value_or(9), 0u);
  EXPECT_EQ(environments().collect({}, later).value_or(9), 1u);
  EXPECT_EQ(environments().locate(built->hash, "3.11").error().code(), Code::not_found);
}

TEST_F(EnvironmentTest, AMissingInterpreterNamesTheWayOut) {
  Interpreters none(InterpreterPlaces{.folders = {folder_.path()}});
  const auto found = none.find("3.12");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message(), "Python 3.12 is not installed");
  EXPECT_NE(found.error().hint().find("python_version:"), std::string::npos);
}

TEST_F(EnvironmentTest, FindsUvWhereItsInstallersPutIt) {
  folder_.write("home/.cargo/bin/uv", kFakeUv);
  const fs::path home = folder_ / "home", cargo = home / ".cargo/bin/uv";
  EXPECT_EQ(find_uv({}, "/nonexistent", home).value_or("x"), "") << "not executable";
  chmod(cargo.c_str(), 0755);
  EXPECT_EQ(find_uv({}, "/nonexistent", home).value_or("x"), cargo);
  EXPECT_EQ(find_uv({}, folder_.path().string(), home).value_or("x"), folder_ / "uv");
  EXPECT_EQ(find_uv(cargo, folder_.path().string(), home).value_or("x"), cargo);
  folder_.write("home/.local/bin/uv", kFakeUv);
  chmod((home / ".local/bin/uv").c_str(), 0755);
  EXPECT_EQ(find_uv({}, {}, home).value_or("x"), home / ".local/bin/uv");
}

TEST_F(EnvironmentTest, FindsUvInPath) {
  EXPECT_EQ(find_uv({}, "/nonexistent:" + folder_.path().string()).value_or(""), folder_ / "uv");
  EXPECT_EQ(find_uv({}, "relative").value_or("x"), "");
  EXPECT_FALSE(find_uv(folder_ / "none", ""));
}


}  // namespace
}  // namespace leoflow
