// SPDX-License-Identifier: Apache-2.0
// Asset events, the DAGs they queue for, and the runs that follow. An event, what it queues and the
// run it starts are in one batch wherever one step decides them; what a crash leaves in the queue
// is looked at by load().
#include <algorithm>

#include "base/log.h"
#include "engine/core.h"

namespace leoflow {

Status Core::load_assets() {
  assets_.clear();
  queued_assets_.clear();
  auto links = store_.assets().alias_links({});
  if (!links) return fail(links);
  for (const AliasLink& link : *links) assets_.link(link.alias, link.asset);
  auto queued = store_.assets().queued({});
  if (!queued) return fail(queued);
  for (const QueuedAssetRow& row : *queued)
    queued_assets_[row.queued.dag_id][row.queued.asset] = row.queued.at;
  return {};
}

// The DAG has another version, or a first one. What it no longer waits for stays in the queue until
// its next run, as in Airflow; if it waits for no asset any more, nothing does.
void Core::index_assets(const DagState& dag) {
  const auto& condition = dag.current->spec->schedule.assets;
  assets_.set(dag.row.dag_id, condition);
  if (!condition && queued_assets_.erase(dag.row.dag_id) > 0)
    step_.batch.assets.queue.push_back({dag.row.dag_id, std::nullopt, std::nullopt});
}

void Core::forget_assets(const std::string& dag_id) {
  assets_.forget(dag_id);
  queued_assets_.erase(dag_id);
}

// What a task that succeeded told of; of an agent that tells of nothing, its outlets.
void Core::emit_assets(const ActiveRun& run, TaskIndex task, const Outcome& outcome, Time now) {
  const TaskInstance& row = run.slots[task].row;
  const AssetEvent source{.dag_id = run.row.dag_id,
                          .task_id = row.task_id,
                          .run_id = run.row.run_id,
                          .map_index = row.map_index};
  for (const AssetEmission& emission : outcome.asset_events) emit_asset(emission, source, now);
  if (outcome.tells_assets) return;
  for (const AssetExpression& outlet : run.version->spec->tasks[task].outlets) {
    if (outlet.kind == AssetExpression::Kind::asset)
      emit_asset({.asset = {.key = outlet.key, .group = outlet.group}}, source, now);
  }
}

AssetEvent Core::emit_asset(AssetEmission emission, AssetEvent event, Time now) {
  event.id = ++keys_.asset_event;
  event.asset = emission.asset.key;
  event.at = now;
  event.extra = std::move(emission.extra);
  for (const std::string& alias : emission.aliases) assets_.link(alias, event.asset);
  AssetBatch& batch = step_.batch.assets;
  batch.told.push_back({std::move(emission.asset), emission.aliases, now});
  batch.events.push_back({event, std::move(emission.aliases)});
  for (const std::string& dag_id : assets_.consumers(event.asset)) {
    auto dag = dags_.find(dag_id);
    if (dag == dags_.end() || dag->second.row.is_paused || dag->second.row.is_stale) continue;
    queued_assets_[dag_id][event.asset] = now;
    batch.queue.push_back({dag_id, event.asset, now});
    look_again(dag_id, now);
  }
  step_.effects.changes.push_back({.kind = Change::Kind::asset,
                                   .dag_id = event.dag_id,
                                   .run_id = event.run_id,
                                   .task_id = event.task_id,
                                   .state = "updated"});
  return event;
}

// What somebody told of at the API.
AssetEvent Core::post_asset_event(const AssetEventRequest& request, Time now) {
  AssetEmission emission{.asset = {.key = request.asset, .group = request.group},
                         .extra = json::dump(request.extra)};
  return emit_asset(std::move(emission), {}, now);
}

int64_t Core::forget_queued(const QueuedAssets& which) {
  int64_t forgotten = 0;
  for (auto& [dag_id, queued] : queued_assets_) {
    const auto& meant = which.dag_ids;
    if (meant && std::ranges::find(*meant, dag_id) == meant->end()) continue;
    forgotten += std::erase_if(queued, [&](const auto& one) {
      bool other = which.asset && *which.asset != one.first;
      if (other || (which.before && one.second > *which.before)) return false;
      step_.batch.assets.queue.push_back({dag_id, one.first, std::nullopt});
      return true;
    });
  }
  std::erase_if(queued_assets_, [](const auto& dag) { return dag.second.empty(); });
  return forgotten;
}

// A run of a DAG whose condition has become true. Of many events of one step it is one run, and
// while kAssetRunsWaitingMax wait to start, what comes gathers for the next.
bool Core::create_asset_run(DagState& dag, Time now) {
  auto queued = queued_assets_.find(dag.row.dag_id);
  if (queued == queued_assets_.end() || dag.row.is_paused || dag.row.is_stale) return false;
  const std::optional<AssetExpression>& condition = dag.current->spec->schedule.assets;
  if (!condition || !assets_.holds(*condition, queued->second)) return false;
  if (int(dag.queued.size()) >= kAssetRunsWaitingMax) return false;
  Time last{};
  for (const auto& [asset, at] : queued->second) last = std::max(last, at);
  DagRun row{.dag_id = dag.row.dag_id,
             .version = dag.row.current_version,
             .type = RunType::asset_triggered,
             .run_after = last,
             .queued_at = now,
             .triggered_by = "asset"};
  auto run_id = free_run_id(row);
  if (!run_id) {
    log::error("a run by assets is not made yet",
               {{"dag", row.dag_id}, {"error", run_id.error().message()}});
    return false;
  }
  row.run_id = std::move(*run_id);
  ActiveRun& run = insert_run(dag, std::move(row), now);
  step_.batch.assets.queue.push_back({dag.row.dag_id, std::nullopt, std::nullopt});
  step_.batch.assets.consumed.push_back({run.row.key, dag.row.dag_id, keys_.asset_event});
  queued_assets_.erase(queued);
  return true;
}

// asset_triggered__<run_after>, or with a later instant where that is taken.
Result<std::string> Core::free_run_id(const DagRun& row) {
  for (int later = 0;; ++later) {
    std::string run_id =
        std::string(to_string(row.type)) + "__" + format_iso(row.run_after + Duration(later));
    bool ended = std::ranges::any_of(finished_, [&](RunKey key) {
      auto it = runs_.find(key);
      return it != runs_.end() && it->second->row.dag_id == row.dag_id &&
             it->second->row.run_id == run_id;
    });
    if (ended || find_run(row.dag_id, run_id) != nullptr) continue;
    auto stored = store_.runs().get_run(row.dag_id, run_id);
    if (!stored) return fail(stored);
    if (!*stored) return run_id;
  }
}

}  // namespace leoflow
