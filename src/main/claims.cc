// SPDX-License-Identifier: Apache-2.0
#include "main/claims.h"

#include <algorithm>

#include "main/asset_events.h"
#include "main/start_frame.h"
#include "main/xcom_pages.h"
#include "model/pod_contract.h"
#include "secrets/connection_text.h"
#include "secrets/masking.h"

namespace leoflow {
namespace {

constexpr size_t kVersionsCachedMax = 256;
constexpr int kPriorRunsMax = 1000;  // looked at by xcom_pull(include_prior_dates=True)

}  // namespace

Result<Claims::Version> Claims::version(DagVersionId id) {
  auto cached = versions_.with([&](auto& versions) {
    auto it = versions.find(id);
    return it == versions.end() ? std::optional<Version>() : it->second;
  });
  if (cached) return *cached;
  auto row = store_.dags().get_version(id);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "the DAG version of the attempt is gone");
  auto spec = parse_dag_spec((*row)->dag_json);
  if (!spec) return fail(spec);
  Version made{std::make_shared<const DagVersion>(std::move(**row)),
               std::make_shared<const DagSpec>(std::move(*spec))};
  versions_.with([&](auto& versions) {
    if (versions.size() >= kVersionsCachedMax) versions.clear();
    versions.emplace(id, made);
  });
  return made;
}

Result<Claims::Context> Claims::context(AttemptId attempt) {
  auto row = store_.runs().get_attempt(attempt);
  if (!row) return fail(row);
  if (!*row)
    return fail(Code::not_found, "attempt " + std::to_string(attempt.value) + " is not known");
  if (is_finished((*row)->state)) return fail(Code::denied, "the attempt is settled");
  auto run = store_.runs().get_run((*row)->run);
  if (!run) return fail(run);
  if (!*run) return fail(Code::not_found, "the run of the attempt is gone");
  auto made = version((*row)->version);
  if (!made) return fail(made);
  Context at{std::move(**row), std::move(**run), made->first, made->second};
  if (at.attempt.kind == AttemptKind::dag_callback) return at;
  auto index = at.spec->index_of(at.attempt.task_id);
  if (!index)
    return fail(Code::not_found, "task '" + at.attempt.task_id + "' is not in its DAG version");
  at.task = &at.spec->tasks[*index];
  return at;
}

bool Claims::attempt_open(AttemptId attempt) {
  auto row = store_.runs().get_attempt(attempt);
  return row && *row && !is_finished((*row)->state);
}

Result<Claim> Claims::claim(AttemptId attempt) {
  auto at = context(attempt);
  if (!at) return fail(at);
  Claim claim;
  claim.kind = at->task == nullptr ? "dag_callback" : "task";
  claim.version = at->version->id;
  auto environment = environment_json(*at->version, *at->spec);
  if (!environment) return fail(environment);
  claim.environment_json = std::move(*environment);
  if (auto filled = fill_limits(*at, claim); !filled) return fail(filled);
  int max_tries = 0;
  if (at->task != nullptr) {
    auto row = store_.runs().get_task_instance(
        {at->run.dag_id, at->run.run_id, at->attempt.task_id, at->attempt.map_index});
    if (!row) return fail(row);
    if (*row) max_tries = (*row)->task_instance.max_tries;
  }
  auto frame = start_frame(store_, {.attempt = at->attempt,
                                    .run = at->run,
                                    .version = *at->version,
                                    .spec = *at->spec,
                                    .max_tries = max_tries,
                                    .staging_path = claim.staging_path,
                                    .spill_folder = claim.spill_folder,
                                    .xcom_bytes_max = size_t(claim.xcom_bytes_max),
                                    .map_length_max = options_.map_length_max,
                                    .hostname = options_.hostname,
                                    .base_url = options_.base_url,
                                    .now = clock_.now()});
  if (!frame) return fail(frame);
  claim.start_json = std::move(*frame);
  auto secrets = vault_.secrets_for(scope_of(*at->spec, at->task));
  if (!secrets) return fail(secrets);
  claim.secrets = std::move(secrets->environment);
  claim.masked = std::move(secrets->masked);
  return claim;
}

Result<std::string> Claims::environment_json(const DagVersion& version, const DagSpec& spec) {
  auto environment = environments_.locate(version.environment, spec.python_version);
  if (!environment) return fail(environment);
  return environment_json({std::move(*environment), spec.python_version, spec.preload});
}

std::string Claims::environment_json(const EnvironmentUse& use) {
  json::Writer out;
  out.begin_object().member("hash", environment_key(use.environment.hash, use.python_version));
  out.member("python", use.environment.python.string()).key("site_packages").begin_array();
  for (const fs::path& folder : use.environment.site_packages) out.string(folder.string());
  out.end_array().key("preload").begin_array();
  for (const std::string& module : use.preload) out.string(module);
  out.end_array().end_object();
  return out.take();
}

