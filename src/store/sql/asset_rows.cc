// SPDX-License-Identifier: Apache-2.0
#include "store/sql/asset_rows.h"

#include <algorithm>
#include <set>

#include "store/sql/queries_assets.h"

namespace leoflow::sql {
namespace {

// One statement with what `bind` puts into it.
template <typename Bind>
Status run_with(Connection& connection, std::string_view sql, Bind bind) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  bind(*query);
  Result<int64_t> changed = query->run();
  if (!changed) return fail(changed);
  return {};
}

Status write_asset(Connection& connection, std::string_view sql, const AssetSpec& asset, Time at) {
  const std::string extra = json::dump(asset.extra);
  return run_with(connection, sql, [&](Query& query) {
    query.bind("$name", asset.key.name).bind("$uri", asset.key.uri).bind("$group", asset.group);
    query.bind("$extra", extra).bind("$at", at);
  });
}

Status write_alias(Connection& connection, std::string_view sql, const AssetAliasSpec& alias) {
  return run_with(connection, sql, [&](Query& query) {
    query.bind("$name", alias.name).bind("$group", alias.group);
  });
}

Status write_told(Connection& connection, const AssetBatch::Told& told) {
  if (Status made = write_asset(connection, kInsertAsset, told.asset, told.at); !made) return made;
  for (const std::string& alias : told.aliases) {
    if (Status made = write_alias(connection, kInsertAlias, {.name = alias}); !made) return made;
    Status linked = run_with(connection, kLinkAlias, [&](Query& query) {
      query.bind("$alias", alias).bind("$name", told.asset.key.name);
      query.bind("$uri", told.asset.key.uri);
    });
    if (!linked) return linked;
  }
  return {};
}

Status write_event(Connection& connection, const AssetBatch::Event& row) {
  const AssetEvent& event = row.event;
  Status inserted = run_with(connection, kInsertAssetEvent, [&](Query& query) {
    query.bind("$event_id", event.id).bind("$at", event.at).bind("$extra", event.extra);
    query.bind("$dag_id", event.dag_id).bind("$task_id", event.task_id);
    query.bind("$run_id", event.run_id).bind("$map_index", event.map_index);
    query.bind("$name", event.asset.name).bind("$uri", event.asset.uri);
  });
  if (!inserted) return inserted;
  for (const std::string& alias : row.aliases) {
    Status told = run_with(connection, kInsertEventAlias, [&](Query& query) {
      query.bind("$event_id", event.id).bind("$alias", alias);
    });
    if (!told) return told;
  }
  return {};
}

Status write_queue(Connection& connection, const AssetBatch::Queue& change) {
  if (!change.asset) {
    return run_with(connection, kUnqueueAssets,
                    [&](Query& query) { query.bind("$dag_id", change.dag_id); });
  }
  std::string_view sql = change.at ? kQueueAsset.view() : kUnqueueAsset.view();
  return run_with(connection, sql, [&](Query& query) {
    query.bind("$dag_id", change.dag_id);
    if (change.at) query.bind("$at", *change.at);
    query.bind("$name", change.asset->name).bind("$uri", change.asset->uri);
  });
}

Status write_consumption(Connection& connection, const AssetBatch::Consumption& one) {
  Status consumed = run_with(connection, kConsumeEvents, [&](Query& query) {
    query.bind("$run_key", one.run).bind("$last_event", one.last_event);
    query.bind("$dag_id", one.dag_id).bind("$events_max", kConsumedEventsMax);
  });
  if (!consumed) return consumed;
  return run_with(connection, kMarkConsumed, [&](Query& query) {
    query.bind("$last_event", one.last_event).bind("$dag_id", one.dag_id);
  });
}

void add_uses(const json::value& from, const std::string& role, const std::string& task_id,
              NamedAssets& out) {
  auto expression = parse_asset_expression(from);
  if (!expression) return;
  for_each_leaf(*expression, [&](const AssetExpression& leaf) {
    bool alias = leaf.kind == AssetExpression::Kind::alias;
    out.uses.push_back({role, task_id, alias ? "alias" : "asset", leaf.key});
  });
}

void add_task_uses(const json::object& task, NamedAssets& out) {
  const std::string task_id = json::string_or(task, "task_id");
  for (std::string role : {"inlet", "outlet"}) {
    const json::array* uses = json::array_or_null(task, role + "s");
    if (uses == nullptr) continue;
    for (const json::value& use : *uses) add_uses(use, role, task_id, out);
  }
}

NamedAssets::Use read_use(Row& row) {
  NamedAssets::Use use;
  use.role = row.text();
  use.task_id = row.text();
  use.kind = row.text();
  use.key.name = row.text();
  use.key.uri = row.text();
  return use;
}

void bind_use(Query& query, const std::string& dag_id, const NamedAssets::Use& use) {
  query.bind("$dag_id", dag_id).bind("$role", use.role).bind("$task_id", use.task_id);
  query.bind("$kind", use.kind).bind("$name", use.key.name).bind("$uri", use.key.uri);
}

}  // namespace

