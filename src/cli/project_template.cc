// SPDX-License-Identifier: Apache-2.0
#include "cli/project_template.h"

namespace leoflow::cli {
namespace {

constexpr std::string_view kDagPy =
    R"PY("""Three tasks: each starts when what it needs is there, each in a process of its own."""
from airflow.sdk import DAG, task


@task
def extract() -> list[int]:
    print("fetching numbers")
    return [3, 1, 2]


@task
def transform(numbers: list[int]) -> dict:
    return {"sorted": sorted(numbers), "sum": sum(numbers)}


@task
def load(result: dict) -> None:
    print(f"the sum is {result['sum']}")


with DAG("@DAG_ID@", schedule=None, catchup=False, tags=["example"]):
    load(transform(extract()))
)PY";

constexpr std::string_view kYaml = R"YAML(# How this DAG is deployed. What it does stands in dag.py.
schema_version: "1.0"
dag_id: @DAG_ID@
description: Three small tasks to start from.
owner: me
tags: [example]
python_version: "3.11"

# Packages from PyPI that the tasks need; an environment with them is built once and kept.
# dependencies:
#   - requests==2.32.3

# Connections and variables that tasks may see (AIRFLOW_CONN_<ID>, AIRFLOW_VAR_<KEY>);
# without these lines a task sees all of them.
# connections: [warehouse]
# variables: [region]

# A folder that the tasks of one run share: LEOFLOW_STAGING_DIR. Freed when the run succeeds.
# staging:
#   enabled: true
#   size: 1Gi
)YAML";

std::string filled(std::string_view text, const std::string& dag_id) {
  constexpr std::string_view kMark = "@DAG_ID@";
  std::string result(text);
  for (size_t at = 0; (at = result.find(kMark, at)) != std::string::npos; at += dag_id.size()) {
    result.replace(at, kMark.size(), dag_id);
  }
  return result;
}

// The folder's name with everything that an id cannot have as an underscore.
std::string id_of(const fs::path& folder) {
  std::string name = fs::absolute(folder).lexically_normal().filename().string();
  if (name.empty())
    name = fs::absolute(folder).lexically_normal().parent_path().filename().string();
  for (char& c : name) {
    bool fits = isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
    if (!fits) c = '_';
  }
  return name;
}

}  // namespace

Result<std::string> write_project(const fs::path& folder) {
  std::string dag_id = id_of(folder);
  if (dag_id.empty() || dag_id.size() > 200) {
    return fail(Code::invalid, "the name of " + folder.string() + " cannot be the id of a DAG");
  }
  for (const char* name : {"dag.py", "leoflow.yaml"}) {
    std::error_code ignored;
    if (fs::exists(folder / name, ignored)) {
      return fail(Code::exists, (folder / name).string() + " is there already; nothing was written",
                  "choose a new folder");
    }
  }
  if (auto status = make_folder(folder); !status) return fail(status);
  if (auto status = write_file(folder / "dag.py", filled(kDagPy, dag_id)); !status)
    return fail(status);
  if (auto status = write_file(folder / "leoflow.yaml", filled(kYaml, dag_id)); !status)
    return fail(status);
  return dag_id;
}

}  // namespace leoflow::cli
