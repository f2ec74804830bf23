// SPDX-License-Identifier: Apache-2.0
// Why tasks of a run do not move, as the server says it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/run_view.h"

namespace leoflow::cli {

// By task_label(): of every task instance that neither runs nor has ended.
using Reasons = std::map<std::string, std::string>;

Result<Reasons> load_reasons(ApiClient& api, const std::string& dag_id, const std::string& run_id);
// Gives every task of the view a member "reason": why it waits, else why it is in its state; null
// when there is nothing to say. Asks the server only about runs that go on.
Status add_reasons(ApiClient& api, RunView& view);

// What holds a run up, one line per reason: "extract and 2 more * pool etl full: 3 of 3". Tasks
// without a state only wait for others: they are named when nothing else is. `states` by label,
// empty or missing = none yet.
std::vector<std::string> what_holds(const Reasons& reasons,
                                    const std::map<std::string, std::string>& states);

}  // namespace leoflow::cli