Status write_assets(Connection& connection, const AssetBatch& batch,
                    const std::unordered_set<RunKey>& deleted) {
  for (const AssetBatch::Told& told : batch.told) {
    if (Status done = write_told(connection, told); !done) return done;
  }
  for (const AssetBatch::Event& event : batch.events) {
    if (Status done = write_event(connection, event); !done) return done;
  }
  for (const AssetBatch::Queue& change : batch.queue) {
    if (Status done = write_queue(connection, change); !done) return done;
  }
  for (const AssetBatch::Consumption& one : batch.consumed) {
    if (deleted.contains(one.run)) continue;
    if (Status done = write_consumption(connection, one); !done) return done;
  }
  return {};
}

NamedAssets named_assets_of(const json::object& document) {
  NamedAssets named;
  if (const json::array* assets = json::array_or_null(document, "assets")) {
    for (const json::value& one : *assets) {
      if (!one.is_object()) continue;
      const json::object& about = one.get_object();
      AssetSpec asset{{json::string_or(about, "name"), json::string_or(about, "uri")},
                      json::string_or(about, "group", "asset")};
      if (const json::object* extra = json::object_or_null(about, "extra")) asset.extra = *extra;
      named.assets.push_back(std::move(asset));
    }
  }
  if (const json::array* aliases = json::array_or_null(document, "asset_aliases")) {
    for (const json::value& one : *aliases) {
      if (!one.is_object()) continue;
      const json::object& about = one.get_object();
      named.aliases.push_back(
          {json::string_or(about, "name"), json::string_or(about, "group", "asset")});
    }
  }
  if (const json::object* schedule = json::object_or_null(document, "schedule")) {
    if (const json::value* condition = schedule->if_contains("assets"))
      add_uses(*condition, "schedule", "", named);
  }
  if (const json::array* tasks = json::array_or_null(document, "tasks")) {
    for (const json::value& task : *tasks) {
      if (task.is_object()) add_task_uses(task.get_object(), named);
    }
  }
  return named;
}

Status replace_named_assets(Connection& connection, const std::string& dag_id,
                            const NamedAssets& named, Time at) {
  for (const AssetSpec& asset : named.assets) {
    if (Status done = write_asset(connection, kUpsertAsset, asset, at); !done) return done;
  }
  for (const AssetAliasSpec& alias : named.aliases) {
    if (Status done = write_alias(connection, kUpsertAlias, alias); !done) return done;
  }
  std::set<NamedAssets::Use> before;
  {
    Result<Query> query = connection.query(kSelectNamedAssets);
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id);
    auto rows = read_all(*query, read_use);
    if (!rows) return fail(rows);
    before.insert(rows->begin(), rows->end());
  }
  const std::set<NamedAssets::Use> now(named.uses.begin(), named.uses.end());
  for (const NamedAssets::Use& use : before) {
    if (now.contains(use)) continue;
    Status gone = run_with(connection, kDeleteNamedAsset,
                           [&](Query& query) { bind_use(query, dag_id, use); });
    if (!gone) return gone;
  }
  for (const NamedAssets::Use& use : now) {
    if (before.contains(use)) continue;
    Status added = run_with(connection, kInsertNamedAsset, [&](Query& query) {
      bind_use(query, dag_id, use);
      query.bind("$at", at);
    });
    if (!added) return added;
  }
  return {};
}

}  // namespace leoflow::sql
