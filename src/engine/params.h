// SPDX-License-Identifier: Apache-2.0
// Params of a DAG against the conf of a run: merged, required, checked by their JSON schemas (airflow3.md 4.12).
#pragma once

#include "base/error.h"
#include "model/dag_spec.h"

namespace leoflow {

// `invalid` names the param and what its schema asks for; a required param without value too. Conf keys that are no
// params are free.
Status check_params(const DagSpec& spec, const json::object& conf);

}  // namespace leoflow
