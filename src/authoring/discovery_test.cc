// SPDX-License-Identifier: Apache-2.0
#include "authoring/discovery.h"

#include "authoring/bundle.h"
#include "authoring/file_age.h"
#include "authoring/source_closure.h"
#include "authoring/test_support.h"

namespace leoflow {
namespace {

constexpr const char* kFlat = "from Airflow import DAG\n";

std::vector<std::string> names(const TemporaryFolder& folder) {
  Discoverer discoverer(folder.path());
  auto found = discoverer.run();
  EXPECT_TRUE(found);
  std::vector<std::string> list;
  for (const DagFile& file : found->files) list.push_back(file.name);
  return list;
}

using Names = std::vector<std::string>;

TEST(Discovery, FindsProjectsAndFlatFiles) {
  TemporaryFolder folder;
  folder.write("flat.py", kFlat);
  folder.write("helper.py", "x = 1\n");
  folder.write("team/etl/dag.py", "");
  folder.write("team/etl/helpers/airflow_dag.py", kFlat);
  folder.write("named/leoflow.yaml", "dag_source: main.py\n");
  folder.write("named/main.py", "");
  for (const char* skipped : {".git", "__pycache__", "venv", ".venv", "node_modules"}) {
    folder.write(fs::path(skipped) / "x.py", kFlat);
  }
  folder.write("env/pyvenv.cfg", "");
  folder.write("home/leoflow.db", "");
  folder.write("home/bundles/ab/dag.py", "from airflow import DAG");
  folder.write("env/x.py", kFlat);
  EXPECT_EQ(names(folder), (Names{"flat.py", "named/main.py", "team/etl/dag.py"}));
}

TEST(Discovery, AWorkspaceMayBeAProject) {
  TemporaryFolder folder;
  folder.write("dag.py", "");
  folder.write("other.py", kFlat);
  EXPECT_EQ(names(folder), Names{"dag.py"});
}

TEST(Discovery, HonoursAirflowIgnorePerFolder) {
  TemporaryFolder folder;
  folder.write(".airflowignore", "# comment\nold_*\n/build/\n!old_but_good.py\n");
  folder.write("old_a.py", kFlat);
  folder.write("old_but_good.py", kFlat);
  folder.write("build/a.py", kFlat);
  folder.write("sub/build/a.py", kFlat);
  folder.write("sub/.airflowignore", "**/deep/*.py\n");
  folder.write("sub/x/deep/b.py", kFlat);
  folder.write("x/deep/b.py", kFlat);
  EXPECT_EQ(names(folder), (Names{"old_but_good.py", "sub/build/a.py", "x/deep/b.py"}));
}

TEST(Discovery, EndsWhereLinksGoInCircles) {
  TemporaryFolder folder;
  folder.write("a/flat.py", kFlat);
  fs::create_directory_symlink(folder.path(), folder / "a/up");
  EXPECT_EQ(names(folder), Names{"a/flat.py"});
}

TEST(Discovery, TellsOfALeoflowYamlWithoutDag) {
  TemporaryFolder folder;
  folder.write("etl/leoflow.yaml", "owner: x\n");
  Discoverer discoverer(folder.path());
  const auto found = discoverer.run();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->broken.at("etl/leoflow.yaml"), "leoflow.yaml without a dag.py beside it");
}

TEST(Discovery, AMissingWorkspaceIsAnError) {
  TemporaryFolder folder;
  Discoverer discoverer(folder / "none");
  EXPECT_EQ(discoverer.run().error().code(), Code::not_found);
}

TEST(IgnoreRules, FollowGitignore) {
  EXPECT_TRUE(glob_matches("a/**/b", "a/b"));
  EXPECT_TRUE(glob_matches("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(glob_matches("a/*/b", "a/x/y/b"));
  IgnoreRules rules;
  rules.add("*.pyc\ndata/\n/top\n", "");
  EXPECT_TRUE(rules.ignores("x/y.pyc", false));
  EXPECT_TRUE(rules.ignores("x/data", true));
  EXPECT_FALSE(rules.ignores("x/data", false));
  EXPECT_TRUE(rules.ignores("top", false));
  EXPECT_FALSE(rules.ignores("x/top", false));
}

TEST(Bundle, IsNamedByNamesAndContents) {
  TemporaryFolder folder;
  folder.write("src/dag.py", "1");
  folder.write("src/sub/a.sql", "2");
  folder.write("src/__pycache__/dag.pyc", "3");
  const BundleStore store(folder / "bundles");
  const SourceFilter filter{
      .ignore = bundle_ignore_rules({}), .wants_file = {}, .wants_folder = {}};
  const auto files = list_source_files(folder / "src", filter);
  ASSERT_TRUE(files);
  EXPECT_EQ(*files, (SourceFiles{"dag.py", "sub/a.sql"}));
  const auto bundle = store.describe(folder / "src", *files);
  ASSERT_TRUE(bundle);
  ASSERT_TRUE(store.write(folder / "src", *bundle));
  EXPECT_EQ(read_file(bundle->path / "sub/a.sql").value_or(""), "2");
  fs::last_write_time(folder / "src/dag.py", fs::file_time_type::clock::now());
  EXPECT_EQ(store.describe(folder / "src", *files)->hash, bundle->hash);
  folder.write("src/dag.py", "2");
  EXPECT_NE(store.describe(folder / "src", *files)->hash, bundle->hash);
}

TEST(Bundle, OfManyFilesIsWhole) {
  TemporaryFolder folder;
  constexpr size_t kFiles = 100;  // more than are synced one by one
  for (size_t i = 0; i < kFiles; ++i)
    folder.write("src/" + std::to_string(i % 7) + "/" + std::to_string(i) + ".py", "x");
  const BundleStore store(folder / "bundles");
  const auto files = list_source_files(folder / "src", {});
  const auto bundle = store.describe(folder / "src", *files);
  ASSERT_TRUE(store.write(folder / "src", *bundle));
  EXPECT_EQ(list_source_files(bundle->path, {}).value_or(SourceFiles{}), *files);
  EXPECT_EQ(files->size(), kFiles);
}

TEST(Bundle, RefusesAFileThatChangedMeanwhile) {
  TemporaryFolder folder;
  folder.write("src/dag.py", "1");
  const BundleStore store(folder / "bundles");
  const auto bundle = store.describe(folder / "src", {"dag.py"});
  folder.write("src/dag.py", "2");
  EXPECT_EQ(store.write(folder / "src", *bundle).error().code(), Code::unavailable);
  EXPECT_TRUE(fs::is_empty(folder / "bundles"));
}

TEST(Bundle, CollectsWhatIsOldAndUnused) {
  TemporaryFolder folder;
  folder.write("src/dag.py", "1");
  const BundleStore store(folder / "bundles");
  const auto bundle = store.describe(folder / "src", {"dag.py"});
  ASSERT_TRUE(store.write(folder / "src", *bundle));
  const Time later = last_used(bundle->path) + std::chrono::hours(1);
  EXPECT_EQ(store.collect({bundle->path.string()}, later).value_or(9), 0u);
  EXPECT_EQ(store.collect({}, last_used(bundle->path)).value_or(9), 0u);
  EXPECT_EQ(store.collect({}, later).value_or(9), 1u);
  EXPECT_FALSE(fs::exists(bundle->path));
}

TEST(Bundle, TooManyBytesNameTheWayOut) {
  TemporaryFolder folder;
  folder.write("src/dag.py", "");
  folder.write("src/big.bin", "");
  fs::resize_file(folder / "src/big.bin", kBundleBytesMax + 1);
  const auto files = list_source_files(folder / "src", {});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code(), Code::exhausted);
  EXPECT_EQ(files.error().hint(), "leave data out with exclude_paths: in leoflow.yaml");
}

TEST(SourceClosure, FollowsImportsAndMentions) {
  TemporaryFolder folder;
  folder.write("dag.py", "from pkg import mod as m, other\nimport one, two\nSQL = 'q.sql'\n");
  folder.write("pkg/__init__.py", "");
  folder.write("pkg/mod.py", "from .sibling import x\nfrom . import cousin\n");
  for (const char* name :
       {"pkg/sibling.py", "pkg/cousin.py", "two.py", "unused.py", "q.sql", "z.sql"}) {
    folder.write(name, "");
  }
  const SourceFiles all{"dag.py",     "pkg/__init__.py", "pkg/cousin.py",
                        "pkg/mod.py", "pkg/sibling.py",  "q.sql",
                        "two.py",     "unused.py",       "z.sql"};
  const std::set<std::string> wanted{"dag.py",     "pkg/__init__.py", "pkg/cousin.py",
                                     "pkg/mod.py", "pkg/sibling.py",  "q.sql",
                                     "two.py"};
  EXPECT_EQ(source_closure(folder.path(), all, "dag.py", {}), wanted);
}

}  // namespace
}  // namespace leoflow