Status Claims::fill_limits(const Context& at, Claim& claim) {
  claim.xcom_bytes_max = options_.xcom_bytes_max;
  if (at.task != nullptr) {
    claim.spill_folder = (options_.xcoms / std::to_string(at.run.key.value)).string();
    if (at.task->execution_timeout) claim.execution_timeout = *at.task->execution_timeout;
    if (at.task->resources && at.task->resources->memory_limit_bytes) {
      claim.memory_limit_bytes = int64_t(*at.task->resources->memory_limit_bytes);
    }
  }
  if (!at.spec->staging.enabled) return {};
  auto volume = store_.engine().staging_of(at.run.key);
  if (!volume) return fail(volume);
  if (!*volume || (*volume)->state != "active") return {};
  claim.staging_limit_bytes = int64_t((*volume)->size_bytes);
  claim.staging_path = pod::kStagingPath;
  if (staging_ == nullptr) return {};
  auto path = staging_->create((*volume)->name, (*volume)->size_bytes);
  if (!path) return fail(path);
  claim.staging_path = std::move(*path);
  return {};
}

Result<PulledXCom> Claims::pull_one(const Context& at, const XComPull& query,
                                    const std::string& task_id) {
  std::string dag_id = query.dag_id.empty() ? at.run.dag_id : query.dag_id;
  std::string run_id = query.run_id.empty() ? at.run.run_id : query.run_id;
  auto run = store_.runs().get_run(dag_id, run_id);
  if (!run) return fail(run);
  // Same run first; with prior dates the latest earlier run that has the key.
  for (int looked = 0; *run && looked < kPriorRunsMax; ++looked) {
    auto pulled = query.all_indexes
                      ? pull_all_indexes(store_, **run, task_id, query.key, query.offset)
                      : pull_index(store_, **run, task_id, query.map_index, query.key);
    if (!pulled || pulled->found) return pulled;
    if (!query.include_prior_dates || !(*run)->logical_date) break;
    run = store_.engine().previous_run(dag_id, *(*run)->logical_date, false);
    if (!run) return fail(run);
  }
  return PulledXCom{};
}

Result<std::vector<PulledXCom>> Claims::pull_xcom(AttemptId attempt, const XComPull& query) {
  auto at = context(attempt);
  if (!at) return fail(at);
  std::vector<PulledXCom> found;
  for (const std::string& task_id : query.task_ids) {
    auto pulled = pull_one(*at, query, task_id);
    if (!pulled) return fail(pulled);
    found.push_back(std::move(*pulled));
  }
  return found;
}

// A declared list is the whole scope; without one the task sees everything.
Status Claims::allowed(const Context&, const std::optional<std::vector<std::string>>& declared,
                       const std::string& name, std::string_view kind) const {
  if (!declared || std::ranges::find(*declared, name) != declared->end()) return {};
  return fail(Code::denied, std::string(kind) + " '" + name + "' is not declared for this task",
              "add it to " + std::string(kind) + "s: in leoflow.yaml");
}

Result<std::optional<VariableValue>> Claims::variable(AttemptId attempt, const std::string& key) {
  auto at = context(attempt);
  if (!at) return fail(at);
  if (auto ok = allowed(*at, scope_of(*at->spec, at->task).variables, key, "variable"); !ok)
    return fail(ok);
  auto found = vault_.find_variable(key);
  if (!found) return fail(found);
  if (!*found) return std::optional<VariableValue>();
  return std::optional(VariableValue{(*found)->value, looks_sensitive(key)});
}

Status Claims::set_variable(AttemptId attempt, const std::string& key, const std::string& value,
                            const std::string& description) {
  auto at = context(attempt);
  if (!at) return fail(at);
  if (auto ok = allowed(*at, scope_of(*at->spec, at->task).variables, key, "variable"); !ok)
    return ok;
  return vault_.put_variable({.key = key, .value = value, .description = description}, true);
}

Status Claims::delete_variable(AttemptId attempt, const std::string& key) {
  auto at = context(attempt);
  if (!at) return fail(at);
  if (auto ok = allowed(*at, scope_of(*at->spec, at->task).variables, key, "variable"); !ok)
    return ok;
  auto removed = vault_.remove_variable(key);
  return removed ? Status{} : fail(removed);
}

Result<std::optional<std::string>> Claims::connection(AttemptId attempt,
                                                      const std::string& conn_id) {
  auto at = context(attempt);
  if (!at) return fail(at);
  if (auto ok = allowed(*at, scope_of(*at->spec, at->task).connections, conn_id, "connection"); !ok)
    return fail(ok);
  auto found = vault_.find_connection(conn_id);
  if (!found) return fail(found);
  if (!*found) return std::optional<std::string>();
  return std::optional(connection_json(**found));
}

Result<std::string> Claims::previous_run(AttemptId attempt) {
  auto at = context(attempt);
  if (!at) return fail(at);
  auto run = store_.runs().previous_successful_run(at->run.dag_id, at->run.logical_date);
  if (!run) return fail(run);
  return *run ? run_json(**run) : std::string();
}

// Any asset: a task reads what others make.
Result<std::string> Claims::asset_events(AttemptId, const AssetEventsWanted& wanted) {
  AssetEventsWanted bounded = wanted;
  if (bounded.limit <= 0) bounded.limit = kInletEventsMax;
  return asset_events_json(store_, bounded);
}

Result<std::string> Claims::asset(AttemptId, const AssetKey& key) {
  return asset_json(store_, key);
}

}  // namespace leoflow
