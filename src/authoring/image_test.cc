// SPDX-License-Identifier: Apache-2.0
// Images: what they are called, what they are made of, and the tools that make them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "authoring/image_failure.h"
#include "authoring/image_tool.h"
#include "authoring/test_support.h"
#include "model/pod_image.h"

namespace leoflow {
namespace {

using Words = std::vector<std::string>;

CompiledFile compiled_of(json::object deploy) {
  CompiledDag dag;
  dag.spec.dag_id = "Etl_Daily";
  dag.spec.python_version = "3.12";
  dag.spec.dependencies = {"duckdb==1.4.4"};
  dag.spec.deploy = std::move(deploy);
  dag.version.environment = "e1";
  CompiledFile compiled;
  compiled.file.project = "/p/etl";
  compiled.dags.push_back(std::move(dag));
  compiled.bundle = {.hash = "b1", .path = "/bundles/b1"};
  return compiled;
}

const Origin kTagged{.label = "v1.2", .commit = "0123456789abcdef"};
const Origin kDirty{.label = "v1.2-3-g0123456-dirty", .commit = "0123456789abcdef"};

std::string name_of(json::object registry, const Origin& origin, const ImageChoice& choice = {}) {
  auto plan = plan_image(compiled_of({{"registry", std::move(registry)}}), origin, choice);
  return plan ? plan->name : "refused: " + plan.error().hint();
}

TEST(ImagePlan, NamesImagesByRegistryDagAndVersion) {
  EXPECT_EQ(name_of({}, kTagged), "localhost/etl_daily:v1.2");
  EXPECT_EQ(name_of({{"url", "https://r.example.org/flows/"}, {"image_name", "My ETL"}}, kDirty),
            "r.example.org/flows/my-etl:v1.2-3-g0123456-dirty");
  EXPECT_EQ(name_of({}, kTagged, {.registry = "r:5000", .tag = "feature/x"}),
            "r:5000/etl_daily:feature-x");
  EXPECT_EQ(name_of({{"tag_strategy", "git_sha"}}, kDirty),
            "localhost/etl_daily:0123456789abcdef-dirty");
  EXPECT_EQ(name_of({{"tag_strategy", "git_tag"}}, kTagged), "localhost/etl_daily:v1.2");
}

TEST(ImagePlan, ATagThatGitDoesNotHaveMustBeNamed) {
  const std::string refused = "refused: name a tag with --tag";
  const Origin hash{.label = "0123456", .commit = kTagged.commit};
  EXPECT_EQ(name_of({{"tag_strategy", "git_tag"}}, kDirty), refused);
  EXPECT_EQ(name_of({{"tag_strategy", "git_tag"}}, hash), refused);
  EXPECT_EQ(name_of({{"tag_strategy", "custom"}}, kTagged), refused);
  EXPECT_EQ(name_of({{"tag_strategy", "git_sha"}}, {.label = "dev-1"}),
            "refused: commit it, or name a tag with --tag");
  EXPECT_EQ(name_of({{"tag_strategy", "custom"}}, kTagged, {.tag = "x"}), "localhost/etl_daily:x");
}

TEST(ImagePlan, TheContainerFileEndsWithWhatChangesMostOften) {
  auto plan = plan_image(
      compiled_of({{"system_packages", json::array{"libpq5"}},
                   {"build", json::object{{"labels", json::object{{"team", R"(a "b" $c)"}}}}}}),
      kTagged, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(container_file(*plan, {}),
            R"(# Made by `leoflow build`. What changes seldom comes first.
FROM docker.io/library/python:3.12-slim
USER 0:0
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends 'libpq5' \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /opt/leoflow/requirements.txt
RUN python3.12 -m venv /opt/leoflow/environment \
 && /opt/leoflow/environment/bin/python -m pip install --no-cache-dir --no-input )"
            R"(--disable-pip-version-check -r /opt/leoflow/requirements.txt
COPY leoflow/ /opt/leoflow/
LABEL "team"="a \"b\" \$c"
LABEL "org.opencontainers.image.version"="v1.2"
LABEL "org.opencontainers.image.revision"="0123456789abcdef"
LABEL "io.leoflow.bundle"="b1"
LABEL "io.leoflow.environment"="e1-3.12"
USER 65532:65532
)");
}

TEST(ImagePlan, AContainerFileOfTheProjectsOwnIsTakenAsItIs) {
  TemporaryFolder folder;
  folder.write("etl/docker/Dockerfile", "FROM x\n");
  auto compiled = compiled_of({{"build", json::object{{"dockerfile", "docker/Dockerfile"}}}});
  compiled.file.project = folder / "etl";
  auto plan = plan_image(compiled, kTagged, {});
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->labels.contains("io.leoflow.bundle"), false);
  const Words words = build_arguments({"podman", ""}, *plan, "/s", {});
  EXPECT_EQ(words.at(2), (folder / "etl/docker/Dockerfile").string());
  EXPECT_EQ(fs::path(words.back()).lexically_normal(), folder / "etl/");
  compiled.file.project = folder / "none";
  EXPECT_EQ(plan_image(compiled, kTagged, {}).error().code(), Code::invalid);
}

TEST(ImageTool, PipsSettingsAreMountedNotCopied) {
  PipSecrets pip = pip_secrets({{"PIP_INDEX_URL", "https://u:secret@pypi.example.org/simple"},
                                {"PIP_CERT", "/nonexistent"},
                                {"PIP_TARGET", "/elsewhere"}});
  EXPECT_EQ(pip.config, "[global]\nindex-url = https://u:secret@pypi.example.org/simple\n");
  EXPECT_EQ(pip.cert, "");
  auto plan = plan_image(compiled_of({}), kTagged, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(container_file(*plan, pip).find("secret@"), std::string::npos);
  EXPECT_NE(container_file(*plan, pip).find("type=secret,id=pip,"), std::string::npos);
}

TEST(ImageTool, KnowsTheArgumentsOfEachTool) {
  auto plan = plan_image(compiled_of({}), kTagged, {.registry = "r.example.org"});
  ASSERT_TRUE(plan);
  const std::string name = plan->name;
  EXPECT_EQ(build_arguments({"docker", ""}, *plan, "/s", {}),
            (Words{"build", "--file", "/s/Containerfile", "--tag", name, "/s/context"}));
  EXPECT_EQ(build_arguments({"buildah", ""}, *plan, "/s", {.config = "x"}),
            (Words{"build", "--layers", "--file", "/s/Containerfile", "--tag", name, "--secret",
                   "id=pip,src=/s/pip.conf", "/s/context"}));
  EXPECT_EQ(push_arguments({"docker", ""}, *plan, "/s/digest"), (Words{"push", name}));
  plan->platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(build_arguments({"podman", ""}, *plan, "/s", {}),
            (Words{"build", "--file", "/s/Containerfile", "--manifest", name, "--platform",
                   "linux/amd64,linux/arm64", "/s/context"}));
  EXPECT_EQ(
      push_arguments({"podman", ""}, *plan, "/s/digest"),
      (Words{"manifest", "push", "--all", "--digestfile", "/s/digest", name, "docker://" + name}));
}

TEST(ImageTool, PlainHttpIsForTheRegistryThatWasNamedSo) {
  auto compiled = compiled_of({{"base_image", "r:5000/python"}});
  auto plan = plan_image(compiled, kTagged, {.registry = "http://r:5000/flows/"});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->name, "r:5000/flows/etl_daily:v1.2");
  const ImageTool podman{"podman", ""}, docker{"docker", ""}, nerdctl{"nerdctl", ""};
  EXPECT_EQ(push_arguments(podman, *plan, "/d"),
            (Words{"push", "--tls-verify=false", "--digestfile", "/d", plan->name}));
  EXPECT_EQ(push_arguments(nerdctl, *plan, "/d"),
            (Words{"push", "--insecure-registry", plan->name}));
  EXPECT_EQ(
      login_arguments(podman, *plan, "ci"),
      (Words{"login", "--tls-verify=false", "--username", "ci", "--password-stdin", "r:5000"}));
  EXPECT_EQ(push_arguments(docker, *plan, "/d"), (Words{"push", plan->name}));
  EXPECT_EQ(build_arguments(podman, *plan, "/s", {}).at(1), "--tls-verify=false");
  plan->base_image = "docker.io/library/python";  // no reason to trust anybody else
  EXPECT_EQ(build_arguments(podman, *plan, "/s", {}).at(1), "--file");
}

TEST(ImageTool, AFailureNamesItsWayOut) {
  auto plan = plan_image(compiled_of({}), kTagged, {.registry = "r.example.org/flows"});
  ASSERT_TRUE(plan);
  struct {
    std::string tool, step, said;
    Code code;
    std::string hint;
  } const rows[]{
      {"podman", "push", "Error: ... in r.example.org/f: unauthorized: authentication required",
       Code::unauthenticated, "`podman login REGISTRY`"},
      {"docker", "push", "no basic auth credentials", Code::unauthenticated, "auth_method: env"},
      {"docker", "login", "login attempt to http://r/v2/ failed with status: 401 Unauthorized",
       Code::unauthenticated, "LEOFLOW_REGISTRY_PASSWORD are right"},
      {"podman", "login", "Error: logging into \"r\": invalid username/password",
       Code::unauthenticated, "LEOFLOW_REGISTRY_USERNAME"},
      {"docker", "push",
       "Get \"https://r/v2/\": dial tcp 10.0.0.1:5009: connect: connection refused",
       Code::unavailable, "registry.url (r.example.org)"},
      {"podman", "build", "Error: pinging container registry nowhere: dial tcp: lookup nowhere",
       Code::unavailable, "base_image (docker.io/library/python:3.12-slim)"},
      {"buildah", "push", "http: server gave HTTP response to HTTPS client", Code::invalid,
       "http://r.example.org"},
      {"docker", "push", "http: server gave HTTP response to HTTPS client", Code::invalid,
       "insecure-registries"},
      {"buildah", "build", "http: server gave HTTP response to HTTPS client", Code::invalid,
       "registries.conf"},
      {"podman", "build", "reading manifest 9 in r/python: manifest unknown", Code::not_found,
       "base_image"},
      {"docker", "build", "unknown flag: --secret", Code::invalid, "buildx"},
      {"docker", "build", "Cannot connect to the Docker daemon at unix:///run/docker.sock.",
       Code::unavailable, "DOCKER_HOST"},
      {"podman", "push", "x509: certificate signed by unknown authority", Code::invalid,
       "/etc/containers/certs.d"},
      {"podman", "build", "ERROR: No matching distribution found for duckdb==99", Code::invalid,
       "PIP_INDEX_URL"},
      {"podman", "build", "something else", Code::invalid, "leoflow build --print"},
  };
  for (const auto& row : rows) {
    const Error error =
        image_failure({row.tool, "/bin/" + row.tool, row.step, "exit code 1", row.said}, *plan);
    EXPECT_EQ(error.code(), row.code) << row.said;
    EXPECT_NE(error.hint().find(row.hint), std::string::npos) << row.said << error.hint();
    EXPECT_EQ(error.message(), row.tool + " " + row.step + ": exit code 1\n" + row.said);
  }
}

TEST(ImageTool, AFailureRepeatsTheLastLinesOnly) {
  EXPECT_EQ(last_lines("1\n2\n3\n4\n5\n6\n7\n8\n\n"), "3\n4\n5\n6\n7\n8");
  EXPECT_EQ(last_lines("1\n2"), "1\n2");
  EXPECT_EQ(last_lines(" \n"), "");
  EXPECT_EQ(last_lines(std::string(5000, 'x')), "..." + std::string(2000, 'x'));
}

// Writes down what it is called with, and a digest where one is asked for.
constexpr const char* kRecordingTool = R"(#!/bin/sh
echo "$@" >> "$TOOL_LOG"
[ "$1" = build ] && echo "STEP 1: FROM"
while [ $# -gt 0 ]; do
  [ "$1" = --digestfile ] && printf 'sha256:abc' > "$2"
  [ "$1" = --password-stdin ] && { printf 'password '; cat; } >> "$TOOL_LOG"
  shift
done
exit ${TOOL_EXIT:-0}
)";

struct RecordingToolTest : testing::Test {
  TemporaryFolder folder;
  ImagePlan plan;
  Variables variables{{"TOOL_LOG", (folder / "log").string()}, {"PATH", "/usr/bin:/bin"}};

