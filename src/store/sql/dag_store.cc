// SPDX-License-Identifier: Apache-2.0
#include "store/sql/dag_store.h"

#include <algorithm>

#include "base/json.h"
#include "store/sql/asset_rows.h"
#include "store/sql/queries_dags.h"
#include "store/sql/queries_figures.h"
#include "store/sql/rows.h"
#include "store/sql/simple_query.h"

namespace leoflow::sql {
namespace {

Error no_such_dag(const std::string& dag_id) {
  return Error(Code::not_found, "there is no DAG '" + dag_id + "'");
}

std::pair<std::string, std::string> read_dag_tag(Row& row) {
  std::string dag_id = row.text();
  return {std::move(dag_id), row.text()};
}

// What lists filter by, taken out of the compiled form.
struct Facts {
  std::string display_name, schedule_kind;
  std::vector<std::string> tags, owners;
  NamedAssets assets;
};

std::vector<std::string> texts_of(const json::object& document, std::string_view key) {
  std::vector<std::string> texts;
  if (const json::array* list = json::array_or_null(document, key)) {
    for (const json::value& item : *list) {
      if (item.is_string()) texts.emplace_back(item.get_string());
    }
  }
  return texts;
}

Result<Facts> facts_of(const DagVersion& version) {
  Result<json::value> document = json::parse(version.dag_json);
  if (!document) return fail(document.error().within("dag.json of " + version.dag_id));
  if (!document->is_object())
    return fail(Code::invalid, "dag.json of " + version.dag_id + " is not an object");
  const json::object& object = document->get_object();
  std::string kind(to_string(ScheduleSpec::Kind::none));
  if (const json::object* schedule = json::object_or_null(object, "schedule"))
    kind = json::string_or(*schedule, "kind", kind);
  return Facts{json::string_or(object, "dag_display_name", version.dag_id), std::move(kind),
               texts_of(object, "tags"), texts_of(object, "owners"), named_assets_of(object)};
}

Result<std::optional<Dag>> select_dag(Connection& connection, const std::string& dag_id) {
  Result<Query> query = connection.query(kSelectDag);
  if (!query) return fail(query);
  query->bind("$dag_id", dag_id);
  return read_one(*query, read_dag);
}

Result<std::optional<DagVersion>> select_version(Connection& connection, DagVersionId id) {
  Result<Query> query = connection.query(kSelectVersion);
  if (!query) return fail(query);
  query->bind("$version_id", id);
  return read_one(*query, read_version);
}

// kSelectCurrentVersion or kSelectNewestVersion.
Result<std::optional<DagVersion>> select_version_of(Connection& connection, std::string_view sql,
                                                    const std::string& dag_id) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  query->bind("$dag_id", dag_id);
  return read_one(*query, read_version);
}

Result<std::optional<DagVersion>> select_numbered(Connection& connection, const std::string& dag_id,
                                                  int version_number) {
  Result<Query> query = connection.query(kSelectVersionByNumber);
  if (!query) return fail(query);
  query->bind("$dag_id", dag_id).bind("$version_number", version_number);
  return read_one(*query, read_version);
}

Result<DagVersion> insert_version(Connection& connection, const DagVersion& version) {
  DagVersionId id;
  {
    Result<Query> query = connection.query(kInsertVersion);
    if (!query) return fail(query);
    query->bind("$dag_id", version.dag_id)
        .bind("$label", version.label)
        .bind("$content_hash", version.content_hash)
        .bind("$bundle_path", version.bundle_path)
        .bind("$environment", version.environment)
        .bind("$created_at", version.created_at)
        .bind("$bundle_name", version.bundle_name)
        .bind("$image", version.image)
        .bind("$commit_id", version.commit)
        .bind("$url", version.url)
        .bind("$dag_json", version.dag_json)
        .bind("$source", version.source);
    Result<std::vector<int64_t>> ids = read_all(*query, read_integer);
    if (!ids) return fail(ids);
    id.value = ids->front();
  }
  Result<std::optional<DagVersion>> stored = select_version(connection, id);
  if (!stored) return fail(stored);
  return std::move(**stored);
}

Status upsert_dag(Connection& connection, const Dag& dag, const Facts& facts, DagVersionId version,
                  bool paused) {
  Result<Query> query = connection.query(kUpsertDag);
  if (!query) return fail(query);
  query->bind("$dag_id", dag.dag_id)
      .bind("$display_name", facts.display_name)
      .bind("$schedule_kind", facts.schedule_kind)
      .bind("$current_version", version)
      .bind("$is_paused", paused)
      .bind("$fileloc", dag.fileloc)
      .bind("$relative_fileloc", dag.relative_fileloc)
      .bind("$bundle_name", dag.bundle_name)
      .bind("$last_parsed_time", dag.last_parsed_time)
      .bind("$last_parse_duration", dag.last_parse_duration.count())
      .bind("$next_logical_date", dag.next_logical_date)
      .bind("$next_interval_start", dag.next_interval_start)
      .bind("$next_interval_end", dag.next_interval_end)
      .bind("$next_run_after", dag.next_run_after);
  Result<int64_t> changed = query->run();
  if (!changed) return fail(changed);
  return {};
}

// A statement whose only placeholder is $dag_id; the rows it changed.
Result<int64_t> run_for_dag(Connection& connection, std::string_view sql,
                            const std::string& dag_id) {
  Result<Query> query = connection.query(sql);
  if (!query) return fail(query);
  return query->bind("$dag_id", dag_id).run();
}

Status replace_values(Connection& connection, std::string_view clear, std::string_view insert,
                      const std::string& dag_id, const std::vector<std::string>& values) {
  if (Result<int64_t> cleared = run_for_dag(connection, clear, dag_id); !cleared)
    return fail(cleared);
  if (values.empty()) return {};
  Result<Query> query = connection.query(insert);
  if (!query) return fail(query);
  for (const std::string& value : values) {
    Result<int64_t> inserted = query->bind("$dag_id", dag_id).bind("$value", value).run();
    if (!inserted) return fail(inserted);
  }
  return {};
}

Status replace_facts(Connection& connection, const std::string& dag_id, const Facts& facts,
                     Time at) {
  Status stored = replace_values(connection, kDeleteTags, kInsertTag, dag_id, facts.tags);
  if (!stored) return stored;
  stored = replace_values(connection, kDeleteOwners, kInsertOwner, dag_id, facts.owners);
  if (!stored) return stored;
  return replace_named_assets(connection, dag_id, facts.assets, at);
}

// The version that has this content already: the current one or the newest one.
Result<std::optional<DagVersion>> find_equal(Connection& connection, const DagVersion& version) {
  for (std::string_view sql : {kSelectCurrentVersion.view(), kSelectNewestVersion.view()}) {
    Result<std::optional<DagVersion>> known = select_version_of(connection, sql, version.dag_id);
    if (!known || (*known && (*known)->content_hash == version.content_hash)) return known;
  }
  return std::nullopt;
}

std::unexpected<Error> held_elsewhere(const Dag& holder) {
  const bool pushed = holder.bundle_name == kPushedBundle;
  return fail(Code::exists, "DAG '" + holder.dag_id + "' belongs to " +
                                (pushed ? "a pushed project" : "a watched folder") + ", as " +
                                holder.relative_fileloc);
}

Result<Registered> register_in(Connection& connection, const DagVersion& version, const Dag& dag,
                               const Facts& facts, const RegisterOptions& options) {
  Result<std::optional<Dag>> before = select_dag(connection, version.dag_id);
  if (!before) return fail(before);
  const bool lives = *before && !(*before)->is_stale;
  if (lives && (*before)->bundle_name != dag.bundle_name && !options.take_over)
    return held_elsewhere(**before);
  Registered registered;
  Result<std::optional<DagVersion>> equal = find_equal(connection, version);
  if (!equal) return fail(equal);
  if (*equal) {
    registered.version = std::move(**equal);
  } else {
    Result<DagVersion> inserted = insert_version(connection, version);
    if (!inserted) return fail(inserted);
    registered.version = std::move(*inserted);
    registered.created = true;
  }
  if (options.activate || !lives) {
    Status stored = upsert_dag(connection, dag, facts, registered.version.id, options.paused);
    if (stored) stored = replace_facts(connection, version.dag_id, facts, dag.last_parsed_time);
    if (!stored) return fail(stored);
  }
  Result<std::optional<Dag>> row = select_dag(connection, version.dag_id);
  if (!row) return fail(row);
  registered.dag = std::move(**row);
  return registered;
}

Result<Registered> activate_in(Connection& connection, const std::string& dag_id,
                               int version_number) {
  Result<std::optional<DagVersion>> version = select_numbered(connection, dag_id, version_number);
  if (!version) return fail(version);
  if (!*version) {
    return fail(Code::not_found,
                "DAG '" + dag_id + "' has no version " + std::to_string(version_number));
  }
  Result<Facts> facts = facts_of(**version);
  if (!facts) return fail(facts);
  {
    Result<Query> query = connection.query(kSetCurrentVersion);
    if (!query) return fail(query);
    query->bind("$version_id", (*version)->id)
        .bind("$display_name", facts->display_name)
        .bind("$schedule_kind", facts->schedule_kind)
        .bind("$dag_id", dag_id);
    Result<int64_t> changed = query->run();
    if (!changed) return fail(changed);
    if (*changed == 0) return fail(no_such_dag(dag_id));
  }
  Status stored = replace_facts(connection, dag_id, *facts, (*version)->created_at);
  if (!stored) return fail(stored);
  Result<std::optional<Dag>> row = select_dag(connection, dag_id);
  if (!row) return fail(row);
  return Registered{std::move(**version), std::move(**row)};
}

Status delete_in(Connection& connection, const std::string& dag_id) {
  {
    Result<Query> query = connection.query(kCountRunning);
    if (!query) return fail(query);
    query->bind("$dag_id", dag_id);
    Result<std::optional<int64_t>> running = read_one(*query, read_integer);
    if (!running) return fail(running);
    if (running->value_or(0) > 0) {
      return fail(Code::conflict, "DAG '" + dag_id + "' has running tasks",
                  "stop or wait for its runs, then delete it");
    }
  }
  for (std::string_view sql : {kDeleteRunsOfDag.view(), kDeleteRunCountsOfDag.view(),
                               kDeleteRunHoursOfDag.view(), kDeleteTaskDaysOfDag.view()}) {
    if (auto rows = run_for_dag(connection, sql, dag_id); !rows) return fail(rows);
  }
  auto dags = run_for_dag(connection, kDeleteDag, dag_id);
  if (!dags) return fail(dags);
  if (*dags == 0) return fail(no_such_dag(dag_id));
  if (auto versions = run_for_dag(connection, kDeleteVersionsOfDag, dag_id); !versions)
    return fail(versions);
  return {};
}

// Of the last run, of which there is one: the conditions hold together.
void add_run_conditions(const DagQuery& query, Where& where) {
  if (query.run_states.empty() && query.run_start.empty() && query.run_end.empty()) return;
  where.add(kDagLastRunOpen);
  where.in("last.state", "$run_states", names_of(query.run_states));
  where.range("last.start_date", "$run_start", query.run_start);
  where.range("last.end_date", "$run_end", query.run_end);
  where.add(kDagLastRunClose);
}

Where conditions_of(const DagQuery& query) {
  Where where;
  where.only("dag.dag_id", "$dags_allowed", query.dags_allowed);
  if (query.exclude_stale) where.add(kDagNotStale);
  if (!query.favorites_of.empty()) {
    where.add(query.favorite ? kDagFavorite.view() : kDagNoFavorite.view(), "$username",
              query.favorites_of);
  }
  where.matches("dag.dag_id", "$dag_id_pattern", query.dag_id_pattern);
  where.matches("dag.display_name", "$display_name_pattern", query.display_name_pattern);
  if (query.paused) where.add(kDagPaused, "$paused", static_cast<int64_t>(*query.paused));
  if (query.has_import_errors) {
    where.add(*query.has_import_errors ? kDagWithImportErrors.view()
                                       : kDagWithoutImportErrors.view());
  }
  if (query.last_run_state) {
    where.add(kDagLastRunState, "$last_run_state", std::string(to_string(*query.last_run_state)));
  }
  add_run_conditions(query, where);
  where.equal("dag.bundle_name", "$bundle_name", query.bundle_name);
  if (!query.bundle_version.empty())
    where.add(kDagBundleVersion, "$bundle_version", query.bundle_version);
  if (query.has_asset_schedule)
    where.add(*query.has_asset_schedule ? kDagByAssets.view() : kDagNotByAssets.view());
  if (!query.asset_dependency.empty()) {
    where.add(kDagOnAssetOpen);
    where.matches("(named.name || ' ' || named.uri)", "$asset", query.asset_dependency);
    where.add(kDagOnAssetClose);
  }
  where.in("dag.schedule_kind", "$schedules", names_of(query.schedules));
  if (!query.tags.empty()) {
    where.add_list(query.tags_all ? kDagTagsAll.view() : kDagTagsAny.view(), "$tags", query.tags);
    if (query.tags_all) where.add("", "$tags_count", static_cast<int64_t>(query.tags.size()));
  }
  if (!query.owners.empty()) where.add_list(kDagOwners, "$owners", query.owners);
  return where;
}

}  // namespace

