// SPDX-License-Identifier: Apache-2.0
// /pools, with how many of their slots are taken.
#include <algorithm>
#include <map>

#include "api/bulk.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

struct Usage {
  int64_t running = 0, queued = 0, scheduled = 0, deferred = 0;
};
using UsageByPool = std::map<std::string, Usage>;

constexpr int kUsageRowsPerStep = 1000;

// Adds up the slots of open task instances; those in the four states are few compared with the
// finished ones.
Result<UsageByPool> pool_usage(const Call& call, const std::vector<std::string>& pools) {
  TaskInstanceQuery query;
  query.states = {TaskState::running, TaskState::restarting, TaskState::queued,
                  TaskState::scheduled, TaskState::deferred};
  query.pools = pools;
  query.page = {.limit = kUsageRowsPerStep, .order = {{.column = "id"}}};
  UsageByPool usage;
  while (true) {
    auto page = call.services.store.runs().list_task_instances(query);
    if (!page) return fail(page);
    for (const TaskInstanceRow& row : page->rows) {
      const TaskInstance& task = row.task_instance;
      Usage& one = usage[task.pool];
      switch (task.state) {
        case TaskState::queued: one.queued += task.pool_slots; break;
        case TaskState::scheduled: one.scheduled += task.pool_slots; break;
        case TaskState::deferred: one.deferred += task.pool_slots; break;
        default: one.running += task.pool_slots; break;
      }
    }
    query.page.offset += kUsageRowsPerStep;
    if (page->rows.empty() || query.page.offset >= page->total) return usage;
  }
}

void write_pool(json::Writer& w, const Pool& pool, const Usage& usage) {
  int64_t occupied = usage.running + usage.queued + (pool.include_deferred ? usage.deferred : 0);
  w.begin_object().member("name", pool.name).member("slots", pool.slots);
  member_text(w, "description", pool.description);
  w.member("include_deferred", pool.include_deferred).member("occupied_slots", occupied);
  w.member("running_slots", usage.running).member("queued_slots", usage.queued);
  w.member("scheduled_slots", usage.scheduled)
      .member("open_slots", pool.slots < 0 ? -1 : pool.slots - occupied);
  w.member("deferred_slots", usage.deferred).member_null("team_name").end_object();
}

Result<Response> pool_response(const Call& call, const Pool& pool, int status) {
  auto usage = pool_usage(call, {pool.name});
  if (!usage) return fail(usage);
  json::Writer w;
  write_pool(w, pool, (*usage)[pool.name]);
  return json_response(w, status);
}

Result<Pool> find_pool(const Call& call, const std::string& name) {
  auto pool = call.services.store.pools().get_pool(name);
  if (!pool) return fail(pool);
  if (!*pool) return fail(Code::not_found, "The Pool with name: `" + name + "` was not found");
  return std::move(**pool);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(tolower(c)); });
  return text;
}

// Names are matched as a substring; % at the ends is accepted, being what clients send for that.
bool name_matches(const std::string& name, std::string pattern) {
  while (pattern.starts_with('%')) pattern.erase(0, 1);
  while (pattern.ends_with('%')) pattern.pop_back();
  return pattern.empty() || pattern == "~" || lower(name).find(lower(pattern)) != std::string::npos;
}

Result<Response> get_pools(Call& call) {
  auto page = call.page("name pool=name id slots description include_deferred", "id");
  if (!page) return fail(page);
  auto all = call.services.store.pools().list_pools();
  if (!all) return fail(all);
  TextPattern wanted = call.pattern("pool_name");
  std::erase_if(*all, [&](const Pool& pool) {
    return !name_matches(pool.name, wanted.part) || !begins_with_any(pool.name, wanted.prefix);
  });
  const Order& order = page->order[0];
  auto less = [&](const Pool& a, const Pool& b) {
    const Pool& x = order.descending ? b : a;
    const Pool& y = order.descending ? a : b;
    if (order.column == "slots") return x.slots < y.slots;
    if (order.column == "description") return x.description < y.description;
    if (order.column == "include_deferred") return x.include_deferred < y.include_deferred;
    return x.name < y.name;
  };
  std::ranges::stable_sort(*all, less);
  auto usage = pool_usage(call, {});
  if (!usage) return fail(usage);
  json::Writer w;
  w.begin_object().key("pools").begin_array();
  for (size_t i = size_t(page->offset); i < all->size() && i < size_t(page->offset + page->limit);
       ++i) {
    write_pool(w, (*all)[i], (*usage)[(*all)[i].name]);
  }
  w.end_array().member("total_entries", int64_t(all->size())).end_object();
  return json_response(w);
}

Result<Response> get_pool(Call& call) {
  auto pool = find_pool(call, call.path("pool_name"));
  if (!pool) return fail(pool);
  return pool_response(call, *pool, 200);
}

