// SPDX-License-Identifier: Apache-2.0
#include "authoring/leoflow_yaml.h"

#include <gtest/gtest.h>

#include "authoring/nearest.h"
#include "authoring/yaml_reader.h"
#include "model/json_schema.h"

namespace leoflow {
namespace {

struct BadFile {
  const char* text;
  const char* message;  // after "leoflow.yaml: "
  const char* hint;
};

constexpr const char* kKnownKeys =
    "known keys: schema_version, dag_id, description, owner, tags, python_version, dependencies, "
    "connectors, preload, connections, variables, staging, start_ahead, defaults, tasks, "
    "base_image, "
    "system_packages, dag_source, include_paths, exclude_paths, build, registry, dbt, dbt_groups, "
    "alerts";

const BadFile kBadFiles[] = {
    {"dag_id: a\ndependancies: []\n", "unknown key 'dependancies' at line 2",
     "did you mean 'dependencies'?"},
    // A key that exists only to be refused is nobody's spelling mistake.
    {"shedule: x\n", "unknown key 'shedule' at line 1", kKnownKeys},
    {"tasks:\n  a:\n    retrys: 1\n", "unknown key 'retrys' in tasks.a at line 3",
     "did you mean 'retries'?"},
    {"tags: [a]\nowner: x\ntags: [b]\n", "key 'tags' is given twice, at lines 1 and 3", ""},
    {"defaults: &d\n  retries: 1\ntasks:\n  a:\n    <<: *d\n",
     "merge key '<<' is not supported at line 5", "write the keys out"},
    {"defaults:\n  retries: 010\n",
     "defaults.retries must be a whole number from 0 to 1000, not 010, at line 2",
     "write decimal digits without leading zeros"},
    {"defaults:\n  retries: \"3\"\n",
     "defaults.retries must be a whole number from 0 to 1000, not text, at line 2",
     "remove the quotes"},
    {"defaults:\n  retries: -1\n",
     "defaults.retries must be a whole number from 0 to 1000, not -1, at line 2",
     "write decimal digits without leading zeros"},
    {"python_version: 3.11\n", "python_version must be text, not a number, at line 1",
     "put it in quotes: \"3.11\""},
    {"python_version: \"3.9\"\n",
     "python_version must be one of 3.10, 3.11, 3.12, 3.13, not '3.9', at line 1", ""},
    {"staging:\n  enabled: yes\n", "staging.enabled must be true or false, not yes, at line 2", ""},
    {"staging:\n  enabled: \"true\"\n",
     "staging.enabled must be true or false, not text, at line 2", "remove the quotes"},
    {"staging: true\n", "staging must be a map, not true or false, at line 1", ""},
    {"staging:\n  size: lots\n", "staging.size: 'lots' is not a size, at line 2",
     "write it as \"512Mi\" or \"5Gi\""},
    {"owner: no\n", "owner must be text, not true or false, at line 1", "put it in quotes: \"no\""},
    {"owner:\n", "owner must be text, not nothing, at line 1", ""},
    {"tags: etl\n", "tags must be a list, not text, at line 1", ""},
    {"tags: [a, a]\n", "tags[1] repeats 'a' at line 1", ""},
    {"schedule: '@daily'\n", "a schedule does not belong here at line 1",
     "give it in dag.py: DAG(schedule=...)"},
    {"schema_version: '2'\n", "schema_version '2' is not known at line 1", "write \"1.0\""},
    {"dag_id: 'a b'\n", "'a b' is not a valid dag_id at line 1",
     "letters, digits, '_', '-' and '.', at most 250 bytes"},
    {"dependencies: ['-r x.txt']\n", "dependencies: '-r x.txt' is not a requirement at line 1",
     "such as 'duckdb==1.4.4'"},
    {"preload: ['a b']\n", "preload: 'a b' is not a module name at line 1", ""},
    {"include_paths: ['../x']\n", "include_paths[0] must stay inside the project folder, at line 1",
     "write a path relative to leoflow.yaml, without '..'"},
    {"tasks:\n  a:\n    env: {LEOFLOW_X: '1'}\n", "tasks.a.env: 'LEOFLOW_X' is reserved at line 3",
     "names must not begin with LEOFLOW_"},
    {"tasks:\n  a:\n    env: {A: 1}\n", "tasks.a.env.A must be text, not a number, at line 3",
     "put it in quotes: \"1\""},
    {"tasks:\n  a:\n    execution: {labels: {leoflow.io/x: z}}\n",
     "tasks.a.execution.labels: 'leoflow.io/x' is reserved at line 3",
     "names must not begin with leoflow.io/"},
    {"defaults:\n  resources: {cpu: 1}\n",
     "defaults.resources needs both 'cpu' and 'memory' at line 2", ""},
    {"alerts:\n  on_failure:\n    - {type: slack, conn: c, message: 'x {{dg}}'}\n",
     "alerts.on_failure[0].message: unknown placeholder '{{dg}}' at line 3", "did you mean 'dag'?"},
    {"alerts:\n  on_failure: [{type: slack}]\n", "alerts.on_failure[0] lacks 'conn' at line 2", ""},
    {"registry: {auth_method: iamm}\n",
     "registry.auth_method must be one of docker_config, env, iam, not 'iamm', at line 1",
     "did you mean 'iam'?"},
    {"a: 1\n---\nb: 2\n", "more than one document at line 3", "remove the '---' line"},
    {"- a\n", "the file must be a map, not a list, at line 1", ""},
    {"owner: !!int 3\n", "tag 'tag:yaml.org,2002:int' is not allowed at line 1",
     "write the plain value"},
};

TEST(LeoflowYaml, NamesTheMistakeAndItsLine) {
  for (const BadFile& bad : kBadFiles) {
    const auto yaml = parse_leoflow_yaml(bad.text);
    ASSERT_FALSE(yaml) << bad.text;
    EXPECT_EQ(yaml.error().message(), std::string("leoflow.yaml: ") + bad.message) << bad.text;
    EXPECT_EQ(yaml.error().hint(), bad.hint) << bad.text;
    EXPECT_EQ(yaml.error().code(), Code::invalid);
  }
}

TEST(LeoflowYaml, NamesTheLineOfASyntaxError) {
  const auto yaml = parse_leoflow_yaml("owner: x\ntags: [a\nstaging: {}\n");
  ASSERT_FALSE(yaml);
  EXPECT_NE(yaml.error().message().find(" at line "), std::string::npos) << yaml.error().message();
}

TEST(LeoflowYaml, AliasesAreBounded) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) text += before + ", ";
    text += before + "]\n";
  }
  const auto yaml = parse_leoflow_yaml(text);
  ASSERT_FALSE(yaml);
  EXPECT_EQ(yaml.error().message(), "leoflow.yaml: more than 50000 values");
}