Result<Registered> SqlDagStore::register_version(const DagVersion& version, const Dag& dag,
                                                 const RegisterOptions& options) {
  if (version.dag_id.empty() || version.dag_id != dag.dag_id) {
    return fail(Code::invalid, "a version and its DAG need one and the same dag_id");
  }
  Result<Facts> facts = facts_of(version);
  if (!facts) return fail(facts);
  return database_.write([&](Connection& connection) {
    return register_in(connection, version, dag, *facts, options);
  });
}

Result<Registered> SqlDagStore::activate_version(const std::string& dag_id, int version_number) {
  return database_.write(
      [&](Connection& connection) { return activate_in(connection, dag_id, version_number); });
}

Result<PageOf<Dag>> SqlDagStore::list_dags(const DagQuery& query) {
  DagQuery distinct = query;
  std::ranges::sort(distinct.tags);
  distinct.tags.erase(std::ranges::unique(distinct.tags).begin(), distinct.tags.end());
  Where where = conditions_of(distinct);
  ListQuery list{kListDags, kCountDags, kDagOrder, "dag.dag_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_dag);
  });
}

Result<std::optional<Dag>> SqlDagStore::get_dag(const std::string& dag_id) {
  return database_.read([&](Connection& connection) { return select_dag(connection, dag_id); });
}

