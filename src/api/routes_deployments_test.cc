// SPDX-License-Identifier: Apache-2.0
// Uploads, deployments, and which version is the current one.
#include "api/fakes_test.h"

namespace leoflow::api {
namespace {

const std::string kUploads = "/api/leoflow/v1/uploads/";
const std::string kDeployments = "/api/leoflow/v1/deployments";
const std::string kHash(64, 'a');
const Headers kBytes{{"content-type", "application/octet-stream"}};

class DeploymentRoutes : public ApiTest {
 protected:
  Response put(const std::string& query, const std::string& bytes, Headers headers = kBytes) {
    return call(Method::put, kUploads + kHash + query, bytes, std::move(headers));
  }
  static std::string wanted(const std::string& more = {}) {
    return R"({"project":"etl","file":"dag.py","label":"v1","archive":")" + kHash + '"' + more +
           "}";
  }
};

TEST_F(DeploymentRoutes, PartsArriveAsBytes) {
  EXPECT_EQ(get(kUploads + kHash).status, 404);
  EXPECT_EQ(body(put("?bytes=6&offset=0", "abc")).at("received").as_int64(), 3);
  EXPECT_EQ(put("?bytes=6&offset=1", "def").status, 409);
  EXPECT_TRUE(body(put("?bytes=6&offset=3", "def")).at("complete").as_bool());
  EXPECT_EQ(deployments.archive, "abcdef");
  EXPECT_EQ(put("?bytes=6", "abc", {{"content-type", "application/json"}}).status, 415);
  EXPECT_EQ(put("", "abc").status, 422);
  EXPECT_EQ(put("?bytes=" + std::to_string(kUploadBytesMax + 1), "abc").status, 413);
}

TEST_F(DeploymentRoutes, ADeploymentKnowsWhoAskedForIt) {
  Response begun = post(kDeployments, wanted(R"(,"activate":false,"image":"r/etl:v1")"));
  ASSERT_EQ(begun.status, 202) << begun.body;
  const DeploymentRequest& request = deployments.deployment.request;
  EXPECT_EQ(request.username, "admin");
  EXPECT_EQ(request.project, "etl");
  EXPECT_EQ(request.image, "r/etl:v1");
  EXPECT_FALSE(request.activate);
  EXPECT_EQ(post(kDeployments, wanted(R"(,"dag_json":{})")).status, 422);
}

TEST_F(DeploymentRoutes, TellsWhatBecameOfIt) {
  post(kDeployments, wanted());
  Deployment& deployment = deployments.deployment;
  deployment.state = DeploymentState::done;
  deployment.progress = {"Installed 1 package"};
  deployment.lines = 7;
  deployment.dags = {{.dag_id = "etl",
                      .version_number = 2,
                      .label = "v2",
                      .created = true,
                      .current = true,
                      .previous_number = 1,
                      .previous_label = "v1",
                      .changes = {{"task", "load", "changed", "", "retries"}}}};
  json::value done = body(get(kDeployments + "/d1"));
  EXPECT_EQ(done.at("lines").as_int64(), 7);
  EXPECT_EQ(done.at("dags").at(0).at("previous_label").as_string(), "v1");
  EXPECT_EQ(done.at("dags").at(0).at("changes").at(0).at("to").as_string(), "retries");
  EXPECT_TRUE(done.at("failure").is_null());
  deployment.state = DeploymentState::failed;
  deployment.failure = {.message = "SyntaxError: x", .file = "dag.py", .line = 3};
  EXPECT_EQ(body(get(kDeployments + "/d1")).at("failure").at("line").as_int64(), 3);
  EXPECT_EQ(get(kDeployments + "/other").status, 404);
}

TEST_F(DeploymentRoutes, ActivatingGoesBackToAVersion) {
  DagVersion version = *store->dags().get_version("etl", 1).value();
  version.content_hash = "other";
  ASSERT_TRUE(store->dags().register_version(version, {.dag_id = "etl"}, {.take_over = true}));
  const std::string first = "/api/leoflow/v1/dags/etl/versions/1/activate";
  Response watched = post(first, "");
  EXPECT_EQ(watched.status, 409);
  EXPECT_NE(watched.body.find("of the watched folder /ws"), std::string::npos);
  version.content_hash = "third";
  version.bundle_name = kPushedBundle;
  Dag pushed{.dag_id = "etl", .bundle_name = std::string(kPushedBundle)};
  ASSERT_TRUE(store->dags().register_version(version, pushed, {.take_over = true}));
  Response back = post(first, "");
  EXPECT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(body(back).at("version_number").as_int64(), 1);
  EXPECT_EQ(store->dags().get_dag("etl").value()->current_version,
            store->dags().get_version("etl", 1).value()->id);
  EXPECT_EQ(post("/api/leoflow/v1/dags/etl/versions/9/activate", "").status, 404);
  ASSERT_TRUE(store->dags().set_stale("etl", true));
  EXPECT_EQ(post(first, "").status, 409);
}

}  // namespace
}  // namespace leoflow::api
