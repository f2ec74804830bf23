// SPDX-License-Identifier: Apache-2.0
// Which runs a question is about, as far as counters tell: the DAGs and states it names, and how
// many runs these have. From that follows the index to walk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/page.h"
#include "store/run_store.h"
#include "store/sql/listing.h"

namespace leoflow::sql {

// So many rows are rather read and sorted than found along an index.
constexpr int64_t kRowsSortedMax = 5'000;

struct RunSelection {
  int64_t runs = 0;                              // exact
  std::optional<std::vector<std::string>> dags;  // those with such runs; nullopt = no condition
  std::vector<RunState> states;                  // empty = no condition

  // Adds the conditions to a question about `runs run`.
  void add_to(Where& where) const;
};

struct DagConditions {
  std::string dag_id;                // empty = all
  std::vector<std::string> dag_ids;  // any of these; empty = all
  TextPattern dag_id_pattern;
  DagsAllowed dags_allowed;
  bool name_all = false;  // tells the DAGs also where no condition leaves one out
};

Result<RunSelection> select_runs(Connection& connection, const DagConditions& dags,
                                 const std::vector<RunState>& states);

}  // namespace leoflow::sql
