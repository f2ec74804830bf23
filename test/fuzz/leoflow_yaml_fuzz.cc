// SPDX-License-Identifier: Apache-2.0
// Any text as leoflow.yaml: an answer or an error, and what is accepted can be applied to a DAG.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authoring/leoflow_yaml.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto yaml = leoflow::parse_leoflow_yaml(text);
  if (!yaml) {
    CHECK(yaml.error().message().starts_with("leoflow.yaml: "));
    return 0;
  }
  leoflow::DagSpec dag;
  dag.dag_id = "d";
  leoflow::TaskSpec task;
  task.task_id = "a";
  dag.tasks.push_back(task);
  CHECK(dag.finish().has_value());
  const auto applied = leoflow::apply_leoflow_yaml(*yaml, leoflow::kLeoflowYaml, dag);
  if (applied) CHECK(leoflow::parse_dag_spec(leoflow::dump_dag_spec(dag)).has_value());
  return 0;
}
