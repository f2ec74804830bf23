// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/format.h"

namespace leoflow::cli {

// Shows a list below /api/leoflow/v1 whose route has no paging: `what` names path and member.
Result<int> list_all(Context& context, const std::string& what, const std::vector<Column>& columns);

}  // namespace leoflow::cli