  void SetUp() override {
    folder.write("bin/buildah", kRecordingTool);
    chmod((folder / "bin/buildah").c_str(), 0755);
    folder.write("bundle/dag.py", "x");
    json::object registry{{"url", "r.example.org/f"}, {"auth_method", "env"}};
    auto made = plan_image(compiled_of({{"registry", std::move(registry)}}), kTagged, {});
    ASSERT_TRUE(made);
    plan = *made;
    plan.bundle = folder / "bundle";
  }
  ImageBuilder builder() const {
    auto tool = find_image_tool("", (folder / "bin").string());
    EXPECT_TRUE(tool);
    return ImageBuilder(*tool, variables);
  }
  std::string log() const { return read_file(folder / "log").value_or(""); }
};

TEST_F(RecordingToolTest, BuildsAndPushesByDigest) {
  Words lines;
  ASSERT_TRUE(builder().build(
      plan, {.on_progress = [&](std::string_view line) { lines.emplace_back(line); }}));
  EXPECT_EQ(lines, Words{"STEP 1: FROM"});
  EXPECT_EQ(builder().login(plan).error().code(), Code::unauthenticated);
  variables["LEOFLOW_REGISTRY_USERNAME"] = "ci";
  variables["LEOFLOW_REGISTRY_PASSWORD"] = "geheim";
  ASSERT_TRUE(builder().login(plan));
  auto pushed = builder().push(plan, {});
  ASSERT_TRUE(pushed) << pushed.error().text();
  EXPECT_EQ(*pushed, "r.example.org/f/etl_daily@sha256:abc");
  EXPECT_NE(log().find("login --username ci --password-stdin r.example.org\npassword geheim"),
            std::string::npos);
}

// Says what a docker does that pushed the image elsewhere before.
constexpr const char* kDocker = R"(#!/bin/sh
echo "$DOCKER_BUILDKIT $@" >> "$TOOL_LOG"
case $1 in
  push) echo "v1.2: digest: $TOLD size: 1154" ;;
  image) echo other.example.org/etl@sha256:@ | tr @ 0; echo "r.example.org/f/etl_daily@$LISTED" ;;