Result<std::vector<DagTags>> SqlDagStore::list_tags() {
  return database_.read([&](Connection& connection) -> Result<std::vector<DagTags>> {
    Result<Query> query = connection.query(kSelectAllTags);
    if (!query) return fail(query);
    auto rows = read_all(*query, read_dag_tag);
    if (!rows) return fail(rows);
    std::vector<DagTags> dags;
    for (auto& [dag_id, tag] : *rows) {
      if (dags.empty() || dags.back().dag_id != dag_id) dags.push_back({std::move(dag_id), {}});
      if (!tag.empty()) dags.back().tags.push_back(std::move(tag));
    }
    return dags;
  });
}

Result<std::vector<std::string>> SqlDagStore::tags_of(const std::string& dag_id) {
  return select_rows(database_, kSelectTagsOf, read_text,
                     [&](Query& query) { query.bind("$dag_id", dag_id); });
}

Result<std::vector<std::string>> SqlDagStore::dags_of_file(const std::string& filename) {
  return select_rows(database_, kSelectDagsOfFile, read_text,
                     [&](Query& query) { query.bind("$filename", filename); });
}

Status SqlDagStore::set_flag(std::string_view sql, const std::string& dag_id, bool value) {
  return database_.write([&](Connection& connection) -> Status {
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    Result<int64_t> changed = query->bind("$value", value).bind("$dag_id", dag_id).run();
    if (!changed) return fail(changed);
    if (*changed == 0) return fail(no_such_dag(dag_id));
    return {};
  });
}

