// SPDX-License-Identifier: Apache-2.0
#include "store/sql/run_selection.h"

#include "store/sql/queries_runs.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

struct Count {
  std::string dag_id;
  int64_t runs = 0;
};

Count read_count(Row& row) {
  Count count;
  count.dag_id = row.text();
  row.skip(1);
  count.runs = row.integer();
  return count;
}

bool only_open(const std::vector<RunState>& states) {
  for (RunState state : states) {
    if (is_finished(state)) return false;
  }
  return !states.empty();
}

}  // namespace

void RunSelection::add_to(Where& where) const {
  if (dags && dags->size() == 1) {
    where.equal("run.dag_id", "$dag_id", dags->front());
  } else {
    where.only("run.dag_id", "$dags", dags);
  }
  if (states.size() == 1) {
    where.equal("run.state", "$state", std::string(to_string(states[0])));
  } else {
    where.in("run.state", "$states", names_of(states));
  }
  // Said aloud for the index of open runs.
  if (only_open(states)) where.add(kRunOpen);
}

Result<RunSelection> select_runs(Connection& connection, const DagConditions& dags,
                                 const std::vector<RunState>& states) {
  Where where;
  where.equal("counted.dag_id", "$dag_id", dags.dag_id);
  where.in("counted.dag_id", "$dag_ids", dags.dag_ids);
  where.matches("counted.dag_id", "$dag_id_pattern", dags.dag_id_pattern);
  where.only("counted.dag_id", "$dags_allowed", dags.dags_allowed);
  bool named = dags.name_all || !where.text().empty();
  where.in("counted.state", "$states", names_of(states));
  if (!where.status()) return fail(where.status());
  std::string sql = std::string(kSelectRunCounts) + where.text() + std::string(kInCountOrder);
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  where.bind_to(*query);
  auto counts = read_all(*query, read_count);
  if (!counts) return fail(counts);
  RunSelection selection{.states = states};
  if (named) selection.dags.emplace();
  for (Count& count : *counts) {
    selection.runs += count.runs;
    if (!named) continue;
    // By DAG, then state: the key's order.
    if (selection.dags->empty() || selection.dags->back() != count.dag_id)
      selection.dags->push_back(std::move(count.dag_id));
  }
  return selection;
}

}  // namespace leoflow::sql
