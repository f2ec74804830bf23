// SPDX-License-Identifier: Apache-2.0
// What the routes of connections and those of variables are to the routes about files of them.
#pragma once

#include <string>
#include <vector>

#include "api/bulk.h"
#include "api/entry_files.h"

namespace leoflow::api {

struct Exported {
  std::vector<Entry> entries;
  int64_t masked = 0;  // entries that lack a secret, or that are left out because they are one
};

// Airflow's form of each; env: one line of text each, connections as URIs.
Result<Exported> export_connections(const Call& call, EntryFormat format, bool with_secrets);
Result<Exported> export_variables(const Call& call, EntryFormat format, bool with_secrets);

// An entry of a file as the body that adds it.
Result<json::object> connection_body(const Entry& entry);
Result<json::object> variable_body(const Entry& entry);

// The changes of several at once.
BulkTarget connection_target(const Call& call);
BulkTarget variable_target(const Call& call);
// The same for a file: secrets that it leaves out, or has masked, stay as they are stored.
BulkTarget connection_file_target(const Call& call);

// Calls visit(row) for all of a list, page by page.
template <typename List, typename Visit>
Status each_row(List list, Visit visit) {
  Page page{.limit = kPageLimitMax};
  while (true) {
    auto found = list(page);
    if (!found) return fail(found);
    for (const auto& row : found->rows) visit(row);
    page.offset += int64_t(found->rows.size());
    if (found->rows.empty() || page.offset >= found->total) return {};
  }
}

}  // namespace leoflow::api