esac
)";

TEST_F(RecordingToolTest, DockersDigestIsThatOfThisRegistry) {
  folder.write("docker/docker", kDocker);
  chmod((folder / "docker/docker").c_str(), 0755);
  const std::string told = "sha256:" + std::string(64, 'a');
  const std::string listed = "sha256:" + std::string(64, 'b');
  variables["TOLD"] = told;
  variables["LISTED"] = listed;
  variables["PIP_INDEX_URL"] = "https://pypi.example.org/simple";
  const ImageTool docker{"docker", folder / "docker/docker"};
  EXPECT_EQ(ImageBuilder(docker, variables).push(plan, {}).value_or(""),
            "r.example.org/f/etl_daily@" + told);
  variables["TOLD"] = "none";
  EXPECT_EQ(ImageBuilder(docker, variables).push(plan, {}).value_or(""),
            "r.example.org/f/etl_daily@" + listed);
  ASSERT_TRUE(ImageBuilder(docker, variables).build(plan, {}));
  EXPECT_NE(log().find("1 build --file"), std::string::npos) << "secrets need BuildKit";
}

TEST_F(RecordingToolTest, TellsWhatTheToolSaid) {
  variables["TOOL_EXIT"] = "125";
  auto built = builder().build(plan, {});
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code(), Code::invalid);
  EXPECT_NE(built.error().message().find("STEP 1: FROM"), std::string::npos);
  EXPECT_NE(built.error().hint().find("--tool"), std::string::npos);
  EXPECT_EQ(find_image_tool("", "/nonexistent").error().code(), Code::not_found);
  EXPECT_NE(find_image_tool("nerdctl", "/nonexistent").error().hint().find("--print"),
            std::string::npos);
}

TEST_F(RecordingToolTest, TheContextHoldsTheBundleAndSaysSo) {
  ASSERT_TRUE(make_folder(folder / "context"));
  ASSERT_TRUE(write_build_context(plan, {}, folder / "context"));
  EXPECT_EQ(read_file(folder / "context/leoflow/bundle/dag.py").value_or(""), "x");
  auto content =
      pod::read_image_content(read_file(folder / "context/leoflow/image.json").value_or(""));
  ASSERT_TRUE(content);
  EXPECT_EQ(content->bundle, "b1");
  EXPECT_EQ(content->environment, "e1-3.12");
  EXPECT_EQ(content->site_packages, "/opt/leoflow/environment/lib/python3.12/site-packages");
  EXPECT_EQ(read_file(folder / "context/requirements.txt").value_or(""), "duckdb==1.4.4\n");
}

}  // namespace
}  // namespace leoflow
