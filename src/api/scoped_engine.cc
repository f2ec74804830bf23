// SPDX-License-Identifier: Apache-2.0
#include "api/scoped_engine.h"

#include <algorithm>

#include "base/log.h"

namespace leoflow::api {
namespace {

// Whether a change may be told. A change without a DAG says only that something happened.
bool told(const Change& change, Scope& scope) {
  if (change.dag_id.empty()) return true;
  if (change.kind == Change::Kind::dag) scope.forget(change.dag_id);
  auto role = scope.role_on(change.dag_id);
  if (!role)
    log::warning("a change is not told: " + role.error().message(), {{"dag", change.dag_id}});
  return role && *role != Role::none;
}

std::vector<Change> only_told(const std::vector<Change>& changes, Scope& scope) {
  std::vector<Change> mine;
  for (const Change& change : changes) {
    if (told(change, scope)) mine.push_back(change);
  }
  return mine;
}

// Answers a refused request; whether it may go on.
template <typename T>
bool allowed(Scope& scope, const std::string& dag_id, Role at_least, Reply<T>& reply) {
  auto status = scope.check(dag_id, at_least);
  if (!status) reply(fail(status));
  return status.has_value();
}

}  // namespace

void ScopedEngine::trigger(TriggerRequest request, Reply<DagRun> reply) {
  if (allowed(*scope_, request.dag_id, Role::user, reply))
    inner_.trigger(std::move(request), std::move(reply));
}

void ScopedEngine::clear(ClearRequest request, Reply<std::vector<Touched>> reply) {
  if (!allowed(*scope_, request.dag_id, Role::user, reply)) return;
  for (const auto& [dag_id, run_id] : request.more_runs) {
    if (!allowed(*scope_, dag_id, Role::user, reply)) return;
  }
  inner_.clear(std::move(request), std::move(reply));
}

void ScopedEngine::mark_task(MarkTaskRequest request, Reply<std::vector<Touched>> reply) {
  if (allowed(*scope_, request.name.dag_id, Role::user, reply))
    inner_.mark_task(std::move(request), std::move(reply));
}

void ScopedEngine::mark_run(MarkRunRequest request, Reply<DagRun> reply) {
  if (allowed(*scope_, request.dag_id, Role::user, reply))
    inner_.mark_run(std::move(request), std::move(reply));
}

void ScopedEngine::delete_run(std::string dag_id, std::string run_id, Reply<bool> reply) {
  if (allowed(*scope_, dag_id, Role::user, reply))
    inner_.delete_run(std::move(dag_id), std::move(run_id), std::move(reply));
}

void ScopedEngine::delete_task(TaskInstanceName name, Reply<bool> reply) {
  if (allowed(*scope_, name.dag_id, Role::user, reply))
    inner_.delete_task(std::move(name), std::move(reply));
}

void ScopedEngine::backfill(BackfillRequest request, Reply<Backfill> reply) {
  if (allowed(*scope_, request.dag_id, Role::user, reply))
    inner_.backfill(std::move(request), std::move(reply));
}

void ScopedEngine::move_backfill(std::string dag_id, int64_t id, BackfillMove move,
                                 Reply<Backfill> reply) {
  if (allowed(*scope_, dag_id, Role::user, reply))
    inner_.move_backfill(std::move(dag_id), id, move, std::move(reply));
}

void ScopedEngine::set_paused(std::string dag_id, bool paused, Reply<bool> reply) {
  if (allowed(*scope_, dag_id, Role::user, reply))
    inner_.set_paused(std::move(dag_id), paused, std::move(reply));
}

void ScopedEngine::create_asset_event(AssetEventRequest request, Reply<AssetEvent> reply) {
  auto asset = assets_.find(request.asset);
  if (!asset) return reply(fail(asset));
  if (*asset) {
    auto references = assets_.references({(*asset)->id});
    if (!references) return reply(fail(references));
    for (const AssetReference& one : *references) {
      if (one.role != AssetReference::Role::schedule) continue;
      auto status = scope_->check(one.dag_id, Role::user);
      if (!status) {
        return reply(
            fail(Code::denied, "Forbidden", "a DAG that waits for the asset is not yours to run"));
      }
    }
  }
  inner_.create_asset_event(std::move(request), std::move(reply));
}

void ScopedEngine::forget_queued_assets(QueuedAssets which, Reply<int64_t> reply) {
  auto mine = scope_->dags(Role::user);
  if (!mine) return reply(fail(mine));
  if (which.dag_ids) {
    std::erase_if(*which.dag_ids, [&](const std::string& dag_id) {
      return std::ranges::find(*mine, dag_id) == mine->end();
    });
  } else {
    which.dag_ids = std::move(*mine);
  }
  inner_.forget_queued_assets(std::move(which), std::move(reply));
}

void ScopedEngine::dag_changed(std::string dag_id) { inner_.dag_changed(std::move(dag_id)); }

void ScopedEngine::reasons(std::string dag_id, std::string run_id,
                           Reply<std::vector<Reason>> reply) {
  if (allowed(*scope_, dag_id, Role::viewer, reply))
    inner_.reasons(std::move(dag_id), std::move(run_id), std::move(reply));
}

std::shared_ptr<void> ScopedEngine::subscribe(Listener listener) {
  return inner_.subscribe(
      [scope = scope_, listener = std::move(listener)](const std::vector<Change>& changes) {
        std::vector<Change> mine = only_told(changes, *scope);
        if (!mine.empty()) listener(mine);
      });
}

std::optional<std::vector<Change>> ScopedEngine::changes_since(uint64_t sequence) const {
  auto changes = inner_.changes_since(sequence);
  if (!changes) return std::nullopt;
  return only_told(*changes, *scope_);
}

Status ScopedWorkspace::reparse(const std::string& relative_fileloc) {
  auto dags = dags_.dags_of_file(relative_fileloc);
  if (!dags) return fail(dags);
  if (dags->empty()) return fail(Code::not_found, "the file defines no DAG that you see");
  for (const std::string& dag_id : *dags) {
    if (auto status = scope_.check(dag_id, Role::user); !status) return status;
  }
  return inner_.reparse(relative_fileloc);
}

}  // namespace leoflow::api
