// SPDX-License-Identifier: Apache-2.0
#include "engine/params.h"

#include "model/json_schema.h"

namespace leoflow {

Status check_params(const DagSpec& spec, const json::object& conf) {
  for (const auto& [name, param] : spec.params) {
    auto given = conf.find(name);
    const json::value* value = given != conf.end() ? &given->value() : param.value ? &*param.value : nullptr;
    if (value == nullptr) {
      return fail(Code::invalid, "param '" + name + "' needs a value", "pass it in conf: {\"" + name + "\": ...}");
    }
    if (auto ok = validate_schema(*value, param.schema); !ok) {
      return fail(Code::invalid, "param '" + name + "': " + ok.error().message(), ok.error().hint());
    }
  }
  return {};
}

}  // namespace leoflow
