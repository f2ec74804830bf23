// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_paths.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace leoflow {
namespace {

std::string text(const std::string& object, const char* name) {
  auto parsed = json::parse(object);
  EXPECT_TRUE(parsed && parsed->is_object()) << object;
  return parsed ? json::string_or(parsed->as_object(), name) : "";
}

TEST(PodPaths, MoveTheBundleAndLeaveTheRestAsItIs) {
  std::string start = R"({"op":"start","file":"/home/b/abc/dags/dag.py","bundle":"/home/b/abc",)"
                      R"("project":"/home/b/abc","spill_folder":"/home/x/7",)"
                      R"("xcoms":{"t":{"value":123456789012345678901234567890}}})";
  auto moved = start_in_pod(start, "/home/b/abc", "/cache/1f");
  ASSERT_TRUE(moved) << moved.error().text();
  EXPECT_EQ(text(*moved, "file"), "/cache/1f/dags/dag.py");
  EXPECT_EQ(text(*moved, "bundle"), "/cache/1f");
  EXPECT_EQ(text(*moved, "project"), "/cache/1f");
  EXPECT_EQ(text(*moved, "spill_folder"), "");
  EXPECT_NE(moved->find("123456789012345678901234567890"), std::string::npos);
}

TEST(PodPaths, RefuseAFileOutsideTheBundle) {
  for (const char* file : {"/etc/passwd", "/home/b/abcd/dag.py", ""}) {
    std::string start = R"({"file":")" + std::string(file) + R"("})";
    EXPECT_FALSE(start_in_pod(start, "/home/b/abc", "/cache/1f")) << file;
  }
  EXPECT_FALSE(start_in_pod(R"({"file":7})", "/home/b/abc", "/cache/1f"));
  EXPECT_FALSE(start_in_pod(R"({"file":"/a"})", "", "/cache/1f"));
  EXPECT_FALSE(start_in_pod("no object", "/home/b/abc", "/cache/1f"));
}

TEST(PodPaths, GiveTheEnvironmentThePodsInterpreter) {
  std::string given = R"({"hash":"h-3.11","python":"/home/cache/h/bin/python",)"
                      R"("site_packages":["/home/cache/h/lib"],"preload":["duckdb"]})";
  EXPECT_EQ(environment_in_pod(given, "/usr/local/bin/python3.11", "/cache/e").value(),
            R"({"hash":"h-3.11","python":"/usr/local/bin/python3.11",)"
            R"("site_packages":["/cache/e"],"preload":["duckdb"]})");
  EXPECT_EQ(environment_in_pod(R"({"hash":"-3.11"})", "/p", "").value(),
            R"({"hash":"-3.11","python":"/p","site_packages":[],"preload":[]})");
  EXPECT_FALSE(environment_in_pod("[]", "/p", ""));
}

TEST(PodPaths, ACacheThatCannotBeWrittenToIsTheirOwn) {
  char pattern[] = "/tmp/leoflow-cache-XXXXXX";
  fs::path folder = mkdtemp(pattern);
  EXPECT_EQ(usable_cache(folder / "shared", folder / "own"), folder / "shared");
  ASSERT_TRUE(write_file(folder / "file", ""));
  EXPECT_EQ(usable_cache(folder / "file", folder / "own"), folder / "own");
  EXPECT_EQ(usable_cache("/proc/none/cache", folder / "own"), folder / "own");
  (void)remove_tree(folder);
}

TEST(PodPaths, AMissingInterpreterNamesImageAndVersion) {
  char pattern[] = "/tmp/leoflow-image-XXXXXX";
  fs::path folder = mkdtemp(pattern);
  ASSERT_TRUE(write_file(folder / "python3.12", "", 0755));
  ASSERT_TRUE(write_file(folder / "python3.11", "", 0644));
  EXPECT_EQ(find_interpreter("3.12", {"/nowhere", folder}, "img").value(), folder / "python3.12");
  auto missing = find_interpreter("3.11", {folder}, "python:3.12-slim");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_EQ(missing.error().message(), "the image python:3.12-slim has no python3.11");
  auto folders = interpreter_folders("/a:relative::/b");
  ASSERT_GE(folders.size(), 3u);
  EXPECT_EQ(folders[0], "/a");
  EXPECT_EQ(folders[1], "/b");
  EXPECT_EQ(folders[2], "/usr/local/bin");
  (void)remove_tree(folder);
}

}  // namespace
}  // namespace leoflow
