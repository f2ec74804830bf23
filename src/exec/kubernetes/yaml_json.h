// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/json.h"

namespace leoflow::kube {

constexpr size_t kYamlBytesMax = 4 * 1024 * 1024;
constexpr size_t kYamlNodesMax = 100'000;  // after aliases are expanded

// A YAML (or JSON) document as JSON: quoted scalars are strings, plain ones what YAML 1.2 says.
// `invalid` names the file and line. Any thread.
Result<json::value> yaml_to_json(std::string_view text, std::string_view name);

}  // namespace leoflow::kube
