// SPDX-License-Identifier: Apache-2.0
// What runs the tasks and how the server is set up: agents and executors, pools with who holds and
// who waits, build logs of environments, the configuration in force.
#include <algorithm>

#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"
#include "api/routes_config.h"

namespace leoflow::api {
namespace {

constexpr size_t kUsersPerPoolShown = 100;
constexpr std::string_view kMasked = "***";

Result<Response> get_agents(Call& call) {
  auto attempts = call.services.store.figures().open_attempts();
  if (!attempts) return fail(attempts);
  auto agents = call.services.host.agents();
  auto executors = call.services.host.executors();
  json::Writer w;
  w.begin_object().key("executors").begin_array();
  for (const ExecutorState& one : executors) {
    w.begin_object().member("name", one.name).member("slots", one.slots_max);
    w.member("ready", one.ready).end_object();
  }
  w.end_array().key("agents").begin_array();
  for (const AgentState& one : agents) {
    auto open = attempts->find(one.id);
    w.begin_object().member("id", one.id).member("executor", one.executor);
    member_text(w, "hostname", one.hostname);
    member_text(w, "version", one.version);
    w.member("pid", one.pid).member("connected_at", api_time(one.connected_at));
    w.member("attempts", open == attempts->end() ? int64_t(0) : open->second).end_object();
  }
  w.end_array().member("total_entries", int64_t(agents.size())).end_object();
  return json_response(w);
}

Result<Response> get_configuration(Call& call) {
  auto values = call.services.host.configuration();
  json::Writer w;
  w.begin_object().key("settings").begin_array();
  for (const ConfigValue& one : values) {
    w.begin_object().member("section", one.section).member("key", one.key);
    w.member("value", one.secret ? kMasked : std::string_view(one.value));
    member_text(w, "summary", one.summary);
    w.member("secret", one.secret).end_object();
  }
  w.end_array().member("total_entries", int64_t(values.size())).end_object();
  return json_response(w);
}

Result<Response> get_environment_log(Call& call) {
  auto log = call.services.workspace.build_log(call.path("hash"));
  if (!log) return fail(log);
  json::Writer w;
  w.begin_object().member("hash", call.path("hash")).member("log", *log).end_object();
  return json_response(w);
}

bool holds(const Pool& pool, TaskState state) {
  if (state == TaskState::deferred) return pool.include_deferred;
  return state != TaskState::scheduled;
}

void write_users(json::Writer& w, const Pool& pool, const std::vector<PoolUse>& all, bool holding) {
  size_t count = 0;
  w.begin_array();
  for (const PoolUse& use : all) {
    if (use.pool != pool.name || holds(pool, use.state) != holding) continue;
    if (++count > kUsersPerPoolShown) break;
    w.begin_object();
    member_text(w, "dag_id", use.dag_id);
    member_text(w, "task_id", use.task_id);
    w.member("state", to_string(use.state)).member("task_instances", use.task_instances);
    w.member("slots", use.slots);
    member_time(w, "since", use.since);
    w.end_object();
  }
  w.end_array();
}

Result<Response> get_pool_use(Call& call) {
  auto pools = call.services.store.pools().list_pools();
  if (!pools) return fail(pools);
  auto use = call.services.store.figures().pool_use();
  if (!use) return fail(use);
  json::Writer w;
  w.begin_object().key("pools").begin_array();
  for (const Pool& pool : *pools) {
    int64_t held = 0, wanted = 0;
    for (const PoolUse& one : *use) {
      if (one.pool == pool.name) (holds(pool, one.state) ? held : wanted) += one.slots;
    }
    w.begin_object().member("name", pool.name).member("slots", pool.slots);
    w.member("occupied_slots", held).member("waiting_slots", wanted).key("holders");
    write_users(w, pool, *use, true);
    w.key("waiting");
    write_users(w, pool, *use, false);
    w.end_object();
  }
  w.end_array().member("total_entries", int64_t(pools->size())).end_object();
  return json_response(w);
}

void add_shapes(Router& router) {
  router.shape("ExecutorResponse", "name:str slots:int ready:bool");
  router.shape("AgentResponse",
               "id:str executor:str hostname:str? version:str? pid:int connected_at:time "
               "attempts:int");
  router.shape("AgentCollectionResponse",
               "executors:[ExecutorResponse] agents:[AgentResponse] total_entries:int");
  router.shape("SettingResponse", "section:str key:str value:str summary:str? secret:bool");
  router.shape("SettingCollectionResponse", "settings:[SettingResponse] total_entries:int");
  router.shape("EnvironmentLogResponse", "hash:str log:str");
  router.shape("PoolUser",
               "dag_id:str? task_id:str? state:TaskInstanceState task_instances:int slots:int "
               "since:time?");
  router.shape("PoolUseResponse",
               "name:str slots:int occupied_slots:int waiting_slots:int holders:[PoolUser] "
               "waiting:[PoolUser]");
  router.shape("PoolUseCollectionResponse", "pools:[PoolUseResponse] total_entries:int");
}

}  // namespace

void add_host_routes(Router& router) {
  add_shapes(router);
  const std::string own = "/api/leoflow/v1";
  router.tag("Installation");
  router.add(Method::get, own + "/agents", "get_agents", get_agents)
      .about("Executors, and the agents with an open session")
      .answers_with(200, "AgentCollectionResponse");
  router.add(Method::get, own + "/configuration", "get_configuration", get_configuration)
      .about("Every setting as it is in force; secrets are masked")
      .answers_with(200, "SettingCollectionResponse");
  router
      .add(Method::get, own + "/environments/{hash}/log", "get_environment_log",
           get_environment_log)
      .about("What the builder of an environment said")
      .answers_with(200, "EnvironmentLogResponse");
  router.tag("Pool");
  router.add(Method::get, own + "/pools", "get_pool_use", get_pool_use)
      .about(
          "Who holds the slots of each pool and who waits for them, by task; tasks of DAGs that "
          "the caller may not see have no names")
      .answers_with(200, "PoolUseCollectionResponse");
  add_config_routes(router);
}

}  // namespace leoflow::api
