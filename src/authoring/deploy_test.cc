// SPDX-License-Identifier: Apache-2.0
// Packing, sending and comparing projects.
#include <gtest/gtest.h>
#include <utime.h>

#include "authoring/deployments.h"
#include "authoring/pack.h"
#include "authoring/spec_changes.h"
#include "authoring/test_support.h"

namespace leoflow {
namespace {

class MovingClock final : public Clock {
 public:
  Time now() const override { return SystemClock().now() + passed; }
  Duration passed{0};
};

struct UploadsTest : testing::Test {
  TemporaryFolder folder;
  MovingClock clock;
  Uploads uploads{folder / "uploads", clock};
  const std::string content = "what is sent", hash = sha256_hex(content);
};

TEST_F(UploadsTest, TakesPartsInOrder) {
  auto first = uploads.append(hash, content.size(), 0, content.substr(0, 4));
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->received, 4u);
  EXPECT_FALSE(first->complete);
  auto gap = uploads.append(hash, content.size(), 6, content.substr(6));
  EXPECT_EQ(gap.error().code(), Code::conflict);
  EXPECT_EQ(uploads.find(hash).error().code(), Code::not_found);
  // The answer was lost: sent again.
  EXPECT_EQ(uploads.append(hash, content.size(), 0, content.substr(0, 4))->received, 4u);
  EXPECT_TRUE(uploads.append(hash, content.size(), 4, content.substr(4))->complete);
  EXPECT_EQ(read_file(*uploads.find(hash)).value_or(""), content);
  EXPECT_TRUE(uploads.append(hash, content.size(), 0, content)->complete);
}

TEST_F(UploadsTest, ThrowsAwayWhatHasAnotherHash) {
  std::string other = content;
  other[0] = 'W';
  EXPECT_EQ(uploads.append(hash, other.size(), 0, other).error().code(), Code::invalid);
  EXPECT_EQ(uploads.state(hash).error().code(), Code::not_found);
}

TEST_F(UploadsTest, RefusesWhatIsTooMuch) {
  EXPECT_EQ(uploads.append("../x", 1, 0, "x").error().code(), Code::invalid);
  EXPECT_EQ(uploads.append(hash, kUploadBytesMax + 1, 0, "x").error().code(), Code::invalid);
  EXPECT_EQ(uploads.append(hash, 3, 0, "long").error().code(), Code::invalid);
  for (size_t i = 0; i < kUploadsMax; ++i)
    ASSERT_TRUE(uploads.append(sha256_hex(std::to_string(i)), 2, 0, "x"));
  EXPECT_EQ(uploads.append(hash, content.size(), 0, "w").error().code(), Code::exhausted);
}

TEST_F(UploadsTest, ForgetsWhatNobodyFinishes) {
  ASSERT_TRUE(uploads.append(hash, content.size(), 0, "what"));
  uploads.sweep();
  EXPECT_TRUE(uploads.state(hash));
  clock.passed = kUploadKept + std::chrono::minutes(1);
  uploads.sweep();
  EXPECT_FALSE(uploads.state(hash));
}

DagFile project_in(const TemporaryFolder& folder) {
  auto file = dag_file_at(folder / "etl");
  EXPECT_TRUE(file);
  return *file;
}

TEST(PackFiles, HoldsTheBundleAndTheConfiguration) {
  TemporaryFolder folder;
  folder.write("etl/dag.py", dag_text("etl"));
  folder.write("etl/leoflow.yaml", "exclude_paths: [leoflow.yaml, '*.csv']\n");
  folder.write("etl/data.csv", "1\n");
  ASSERT_TRUE(make_folder(folder / "one") && make_folder(folder / "two"));
  auto packed = pack_files(project_in(folder), folder / "one");
  ASSERT_TRUE(packed) << packed.error().text();
  auto again = pack_files(project_in(folder), folder / "two");
  ASSERT_TRUE(again);
  EXPECT_EQ(packed->sha256, again->sha256);
  const std::string archive = read_file(packed->archive).value_or("");
  EXPECT_EQ(sha256_hex(archive), packed->sha256);
  EXPECT_NE(archive.find("leoflow.yaml"), std::string::npos);
  EXPECT_EQ(archive.find("data.csv"), std::string::npos);
  const BundleStore store(folder / "bundles");
  EXPECT_EQ(packed->bundle_hash, store.describe(folder / "etl", {"dag.py"})->hash);
}

TEST(SpecChanges, TellsTasksParamsDependenciesAndSettings) {
  DagSpec before{.dag_id = "etl"}, after{.dag_id = "etl"};
  before.tasks = {{.task_id = "a"}, {.task_id = "b"}};
  after.tasks = {{.task_id = "b"}, {.task_id = "c"}};
  after.tasks[0].retries = 3;
  after.dependencies = {"duckdb"};
  after.catchup = true;
  const std::vector<SpecChange> expected{{"task", "a", "removed", "", ""},
                                         {"task", "b", "changed", "", "retries"},
                                         {"task", "c", "added", "", ""},
                                         {"dependency", "duckdb", "added", "", ""},
                                         {"setting", "catchup", "changed", "false", "true"}};
  EXPECT_EQ(spec_changes(before, after), expected);
  EXPECT_TRUE(spec_changes(before, before).empty());
}

// A server's side without the server.
struct DeploymentsTest : testing::Test {
  Fixture setup;
  std::vector<std::string> changed;
  std::unique_ptr<Deployments> deployments = make({});