constexpr const char* kFull = R"(schema_version: "1.0"
dag_id: etl
description: ""
owner: data-eng
tags: [b, a]
python_version: "3.12"
base_image: example/runtime:py3.12
dependencies: [psycopg2-binary==2.9.10, duckdb==1.4.4]
connectors: [postgres, common.sql]
preload: [duckdb, os.path]
connections: [etl_target]
variables: []
system_packages: [libpq5]
include_paths: [dag.py, sql]
exclude_paths: ["*.csv"]
build: {dockerfile: Dockerfile, context: ., platforms: [linux/amd64], labels: {a: b}}
registry: {url: registry.example, auth_method: env, image_name: etl, tag_strategy: git_sha}
alerts: {on_failure: [{type: webhook, conn: hook, message: "{{ dag }} {{run_id}}"}]}
staging: {enabled: true, size: 5Gi, storage_class: fast}
defaults:
  retries: 2
  retry_delay_seconds: 10
  execution_timeout_seconds: 60
  size: 3
  node_selector: {disk: ssd}
  resources: {cpu: 500m, memory: 512Mi}
tasks:
  load:
    retries: 5
    env: {MODE: "1"}
    connections: [etl_target]
    resources: {limits: {memory: 1Gi}}
    execution: {service_account: loader, tolerations: [{key: a, value: 1}]}
)";

DagSpec two_tasks() {
  DagSpec dag;
  dag.dag_id = "etl";
  dag.owners = {"airflow"};
  for (const char* id : {"extract", "load"}) {
    TaskSpec task;
    task.task_id = id;
    dag.tasks.push_back(task);
  }
  EXPECT_TRUE(dag.finish());
  return dag;
}

TEST(LeoflowYaml, ReadsEveryKey) {
  const auto yaml = parse_leoflow_yaml(kFull);
  ASSERT_TRUE(yaml) << yaml.error().text();
  const std::vector<std::string> dependencies{"apache-airflow-providers-common-sql",
                                              "apache-airflow-providers-postgres", "duckdb==1.4.4",
                                              "psycopg2-binary==2.9.10"};
  EXPECT_EQ(yaml->dependencies, dependencies);
  EXPECT_EQ(yaml->staging->size_bytes, uint64_t(5) << 30);
  EXPECT_EQ(
      json::dump(yaml->deploy.at("registry")),
      R"({"url":"registry.example","auth_method":"env","image_name":"etl","tag_strategy":"git_sha"})");
  EXPECT_EQ(yaml->python_version, "3.12");
  EXPECT_TRUE(yaml->variables && yaml->variables->empty());
  EXPECT_TRUE(parse_leoflow_yaml(""));
  EXPECT_TRUE(parse_leoflow_yaml("# nothing\n"));
}

