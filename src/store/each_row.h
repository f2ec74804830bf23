// SPDX-License-Identifier: Apache-2.0
// A whole list, page by page.
#pragma once

#include "base/error.h"
#include "store/page.h"

namespace leoflow {

// Calls take(row) with every row of a list; `list(page)` gives a PageOf its rows. Ends at the first
// error of either. Rows that come or go meanwhile may be missed or seen twice.
template <typename List, typename Take>
Status for_each_row(List list, Take take) {
  Page page{.limit = kPageLimitMax};
  while (true) {
    const auto rows = list(page);
    if (!rows) return fail(rows);
    for (const auto& row : rows->rows) {
      if (Status taken = take(row); !taken) return taken;
    }
    page.offset += static_cast<int64_t>(rows->rows.size());
    if (rows->rows.empty() || page.offset >= rows->total) return {};
  }
}

}  // namespace leoflow