  std::unique_ptr<Deployments> make(fs::path watched) {
    return std::make_unique<Deployments>(
        DeploymentsOptions{.folder = setup.folder / "deployments", .watched = std::move(watched)},
        setup.compiler, setup.environments, setup.store->dags(), setup.clock,
        DeploymentsCallbacks{
            .on_dag_changed = [this](const std::string& id) { changed.push_back(id); }});
  }

  Deployment deploy(DeploymentRequest request = {}) {
    const fs::path folder = setup.folder / ("pack-" + random_token(8));
    EXPECT_TRUE(make_folder(folder));
    auto packed = pack_files(project_in(setup.folder), folder);
    EXPECT_TRUE(packed) << packed.error().text();
    auto sent = deployments->append(packed->sha256, packed->bytes, 0,
                                    read_file(packed->archive).value_or(""));
    EXPECT_TRUE(sent && sent->complete);
    request.project = "etl";
    request.archive = packed->sha256;
    request.file = "dag.py";
    request.label = "v1";
    auto id = deployments->begin(request);
    EXPECT_TRUE(id) << id.error().text();
    while (deployments->find(*id)->state == DeploymentState::waiting ||
           deployments->find(*id)->state == DeploymentState::preparing)
      std::this_thread::yield();
    return *deployments->find(*id);
  }
};

TEST_F(DeploymentsTest, AnImageMustHoldTheFilesThatWerePushed) {
  setup.folder.write("etl/dag.py", dag_text("etl"));
  Deployment other = deploy({.image = "r/etl:v1", .image_bundle = "abc"});
  EXPECT_EQ(other.state, DeploymentState::failed);
  EXPECT_EQ(other.failure.message, "the image r/etl:v1 was built from other files");
  Deployment python = deploy({.image = "r/etl:v1", .image_environment = "-2.7"});
  EXPECT_NE(python.failure.hint.find("python_version:"), std::string::npos);
  EXPECT_FALSE(setup.store->dags().get_dag("etl")->has_value());
}

TEST_F(DeploymentsTest, AnotherImageIsAnotherVersion) {
  setup.folder.write("etl/dag.py", dag_text("etl"));
  ASSERT_EQ(deploy().state, DeploymentState::done);
  Deployment second = deploy({.image = "r/etl@sha256:1"});
  ASSERT_EQ(second.dags.size(), 1u);
  EXPECT_EQ(second.dags[0].version_number, 2);
  EXPECT_EQ((*setup.store->dags().get_version("etl", 2))->image, "r/etl@sha256:1");
  EXPECT_FALSE(deploy({.image = "r/etl@sha256:1"}).dags[0].created);
}

TEST_F(DeploymentsTest, AllDagsOfAProjectAreTakenOrNone) {
  setup.folder.write("etl/dag.py", dag_text("free") + dag_text("held"));
  DagVersion version{.dag_id = "held", .content_hash = "x", .dag_json = R"({"dag_id":"held"})"};
  ASSERT_TRUE(setup.store->dags().register_version(version, {.dag_id = "held"}, {}));
  deployments = make(setup.workspace());
  Deployment refused = deploy();
  EXPECT_EQ(refused.state, DeploymentState::failed);
  EXPECT_NE(refused.failure.message.find("that the server watches"), std::string::npos);
  EXPECT_FALSE(setup.store->dags().get_dag("free")->has_value());
  // A server that watches nothing any more lets them go.
  deployments = make({});
  EXPECT_EQ(deploy().state, DeploymentState::done);
  EXPECT_EQ((*setup.store->dags().get_dag("held"))->bundle_name, kPushedBundle);
}

TEST_F(DeploymentsTest, PushingAgainBringsALostBundleBack) {
  setup.folder.write("etl/dag.py", dag_text("etl"));
  ASSERT_EQ(deploy().state, DeploymentState::done);
  const fs::path bundle = (*setup.store->dags().get_version("etl", 1))->bundle_path;
  ASSERT_TRUE(remove_tree(bundle));
  EXPECT_FALSE(deploy().dags.at(0).created);
  EXPECT_TRUE(fs::exists(bundle / "dag.py"));
}

TEST_F(DeploymentsTest, NamesThatAreNoneAreRefused) {
  for (const char* name : {"", "..", "a/b", "-x"}) {
    auto begun = deployments->begin({.project = name, .file = "dag.py", .label = "v1"});
    EXPECT_EQ(begun.error().code(), Code::invalid) << name;
  }
  for (const char* file : {"", "/etc/passwd", "../dag.py", "a/../dag.py", "a/"}) {
    auto begun = deployments->begin({.project = "etl", .file = file, .label = "v1"});
    EXPECT_EQ(begun.error().code(), Code::invalid) << file;
  }
  DeploymentRequest good{.project = "etl", .file = "dag.py", .label = "v1"};
  EXPECT_EQ(deployments->begin(good).error().code(), Code::not_found);  // only its archive is
  for (auto member : {&DeploymentRequest::label, &DeploymentRequest::commit,
                      &DeploymentRequest::url, &DeploymentRequest::image}) {
    DeploymentRequest bad = good;
    bad.*member = "javascript: x";
    EXPECT_EQ(deployments->begin(bad).error().code(), Code::invalid);
  }
}

}  // namespace
}  // namespace leoflow