TEST(LeoflowYaml, TaskBeatsCodeBeatsDefaults) {
  auto yaml = parse_leoflow_yaml(kFull);
  ASSERT_TRUE(yaml);
  DagSpec dag = two_tasks();
  dag.tasks[0].retry_delay = std::chrono::seconds(7);
  ASSERT_TRUE(apply_leoflow_yaml(*yaml, kLeoflowYaml, dag));
  const TaskSpec& extract = dag.tasks[0];
  const TaskSpec& load = dag.tasks[1];
  EXPECT_EQ(extract.retries, 2);
  EXPECT_EQ(extract.retry_delay, std::chrono::seconds(7));
  EXPECT_EQ(extract.execution_timeout, std::chrono::seconds(60));
  EXPECT_EQ(extract.pool_slots, 3);
  EXPECT_EQ(load.retries, 5);
  EXPECT_EQ(load.retry_delay, std::chrono::seconds(10));
  EXPECT_EQ(load.env.at("MODE"), "1");
  EXPECT_EQ(load.resources->memory_limit_bytes, uint64_t(1) << 30);
  EXPECT_EQ(load.resources->cpu_limit, "500m");
  EXPECT_EQ(json::dump(load.execution.at("node_selector")), R"({"disk":"ssd"})");
  EXPECT_EQ(dag.owners, std::vector<std::string>{"data-eng"});
  EXPECT_EQ(dag.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(load.owner, "data-eng");
}

TEST(LeoflowYaml, UnknownTaskIsRefusedWithTheNearest) {
  const auto yaml = parse_leoflow_yaml("tasks:\n  laod: {retries: 1}\n");
  ASSERT_TRUE(yaml);
  DagSpec dag = two_tasks();
  const auto applied = apply_leoflow_yaml(*yaml, kLeoflowYaml, dag);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message(),
            "leoflow.yaml: tasks names 'laod', which is not a task of DAG 'etl', at line 2");
  EXPECT_EQ(applied.error().hint(), "did you mean 'load'?");
}

// What the reader would take from the text, as JSON.
json::value as_json(std::string_view text) {
  const auto tree = parse_yaml(text, "test");
  EXPECT_TRUE(tree) << text;
  YamlReader reader("test");
  json::value value = reader.any(*tree);
  EXPECT_TRUE(reader.status()) << text;
  return value;
}

TEST(LeoflowYamlSchema, AcceptsWhatTheReaderAccepts) {
  const json::value schema = leoflow_yaml_schema();
  for (const char* text : {kFull, "", "staging:\n", "staging: {size: 100000}\n",
                           "tasks:\n  a:\n  b: {env: {}}\n", "dbt: {project: dbt}\n"}) {
    ASSERT_TRUE(parse_leoflow_yaml(text)) << text;
    const json::value value = as_json(text);
    for (const SchemaViolation& violation : check_json_schema(value, schema))
      ADD_FAILURE() << text << path_text(violation.path) << ": " << violation.message;
  }
}

TEST(LeoflowYamlSchema, RefusesMistakesOfShape) {
  const json::value schema = leoflow_yaml_schema();
  for (const char* text :
       {"dependancies: []\n", "tasks:\n  a:\n    retrys: 1\n", "defaults:\n  retries: -1\n",
        "defaults: {retries: 1001}\n", "python_version: '3.9'\n", "staging: {enabled: 'true'}\n",
        "tags: [a, a]\n", "tags: etl\n", "schedule: '@daily'\n", "schema_version: '2'\n",
        "alerts: {on_failure: [{type: slack}]}\n", "registry: {auth_method: iamm}\n",
        "defaults: {resources: {cpu: 1}}\n", "tasks: {a: {env: {A: 1}}}\n",
        "tasks: {a: {execution: {affinity: [1]}}}\n", "dag_source: dag.txt\n"}) {
    EXPECT_FALSE(parse_leoflow_yaml(text)) << text;
    EXPECT_FALSE(check_json_schema(as_json(text), schema).empty()) << text;
  }
}

// Objects that list their keys, and those below them.
void expect_described(const json::object& schema, const std::string& path) {
  if (const json::object* properties = json::object_or_null(schema, "properties")) {
    EXPECT_EQ(schema.at("additionalProperties"), json::value(false)) << path;
    for (const auto& [name, value] : *properties) {
      const std::string inner = path + "." + std::string(name);
      EXPECT_TRUE(json::string_or(value.get_object(), "description").ends_with('.')) << inner;
      expect_described(value.get_object(), inner);
    }
  }
  for (const char* below : {"items", "additionalProperties"}) {
    if (const json::object* inner = json::object_or_null(schema, below))
      expect_described(*inner, path + "." + below);
  }
}

TEST(LeoflowYamlSchema, DescribesEveryKey) {
  const json::object schema = leoflow_yaml_schema();
  expect_described(schema, "");
  EXPECT_EQ(schema.at("properties").at("staging").at("properties").at("size").at("default"), "1Gi");
  EXPECT_EQ(schema.at("properties").at("defaults").at("properties").at("retries").at("maximum"),
            kRetriesMax);
}

TEST(NearestName, KnowsTyposFromOtherWords) {
  const std::string_view known[] = {"retries", "resources", "env"};
  EXPECT_EQ(nearest_name("retires", known), "retries");
  EXPECT_EQ(nearest_name("nev", known), "env");
  EXPECT_EQ(nearest_name("schedule", known), "");
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace leoflow
