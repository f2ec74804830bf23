// SPDX-License-Identifier: Apache-2.0
#include "authoring/leoflow_yaml.h"

#include <algorithm>

#include "authoring/yaml_sections.h"

namespace leoflow {
namespace {

using namespace yaml;

void read_schema_version(YamlReader& reader, const YamlNode& node) {
  const std::string version = reader.string(node);
  if (reader.status() && version != "1.0") {
    reader.refuse(node.line, "schema_version '" + version + "' is not known", "write \"1.0\"");
  }
  reader.describe("const", "1.0");
}

void read_dag_id(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  into.dag_id = reader.string(node);
  into.dag_id_line = node.line;
  if (reader.status() && !valid_key(*into.dag_id)) {
    reader.refuse(node.line, "'" + *into.dag_id + "' is not a valid dag_id",
                  "letters, digits, '_', '-' and '.', at most 250 bytes");
  }
  reader.describe("maxLength", 250);
}

bool is_requirement(std::string_view line) {
  return std::isalnum(static_cast<unsigned char>(line[0])) || line[0] == '_';
}

void read_dependencies(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  for (const std::string& line : read_lines(reader, node)) {
    if (!line.empty() && !is_requirement(line)) {
      reader.refuse(node.line, "dependencies: '" + line + "' is not a requirement",
                    "such as 'duckdb==1.4.4'");
    }
    into.dependencies.push_back(line);
  }
  reader.describe("examples", json::array{json::array{"duckdb==1.4.4"}});
}

// "postgres" stands for the provider package of that name.
void read_connectors(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  const auto names = read_lines(reader, node);
  for (const std::string& name : names) {
    std::string package = name;
    std::ranges::replace_if(package, [](char c) { return c == '.' || c == '_'; }, '-');
    auto good = [](char c) {
      return c == '-' || std::isdigit(static_cast<unsigned char>(c)) || std::islower(c);
    };
    if (package.empty() || !std::ranges::all_of(package, good) || package[0] == '-') {
      reader.refuse(node.line, "connectors: '" + name + "' is not a provider's short name",
                    "such as 'postgres'");
    }
    into.dependencies.push_back("apache-airflow-providers-" + package);
  }
  into.deploy["connectors"] = to_json(names);
}

bool is_module(std::string_view name) {
  bool start = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (start ? !(std::isalpha(byte) || c == '_') : !(std::isalnum(byte) || c == '_' || c == '.'))
      return false;
    start = c == '.';
  }
  return !start;
}

void read_preload(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  into.preload = reader.strings(node);
  for (const std::string& name : into.preload) {
    if (!is_module(name)) reader.refuse(node.line, "preload: '" + name + "' is not a module name");
  }
}

void read_staging(YamlReader& reader, const YamlNode& node, LeoflowYaml& into) {
  StagingSpec staging;
  reader.map(node,
             {
                 {"enabled", "Whether each run gets a volume of its own, LEOFLOW_STAGING_DIR.",
                  [&](const YamlNode& n) {
                    staging.enabled = reader.boolean(n);
                    reader.describe("default", false);
                  }},
                 {"size", "How much the volume may hold.",
                  [&](const YamlNode& n) {
                    staging.size = read_bytes(reader, n);
                    staging.size_bytes = bytes_of(staging.size);
                    reader.describe("default", json::value(StagingSpec{}.size));
                  }},
                 {"storage_class", "Storage class of the volume. Kubernetes only.",
                  [&](const YamlNode& n) { staging.storage_class = reader.string(n); }},
             });
  into.staging = staging;
}

std::string read_base_image(YamlReader& reader, const YamlNode& node) {
  std::string image = read_line(reader, node);
  if (image.find_first_of(" \t'\"\\$") != std::string::npos) {
    reader.refuse(node.line, "base_image: '" + image + "' has a character that is not allowed");
  }
  return image;
}

std::string read_dag_source(YamlReader& reader, const YamlNode& node) {
  std::string source = read_inner_path(reader, node);
  if (reader.status() && !source.ends_with(".py")) {
    reader.refuse(node.line, "dag_source: '" + source + "' is not a Python file");
  }
  reader.describe("pattern", R"(\.py$)");
  reader.describe("default", json::value(kDagSourceDefault));
  return source;
}

std::vector<std::string> read_inner_paths(YamlReader& reader, const YamlNode& node) {
  std::vector<std::string> paths;
  reader.list(node, [&](const YamlNode& item) { paths.push_back(read_inner_path(reader, item)); });
  return paths;
}

void no_schedule(YamlReader& reader, const YamlNode& node) {
  reader.refuse(node.line, "a schedule does not belong here",
                "give it in dag.py: DAG(schedule=...)");
}

YamlReader::Keys identity_keys(YamlReader& reader, LeoflowYaml& yaml) {
  return {
      {"schema_version", "Version of this format.",
       [&](const YamlNode& n) { read_schema_version(reader, n); }},
      {"dag_id", "The DAG this file applies to; without it, every DAG of the folder.",
       [&](const YamlNode& n) { read_dag_id(reader, n, yaml); }},
      {"description", "What the DAG does, shown in the web page and the API.",
       [&](const YamlNode& n) { yaml.description = reader.string(n, true); }},
      {"owner", "Who answers for the DAG; counts where the code leaves Airflow's default owner.",
       [&](const YamlNode& n) { yaml.owner = reader.string(n); }},
      {"tags", "Replaces the tags that the code gives.",
       [&](const YamlNode& n) { yaml.tags = reader.strings(n); }},
      {"python_version",
       "Interpreter of the tasks; without it 3.11, or the first installed of 3.12, 3.13, 3.10.",
       [&](const YamlNode& n) {
         yaml.python_version = reader.choice(n, {"3.10", "3.11", "3.12", "3.13"});
       }},
      {"dependencies",
       "Requirement lines, installed into the DAG's own environment by uv, else pip.",
       [&](const YamlNode& n) { read_dependencies(reader, n, yaml); }},
      {"connectors",
       "Short names of Airflow providers: 'postgres' stands for apache-airflow-providers-postgres.",
       [&](const YamlNode& n) { read_connectors(reader, n, yaml); }},
      {"preload", "Modules that the template interpreter imports ahead, so that tasks start warm.",
       [&](const YamlNode& n) { read_preload(reader, n, yaml); }},
      {"connections",
       "Connections that tasks may see; without it they see all.",
       [&](const YamlNode& n) { yaml.connections = reader.strings(n); }},
      {"variables", "Variables that tasks may see; without it they see all.",
       [&](const YamlNode& n) { yaml.variables = reader.strings(n); }},
      {"staging", "A folder that the tasks of one run share.",
       [&](const YamlNode& n) { read_staging(reader, n, yaml); }},
      {"start_ahead",
       "Whose pods are started while their upstreams still run; without it what the installation "
       "says. Kubernetes only.",
       [&](const YamlNode& n) {
         auto ahead = parse_start_ahead(reader.choice(n, {"never", "single", "all"}));
         yaml.start_ahead = ahead.value_or(StartAhead::inherit);
       }},
      {"defaults", "Settings of every task that neither tasks nor the code gives.",
       [&](const YamlNode& n) { read_defaults(reader, n, yaml); }},
      {"tasks", "Settings of single tasks by their id; tasks of a group are 'group.task'.",
       [&](const YamlNode& n) { read_tasks(reader, n, yaml); }},
  };
}

YamlReader::Keys deploy_keys(YamlReader& reader, LeoflowYaml& yaml) {
  json::object& deploy = yaml.deploy;
  return {
      {"base_image", "Image that container builds start from.",
       [&](const YamlNode& n) { deploy["base_image"] = read_base_image(reader, n); }},
      {"system_packages", "Debian packages that container builds install.",
       [&](const YamlNode& n) { deploy["system_packages"] = to_json(read_lines(reader, n)); }},
      {"dag_source", "The file that defines the DAG.",
       [&](const YamlNode& n) { yaml.dag_source = read_dag_source(reader, n); }},
      {"include_paths",
       "Files and folders that belong to the bundle; without it everything in the folder.",
       [&](const YamlNode& n) { yaml.include_paths = read_inner_paths(reader, n); }},
      {"exclude_paths",
       "What the bundle leaves out, in .gitignore syntax; .git, caches and virtual environments "
       "always are.",
       [&](const YamlNode& n) { yaml.exclude_paths = read_lines(reader, n); }},
      {"build", "How the container image is built.",
       [&](const YamlNode& n) { deploy["build"] = read_build(reader, n); }},
      {"registry", "Where the container image goes.",
       [&](const YamlNode& n) { deploy["registry"] = read_registry(reader, n); }},
      {"dbt", "A dbt project of which tasks are made. Kept, but no tasks are made from it.",
       [&](const YamlNode& n) { deploy["dbt"] = read_dbt(reader, n); }},
      {"dbt_groups", "Several dbt projects by group name. Kept, but no tasks are made from them.",
       [&](const YamlNode& n) { deploy["dbt_groups"] = read_dbt_groups(reader, n); }},
      {"alerts", "Who is told.",
       [&](const YamlNode& n) { deploy["alerts"] = read_alerts(reader, n); }},
      {"schedule", "", [&](const YamlNode& n) { no_schedule(reader, n); }},
  };
}

void read_top(YamlReader& reader, const YamlNode& node, LeoflowYaml& yaml) {
  YamlReader::Keys keys = identity_keys(reader, yaml);
  for (auto& key : deploy_keys(reader, yaml)) keys.push_back(std::move(key));
  reader.map(node, keys);
}

void add_warnings(LeoflowYaml& yaml) {
  for (const char* key : {"dbt", "dbt_groups"}) {
    if (!yaml.deploy.contains(key)) continue;
    yaml.warnings.push_back(std::string("leoflow.yaml: '") + key +
                            "' is kept, but no dbt tasks are made from it");
  }
  if (yaml.python_version == "3.10") {
    yaml.warnings.emplace_back(
        "leoflow.yaml: python_version 3.10 has reached its end of life; use 3.11 or newer");
  }
}

}  // namespace

Result<LeoflowYaml> parse_leoflow_yaml(std::string_view text, std::string_view name) {
  auto tree = parse_yaml(text, name);
  if (!tree) return fail(tree);
  LeoflowYaml yaml;
  YamlReader reader{std::string(name)};
  read_top(reader, *tree, yaml);
  if (auto status = reader.status(); !status) return fail(status);
  std::ranges::sort(yaml.dependencies);
  const auto repeated = std::ranges::unique(yaml.dependencies);
  yaml.dependencies.erase(repeated.begin(), repeated.end());
  add_warnings(yaml);
  return yaml;
}

json::object leoflow_yaml_schema() {
  json::object schema{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", kLeoflowYaml},
      {"description", "Deploy configuration of the Leoflow DAG or DAGs beside it."}};
  LeoflowYaml unused;
  YamlReader reader = YamlReader::describing(schema);
  read_top(reader, YamlNode{}, unused);
  return schema;
}

}  // namespace leoflow
