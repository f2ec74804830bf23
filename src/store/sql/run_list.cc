// SPDX-License-Identifier: Apache-2.0
// Lists of runs. Few runs are read and sorted, many are walked along an index in the order asked
// for, so that a page costs the same in a short history and a long one. What no index serves is
// bounded by kListInstructionsMax.
#include "store/sql/keyset.h"
#include "store/sql/queries_runs.h"
#include "store/sql/rows.h"
#include "store/sql/run_selection.h"
#include "store/sql/run_store.h"

namespace leoflow::sql {
namespace {

int64_t key_of(const DagRun& run) { return run.key.value; }

std::string indexed(std::string_view index) {
  return std::string(kFromRuns) + std::string(dialect::kIndexedBy) + std::string(index);
}

// Everything but DAG and state.
Where conditions_of(const RunQuery& query) {
  Where where;
  where.matches("run.run_id", "$run_id_pattern", query.run_id_pattern);
  where.matches("run.triggering_user", "$user_pattern", query.user_pattern);
  where.in("run.run_type", "$types", names_of(query.types));
  if (!query.version_numbers.empty())
    where.add_list(kRunVersionIn, "$version_numbers", query.version_numbers);
  if (!query.bundle_version.empty())
    where.add(kRunBundleVersion, "$bundle_version", query.bundle_version);
  where.matches("run.conf", "$conf_contains", query.conf_contains);
  if (!query.consuming_asset.empty()) {
    where.add(kRunConsumedOpen);
    where.matches("(asset.name || ' ' || asset.uri)", "$consuming_asset", query.consuming_asset);
    where.add(kRunConsumedClose);
  }
  where.range("run.run_after", "$run_after", query.run_after);
  where.range("run.logical_date", "$logical_date", query.logical_date);
  where.range("run.start_date", "$start_date", query.start_date);
  where.range("run.end_date", "$end_date", query.end_date);
  where.range(kRunUpdatedAt, "$updated_at", query.updated_at);
  where.range(kRunDuration, "$duration", query.duration);
  return where;
}

// The index that finds the runs of a selection, in no order that matters.
std::string index_of(const RunSelection& selection) {
  bool states = !selection.states.empty();
  if (selection.dags) return states ? "runs_by_dag_state" : "runs_by_dag";
  return states ? "runs_by_state" : "";
}

// A range that lets few runs through is the way in to them.
Result<std::string> index_of_range(Connection& connection, const RunQuery& query) {
  struct Candidate {
    std::string_view index, expression;
    const Range<Time>& range;
  };
  for (const Candidate& one :
       {Candidate{"runs_by_run_after", "run.run_after", query.run_after},
        Candidate{"runs_by_start", "run.start_date", query.start_date},
        Candidate{"runs_by_end", "run.end_date", query.end_date},
        Candidate{"runs_by_logical_date", "run.logical_date", query.logical_date}}) {
    if (one.range.empty()) continue;
    Where where;
    where.range(one.expression, "$range", one.range);
    std::string sql = "SELECT 1" + indexed(one.index) + " WHERE TRUE";
    auto counted = count_matching(connection, sql, where);
    if (!counted) return fail(counted);
    if (counted->all && counted->rows <= kRowsSortedMax) return std::string(one.index);
  }
  return std::string();
}

// Along the order that is asked for.
Walk ordered_walk(const RunSelection& selection, const Page& page) {
  std::string_view first = page.order.empty() ? "id" : std::string_view(page.order[0].column);
  bool one_dag = selection.dags && selection.dags->size() == 1;
  bool one_state = selection.states.size() == 1;
  if (first == "run_after" && one_dag) return Walk(indexed("runs_by_dag_run_after"));
  if (first == "run_after" && one_state && !selection.dags) return Walk(indexed("runs_by_state"));
  if (first == "id" && one_dag) return Walk(indexed("runs_by_dag"));
  if (first == "id") return Walk(std::string(kFromRuns) + std::string(dialect::kNotIndexed));
  for (const OrderColumn& column : kRunOrder) {
    if (column.name != first || column.index.empty()) continue;
    if (!column.nullable) return Walk(indexed(column.index));
    std::string value = " AND " + std::string(column.expression);
    Walk walk(indexed(column.index), value + " IS NOT NULL");
    walk.parts[0].not_null = true;
    walk.parts.push_back({indexed(column.index), value + " IS NULL", Row::Value(), false});
    walk.counted = kFromRuns;
    return walk;
  }
  return Walk(std::string(kFromRuns));
}

// Whether an index holds just the selection, in the order asked for.
bool lies_in_order(const RunSelection& selection, const Page& page) {
  std::string_view first = page.order.empty() ? "id" : std::string_view(page.order[0].column);
  bool one_dag = selection.dags && selection.dags->size() == 1;
  if (one_dag) return selection.states.empty() && (first == "run_after" || first == "id");
  return !selection.dags && selection.states.size() == 1 && first == "run_after";
}

Result<Walk> walk_of(Connection& connection, const RunQuery& query, const RunSelection& selection) {
  std::string index = index_of(selection);
  if (!index.empty() && selection.runs <= kRowsSortedMax) return Walk(indexed(index));
  auto range = index_of_range(connection, query);
  if (!range) return fail(range);
  if (!range->empty()) return Walk(indexed(*range));
  return ordered_walk(selection, query.page);
}

Result<PageOf<DagRun>> list_in(Connection& connection, const RunQuery& query) {
  DagConditions dags{query.dag_id, query.dag_ids, query.dag_id_pattern, query.dags_allowed};
  auto selection = select_runs(connection, dags, query.states);
  if (!selection) return fail(selection);
  Where where = conditions_of(query);
  bool exact = where.text().empty();
  // Without other conditions every row on the way counts.
  bool straight = exact && lies_in_order(*selection, query.page);
  auto walk =
      straight ? ordered_walk(*selection, query.page) : walk_of(connection, query, *selection);
  if (!walk) return fail(walk);
  selection->add_to(where);
  KeyedList list{kRunsByKey, kRunOrder, "run.run_key"};
  auto page = read_keyed_page(connection, list, *walk, where, query.page, read_run, key_of);
  if (!page) return page;
  Counted counted{.rows = selection->runs};
  if (!exact) {
    auto rows = count_along(connection, *walk, where);
    if (!rows) return fail(rows);
    counted = *rows;
  }
  set_total(*page, query.page, counted);
  return page;
}

}  // namespace

Result<PageOf<DagRun>> SqlRunStore::list_runs(const RunQuery& query) {
  return database_.read([&](Connection& connection) { return list_in(connection, query); });
}

}  // namespace leoflow::sql
