// SPDX-License-Identifier: Apache-2.0
// The parts of leoflow.yaml, one function each. Internal to authoring; errors are remembered by the
// reader.
#pragma once

#include "authoring/leoflow_yaml.h"
#include "authoring/yaml_reader.h"

namespace leoflow::yaml {

void read_defaults(YamlReader& reader, const YamlNode& node, LeoflowYaml& into);
void read_tasks(YamlReader& reader, const YamlNode& node, LeoflowYaml& into);

json::object read_build(YamlReader& reader, const YamlNode& node);
json::object read_registry(YamlReader& reader, const YamlNode& node);
json::object read_alerts(YamlReader& reader, const YamlNode& node);
json::object read_dbt(YamlReader& reader, const YamlNode& node);
json::object read_dbt_groups(YamlReader& reader, const YamlNode& node);

// Text without line breaks: it may end up in a container file.
std::string read_line(YamlReader& reader, const YamlNode& node);
std::vector<std::string> read_lines(YamlReader& reader, const YamlNode& node);
// A path that stays inside the folder: relative, without "..", quotes and "$".
std::string read_inner_path(YamlReader& reader, const YamlNode& node);
// A Kubernetes memory size ("5Gi") or CPU quantity ("500m"), checked, as written. Plain numbers are
// fine.
std::string read_bytes(YamlReader& reader, const YamlNode& node);
std::string read_cpu(YamlReader& reader, const YamlNode& node);
// "1Gi": bytes of what read_bytes accepted; 0 after an error.
uint64_t bytes_of(std::string_view quantity);

}  // namespace leoflow::yaml