Status put(const Call& call, const Pool& pool, bool overwrite) {
  auto status = call.services.store.pools().put_pool(pool, overwrite);
  if (status) call.services.engine.pools_changed();
  return status;
}

Pool pool_of(const json::object& body) {
  return {json::string_or(body, "name"), int(json::int_or(body, "slots")),
          json::string_or(body, "description"), json::bool_or(body, "include_deferred")};
}

Result<Response> post_pool(Call& call) {
  Pool pool = pool_of(call.body);
  if (auto status = put(call, pool, false); !status) return fail(status);
  return pool_response(call, pool, 201);
}

Result<Pool> update(const Call& call, const std::string& name, const json::object& body,
                    auto applies) {
  auto pool = find_pool(call, name);
  if (!pool) return pool;
  auto given = [&](std::string_view member) {
    const json::value* value = body.if_contains(member);
    return value && !value->is_null() && applies(member);
  };
  if (given("slots")) pool->slots = int(json::int_or(body, "slots"));
  if (given("include_deferred")) pool->include_deferred = json::bool_or(body, "include_deferred");
  if (body.contains("description") && applies("description"))
    pool->description = json::string_or(body, "description");
  if (auto status = put(call, *pool, true); !status) return fail(status);
  return pool;
}

Result<Response> patch_pool(Call& call) {
  const std::string& name = call.path("pool_name");
  for (std::string_view member : {"pool", "name"}) {
    if (call.has(member) && call.text(member) != name) {
      return fail(Code::invalid,
                  "Invalid body, pool name from request body doesn't match uri parameter");
    }
  }
  auto pool =
      update(call, name, call.body, [&](std::string_view member) { return call.changes(member); });
  if (!pool) return fail(pool);
  return pool_response(call, *pool, 200);
}

Status remove(const Call& call, const std::string& name) {
  if (name == kDefaultPool) return fail(Code::invalid, "Default Pool can't be deleted");
  auto removed = call.services.store.pools().remove_pool(name);
  if (!removed) return fail(removed);
  if (!*removed) return fail(Code::not_found, "The Pool with name: `" + name + "` was not found");
  call.services.engine.pools_changed();
  return {};
}

Result<Response> delete_pool(Call& call) {
  if (auto status = remove(call, call.path("pool_name")); !status) return fail(status);
  return no_content();
}

Result<Response> bulk_pools(Call& call) {
  auto find = [&call](const std::string& key) { return call.services.store.pools().get_pool(key); };
  auto add = [&call](const json::object& entity) { return put(call, pool_of(entity), true); };
  auto change = [&call](const std::string& key, const json::object& entity, auto applies) {
    return update(call, key, entity, applies);
  };
  auto drop = [&call](const std::string& key) { return remove(call, key); };
  return run_bulk(call,
                  bulk_target({"name", "PoolBody", "PoolPatchBody"}, find, add, change, drop));
}

}  // namespace

void add_pool_routes(Router& router) {
  router.tag("Pool");
  router.shape(
      "PoolResponse",
      "name:str slots:int description:str? include_deferred:bool occupied_slots:int "
      "running_slots:int "
      "queued_slots:int scheduled_slots:int open_slots:int deferred_slots:int team_name:str?");
  router.shape("PoolCollectionResponse", "pools:[PoolResponse] total_entries:int");
  router.shape(
      "PoolBody",
      "!name:str(1..250) slots:int(-1..1000000000) description?:str? include_deferred?:bool "
      "team_name?:str(..0)?");
  router.shape(
      "PoolPatchBody",
      "!pool?:str name?:str slots?:int(-1..1000000000)? description?:str? include_deferred?:bool? "
      "team_name?:str(..0)?");
  const std::string base = "/api/v2/pools";
  router.add(Method::get, base, "get_pools", get_pools)
      .about("List pools")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(pattern("pool_name"))
      .answers_with(200, "PoolCollectionResponse");
  router.add(Method::post, base, "post_pool", post_pool)
      .about("Add a pool")
      .reads("PoolBody")
      .answers_with(201, "PoolResponse");
  router.add(Method::patch, base, "bulk_pools", bulk_pools)
      .about("Several changes at once")
      .reads("BulkBody")
      .answers_with(200, "BulkResponse");
  router.add(Method::get, base + "/{pool_name}", "get_pool", get_pool)
      .about("One pool")
      .answers_with(200, "PoolResponse");
  router.add(Method::patch, base + "/{pool_name}", "patch_pool", patch_pool)
      .about("Change a pool")
      .takes(update_mask())
      .reads("PoolPatchBody")
      .answers_with(200, "PoolResponse");
  router.add(Method::del, base + "/{pool_name}", "delete_pool", delete_pool)
      .about("Delete a pool")
      .answers_with(204);
}

}  // namespace leoflow::api
