// SPDX-License-Identifier: Apache-2.0
// How two versions of a DAG differ, for people who are about to deploy one. Pure.
#pragma once

#include <vector>

#include "model/dag_spec.h"
#include "model/deployment.h"

namespace leoflow {

constexpr size_t kSpecChangesMax = 200;  // more are left out

// Tasks, params, dependencies and settings, in this order, each by name.
std::vector<SpecChange> spec_changes(const DagSpec& before, const DagSpec& after);

}  // namespace leoflow