Status SqlDagStore::set_paused(const std::string& dag_id, bool paused) {
  return set_flag(kSetPaused, dag_id, paused);
}

Status SqlDagStore::set_stale(const std::string& dag_id, bool stale) {
  return set_flag(kSetStale, dag_id, stale);
}

Status SqlDagStore::delete_dag(const std::string& dag_id) {
  return database_.write([&](Connection& connection) { return delete_in(connection, dag_id); });
}

Result<std::optional<DagVersion>> SqlDagStore::get_version(DagVersionId id) {
  return database_.read([&](Connection& connection) { return select_version(connection, id); });
}

Result<std::optional<DagVersion>> SqlDagStore::get_version(const std::string& dag_id,
                                                           int version_number) {
  return database_.read(
      [&](Connection& connection) { return select_numbered(connection, dag_id, version_number); });
}

Result<PageOf<DagVersion>> SqlDagStore::list_versions(const VersionQuery& query) {
  Where where;
  where.only("version.dag_id", "$dags_allowed", query.dags_allowed);
  where.equal("version.dag_id", "$dag_id", query.dag_id);
  if (query.version_number)
    where.add(kVersionNumber, "$version_number", int64_t(*query.version_number));
  where.equal("version.bundle_name", "$bundle_name", query.bundle_name);
  where.equal("version.label", "$bundle_version", query.bundle_version);
  ListQuery list{kListVersions, kCountVersions, kVersionOrder, "version.version_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_version);
  });
}

