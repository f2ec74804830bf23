// SPDX-License-Identifier: Apache-2.0
#include "main/asset_events.h"

#include <algorithm>
#include <map>

#include "base/json.h"

namespace leoflow {
namespace {

void text_or_null(json::Writer& out, std::string_view name, const std::string& text) {
  if (text.empty()) {
    out.member_null(name);
  } else {
    out.member(name, text);
  }
}

std::string event_json(const AssetEventRow& row, const std::vector<std::string>& aliases) {
  const AssetEvent& event = row.event;
  json::Writer out;
  out.begin_object().member("id", event.id).member("timestamp", format_iso(event.at));
  out.key("extra").raw(event.extra);
  text_or_null(out, "source_dag_id", event.dag_id);
  text_or_null(out, "source_task_id", event.task_id);
  text_or_null(out, "source_run_id", event.run_id);
  out.member("source_map_index", event.map_index).key("asset").begin_object();
  out.member("name", event.asset.name).member("uri", event.asset.uri).member("group", row.group);
  out.end_object().key("aliases").begin_array();
  for (const std::string& alias : aliases) out.string(alias);
  return out.end_array().end_object().take();
}

// As many of them, from the first on, as have kTriggeringBytesMax together, the oldest first.
Result<std::string> events_json(Store& store, std::vector<AssetEventRow> rows) {
  std::vector<int64_t> ids;
  for (const AssetEventRow& row : rows) ids.push_back(row.event.id);
  auto aliases = store.assets().aliases_of(ids);
  if (!aliases) return fail(aliases);
  std::map<int64_t, std::vector<std::string>> told;
  for (auto& [event, alias] : *aliases) told[event].push_back(std::move(alias));
  std::vector<std::pair<int64_t, std::string>> texts;
  size_t bytes = 0;
  for (const AssetEventRow& row : rows) {
    std::string text = event_json(row, told[row.event.id]);
    bytes += text.size();
    if (bytes > kTriggeringBytesMax && !texts.empty()) break;
    texts.emplace_back(row.event.id, std::move(text));
  }
  std::ranges::sort(texts);
  json::Writer out;
  out.begin_array();
  for (const auto& [id, text] : texts) out.raw(text);
  return out.end_array().take();
}

}  // namespace

Result<std::string> consumed_events_json(Store& store, const DagRun& run) {
  if (run.type != RunType::asset_triggered) return std::string("[]");
  auto page = store.assets().list_events(
      {.consumed_by = run.key,
       .page = {.limit = kTriggeringEventsMax, .order = {{.column = "id", .descending = true}}}});
  if (!page) return fail(page);
  return events_json(store, std::move(page->rows));
}

Result<std::string> asset_events_json(Store& store, const AssetEventsWanted& wanted) {
  AssetEventQuery query{.alias = wanted.alias};
  if (wanted.alias.empty()) {
    auto asset = store.assets().find(wanted.asset);
    if (!asset) return fail(asset);
    if (!*asset) return std::string("[]");
    query.asset_id = (*asset)->id;
  }
  query.timestamp = {.gte = wanted.after, .lte = wanted.before};
  query.page = {.limit = std::clamp(wanted.limit, 1, kInletEventsMax),
                .order = {{.column = "id", .descending = !wanted.ascending}}};
  auto page = store.assets().list_events(query);
  if (!page) return fail(page);
  return events_json(store, std::move(page->rows));
}

Result<std::string> asset_json(Store& store, const AssetKey& key) {
  if (key.name.empty() && key.uri.empty()) return std::string();
  auto asset = store.assets().find(key);
  if (!asset) return fail(asset);
  if (!*asset) return std::string();
  json::Writer out;
  out.begin_object().member("name", (*asset)->key.name).member("uri", (*asset)->key.uri);
  out.member("group", (*asset)->group).key("extra").raw((*asset)->extra);
  return out.end_object().take();
}

}  // namespace leoflow