Status SqlImportErrorStore::put(const ImportError& error) {
  return database_.write([&](Connection& connection) -> Status {
    Result<Query> query = connection.query(kUpsertImportError);
    if (!query) return fail(query);
    query->bind("$happened_at", error.timestamp)
        .bind("$filename", error.filename)
        .bind("$bundle_name", error.bundle_name)
        .bind("$stack_trace", error.stack_trace);
    Result<int64_t> changed = query->run();
    if (!changed) return fail(changed);
    return {};
  });
}

Status SqlImportErrorStore::clear(const std::string& filename) {
  return database_.write([&](Connection& connection) -> Status {
    Result<Query> query = connection.query(kDeleteImportError);
    if (!query) return fail(query);
    Result<int64_t> changed = query->bind("$filename", filename).run();
    if (!changed) return fail(changed);
    return {};
  });
}

Result<PageOf<ImportError>> SqlImportErrorStore::list(const ImportErrorQuery& query) {
  Where where;
  where.matches("broken.filename", "$filename_pattern", query.filename_pattern);
  where.equal("broken.filename", "$filename", query.filename);
  where.equal("broken.bundle_name", "$bundle_name", query.bundle_name);
  if (query.dags_allowed) where.add_list(kImportErrorOfDags, "$dag_ids", *query.dags_allowed);
  ListQuery list{kListImportErrors, kCountImportErrors, kImportErrorOrder,
                 "broken.import_error_id"};
  return database_.read([&](Connection& connection) {
    return read_page(connection, list, where, query.page, read_import_error);
  });
}

Result<std::optional<ImportError>> SqlImportErrorStore::get(int64_t id) {
  return database_.read([&](Connection& connection) -> Result<std::optional<ImportError>> {
    Result<Query> query = connection.query(kSelectImportError);
    if (!query) return fail(query);
    query->bind("$import_error_id", id);
    return read_one(*query, read_import_error);
  });
}

}  // namespace leoflow::sql
