// SPDX-License-Identifier: Apache-2.0
#include "contract/store_contract.h"

namespace leoflow {

TEST_P(StoreContract, KeepsConnections) {
  SealedConnection row{
      .clear = {.conn_id = "warehouse", .conn_type = "postgres", .host = "h", .schema = "s"},
      .sealed = std::string("\0\1\xff", 3)};
  row.clear.login = "ü";
  row.clear.has_login = row.clear.has_password = true;
  row.clear.port = 5432;
  SecretStore& secrets = store_->secrets();
  ASSERT_TRUE(secrets.put_connection(row, false));
  Status again = secrets.put_connection(row, false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::exists);
  EXPECT_NE(again.error().message().find("warehouse"), std::string::npos);
  row.clear.port.reset();
  ASSERT_TRUE(secrets.put_connection(row, true));
  auto got = secrets.get_connection("warehouse");
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->sealed, row.sealed);
  EXPECT_EQ((*got)->clear.login, "ü");
  EXPECT_TRUE((*got)->clear.has_password);
  EXPECT_FALSE((*got)->clear.port);
  EXPECT_EQ(secrets.list_connections("ware", {})->total, 1);
  EXPECT_TRUE(*secrets.remove_connection("warehouse"));
  EXPECT_FALSE(*secrets.remove_connection("warehouse"));
}

TEST_P(StoreContract, KeepsVariables) {
  SecretStore& secrets = store_->secrets();
  ASSERT_TRUE(
      secrets.put_variable({.key = "folder/city", .description = "d", .sealed = "s1"}, false));
  EXPECT_EQ(secrets.put_variable({.key = "folder/city"}, false).error().code(), Code::exists);
  ASSERT_TRUE(secrets.put_variable({.key = "folder/city", .description = "e", .sealed = ""}, true));
  EXPECT_EQ((*secrets.get_variable("folder/city"))->description, "e");
  EXPECT_EQ(secrets.list_variables("city%", {})->total, 1);
  Page page{.order = {{"key", true}}};
  EXPECT_TRUE(secrets.list_variables("", page));
  EXPECT_TRUE(*secrets.remove_variable("folder/city"));
  EXPECT_FALSE(*secrets.get_variable("folder/city"));
}

TEST_P(StoreContract, DefaultPoolAlwaysExists) {
  PoolStore& pools = store_->pools();
  ASSERT_TRUE(pools.put_pool({.name = "a", .slots = 2}, false));
  EXPECT_EQ(pools.put_pool({.name = "a", .slots = 3}, false).error().code(), Code::exists);
  ASSERT_TRUE(pools.put_pool({.name = "a", .slots = -1, .include_deferred = true}, true));
  auto list = pools.list_pools();
  ASSERT_TRUE(list && list->size() == 2);
  EXPECT_EQ((*list)[0].slots, -1);
  EXPECT_TRUE((*list)[0].include_deferred);
  EXPECT_EQ((*list)[1].name, kDefaultPool);
  EXPECT_EQ((*list)[1].slots, kDefaultPoolSlots);
  EXPECT_EQ(pools.put_pool({.name = "b", .slots = -2}, false).error().code(), Code::invalid);
  EXPECT_EQ(pools.remove_pool("default_pool").error().code(), Code::conflict);
  EXPECT_TRUE(*pools.remove_pool("a"));
  EXPECT_FALSE(*pools.get_pool("a"));
}

TEST_P(StoreContract, ListsStagingVolumes) {
  Batch batch;
  batch.runs_inserted = {make_run(1), make_run(2)};
  batch.staging_inserted = {make_volume(1, batch.runs_inserted[0]),
                            make_volume(2, batch.runs_inserted[1])};
  commit(batch);
  StagingQuery query{.dag_id = "etl"};
  query.page.order = {{"created_at", true}};
  auto page = store_->staging().list(query);
  ASSERT_TRUE(page && page->rows.size() == 2);
  EXPECT_EQ(page->rows[0].id, 2);
  EXPECT_EQ(page->rows[0].size_bytes, uint64_t(1) << 30);
  EXPECT_EQ(store_->staging().list({.run_id = "run_1"})->total, 1);
  EXPECT_EQ(store_->staging().list({.state = "deleted"})->total, 0);
}

TEST_P(StoreContract, UsersAndTheirTokens) {
  UserStore& users = store_->users();
  auto admin = users.put_user({.username = "admin", .password_hash = "h1", .created_at = at(1)});
  ASSERT_TRUE(admin);
  EXPECT_GT(admin->id, 0);
  auto changed = users.put_user({.username = "admin",
                                 .password_hash = "h2",
                                 .grants = R"([{"role":"User","tag":"x"}])",
                                 .epoch = 2});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->id, admin->id);
  EXPECT_EQ(changed->created_at, at(1));
  EXPECT_EQ(changed->grants, R"([{"role":"User","tag":"x"}])");
  EXPECT_EQ(changed->epoch, 2);
  EXPECT_EQ((*users.get_user("admin"))->password_hash, "h2");
  EXPECT_EQ(users.list_users()->size(), 1u);
  ASSERT_TRUE(users.note_login("admin", at(7)));
  EXPECT_EQ((*users.get_user("admin"))->last_login, at(7));
  auto token = users.add_token(
      {.name = "ci", .username = "admin", .secret_hash = "s", .expires_at = at(9), .scope = "run"});
  ASSERT_TRUE(token);
  ASSERT_TRUE(users.touch_token(token->id, at(3)));
  EXPECT_TRUE(*users.revoke_token(token->id, at(4)));
  EXPECT_FALSE(*users.revoke_token(token->id, at(5)));
  auto got = users.get_token(token->id);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->last_used_at, at(3));
  EXPECT_EQ((*got)->revoked_at, at(4));
  EXPECT_EQ((*got)->expires_at, at(9));
  EXPECT_EQ((*got)->scope, "run");
  EXPECT_EQ(users.list_tokens()->size(), 1u);
  ASSERT_TRUE(users.put_user({.username = "root", .password_hash = "h"}));
  EXPECT_TRUE(*users.remove_user("admin"));
  EXPECT_FALSE(*users.remove_user("admin"));
  EXPECT_FALSE(*users.get_token(token->id));
}

TEST_P(StoreContract, KeepsTheLastAdministrator) {
  UserStore& users = store_->users();
  ASSERT_TRUE(users.put_user({.username = "ann", .password_hash = "h", .role = "Viewer"}));
  ASSERT_TRUE(users.put_user({.username = "root", .password_hash = "h"}));
  auto code = [](const auto& result) { return result ? Code::internal : result.error().code(); };
  EXPECT_EQ(code(users.remove_user("root")), Code::conflict);
  EXPECT_EQ(code(users.put_user({.username = "root", .password_hash = "h", .role = "Op"})),
            Code::conflict);
  EXPECT_EQ(code(users.put_user({.username = "root", .password_hash = "h", .active = false})),
            Code::conflict);
  EXPECT_EQ((*users.get_user("root"))->role, "Admin");
  ASSERT_TRUE(users.put_user({.username = "ann", .password_hash = "h"}));
  EXPECT_TRUE(*users.remove_user("root"));
  EXPECT_EQ(code(users.remove_user("ann")), Code::conflict);
}

TEST_P(StoreContract, FindsUsersByTheirIdentityElsewhere) {
  UserStore& users = store_->users();
  ASSERT_TRUE(users.put_user({.username = "ann", .identity = "https://issuer ann-1"}));
  EXPECT_EQ((*users.get_user_of_identity("https://issuer ann-1"))->username, "ann");
  EXPECT_FALSE(*users.get_user_of_identity(""));
  EXPECT_FALSE(*users.get_user_of_identity("https://issuer ann-2"));
  EXPECT_FALSE(users.put_user({.username = "bob", .identity = "https://issuer ann-1"}));
}

TEST_P(StoreContract, KeepsBrowserSessions) {
  SessionStore& sessions = store_->sessions();
  BrowserSession session{.secret_hash = "a",
                         .username = "ann",
                         .epoch = 3,
                         .created_at = at(1),
                         .last_used_at = at(1),
                         .expires_at = at(10),
                         .address = "::1"};
  ASSERT_TRUE(sessions.add_session(session));
  ASSERT_TRUE(sessions.touch_session("a", at(5), at(20)));
  auto got = sessions.get_session("a");
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->username, "ann");
  EXPECT_EQ((*got)->epoch, 3);
  EXPECT_EQ((*got)->last_used_at, at(5));
  EXPECT_EQ((*got)->expires_at, at(20));
  session.secret_hash = "b";
  session.created_at = at(20);
  session.expires_at = at(40);
  ASSERT_TRUE(sessions.add_session(session));
  EXPECT_FALSE(*sessions.get_session("a")) << "ended when the next began";
  EXPECT_TRUE(*sessions.remove_session("b"));
  EXPECT_FALSE(*sessions.remove_session("b"));
  ASSERT_TRUE(sessions.add_session(session));
  ASSERT_TRUE(sessions.remove_sessions_of("ann"));
  EXPECT_FALSE(*sessions.get_session("b"));
}

TEST_P(StoreContract, ShowsOnlyRowsOfAllowedDags) {
  Batch batch;
  batch.runs_inserted = {make_run(1)};
  batch.staging_inserted = {make_volume(1, batch.runs_inserted[0])};
  batch.events = {{.when = at(3), .event = "failed", .dag_id = "etl"},
                  {.when = at(4), .event = "login"}};
  commit(batch);
  std::vector<std::string> etl{"etl"}, none, other{"other"};
  EXPECT_EQ(store_->dags().list_dags({.dags_allowed = etl})->total, 1);
  EXPECT_EQ(store_->dags().list_dags({.dags_allowed = none})->total, 0);
  EXPECT_EQ(store_->runs().list_runs({.dags_allowed = etl})->total, 1);
  EXPECT_EQ(store_->runs().list_runs({.dags_allowed = other})->total, 0);
  EXPECT_EQ(store_->runs().list_task_instances({.dags_allowed = none})->total, 0);
  EXPECT_EQ(store_->xcoms().list({.dags_allowed = none})->total, 0);
  EXPECT_EQ(store_->staging().list({.dags_allowed = none})->total, 0);
  EXPECT_EQ(store_->staging().list({.dags_allowed = etl})->total, 1);
  EXPECT_EQ(store_->event_log().list({.dags_allowed = etl})->total, 1);
  EXPECT_EQ(store_->event_log().list({.dags_allowed = none})->total, 0);
}

TEST_P(StoreContract, FiltersTheEventLog) {
  EventLogStore& log = store_->event_log();
  ASSERT_TRUE(
      log.add({.when = at(1), .event = "trigger", .dag_id = "etl", .run_id = "r", .owner = "ann"}));
  ASSERT_TRUE(log.add({.when = at(2), .event = "login", .owner = "bob", .extra = R"({"x":1})"}));
  Batch batch;
  batch.events = {{.when = at(3),
                   .event = "failed",
                   .dag_id = "etl",
                   .run_id = "r",
                   .task_id = "t",
                   .map_index = 0,
                   .try_number = 2}};
  commit(batch);
  EXPECT_EQ(log.list({})->total, 3);
  EXPECT_EQ(log.list({.dag_id = "etl"})->total, 2);
  EXPECT_EQ(log.list({.run_id = "r", .task_id = "t"})->rows[0].try_number, 2);
  EXPECT_EQ(log.list({.owner = "bob"})->rows[0].extra, R"({"x":1})");
  EXPECT_EQ(log.list({.event = "trigger"})->total, 1);
  EXPECT_EQ(log.list({.included_events = {"login", "failed"}})->total, 2);
  EXPECT_EQ(log.list({.excluded_events = {"login", "failed"}})->total, 1);
  EXPECT_EQ(log.list({.before = at(3), .after = at(1)})->rows[0].event, "login");
  EventLogQuery newest;
  newest.page = {.limit = 1, .order = {{"when", true}}};
  auto page = log.list(newest);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows[0].event, "failed");
  EXPECT_EQ(page->total, 3);
  auto one = log.get(page->rows[0].id);
  ASSERT_TRUE(one && *one);
  EXPECT_EQ((*one)->map_index, 0);
  ASSERT_TRUE(log.add({.when = at(4), .event = "put", .object = "pool:p", .address = "10.0.0.1"}));
  EXPECT_EQ(log.list({.object = "pool:p", .address = "10.0.0.1"})->rows[0].object, "pool:p");
  EXPECT_EQ(log.list({.address = "10.0.0.2"})->total, 0);
  EXPECT_EQ(log.list({.only_of_dags = true})->total, 2);
  EXPECT_EQ(log.list({.owner_pattern = "nn"})->total, 1);
  EXPECT_EQ(log.list({.map_index = 0, .try_number = 2})->total, 1);
  EXPECT_FALSE(*log.get(999));
}

TEST_P(StoreContract, KeepsSettings) {
  EXPECT_FALSE(*store_->settings().get_setting("instance_id"));
  ASSERT_TRUE(store_->settings().put_setting("instance_id", "a"));
  ASSERT_TRUE(store_->settings().put_setting("instance_id", "b"));
  EXPECT_EQ(**store_->settings().get_setting("instance_id"), "b");
}

TEST_P(StoreContract, PurgesOldRunsInSteps) {
  Batch batch;
  for (int64_t key = 1; key <= 4; ++key) {
    DagRun run = make_run(key);
    run.type = RunType::scheduled;
    run.state = RunState::success;
    run.end_date = run.run_after + std::chrono::seconds(1);
    batch.runs_inserted.push_back(run);
  }
  batch.runs_inserted[1].state = RunState::running;
  batch.runs_inserted[1].end_date.reset();
  batch.runs_inserted.push_back(make_run(5));  // manual: the latest automated one is run 4
  batch.runs_inserted[4].state = RunState::failed;
  batch.runs_inserted[4].end_date = at(5 * 3600);
  commit(batch);
  RetentionPolicy policy{.rows_per_step = 2};
  Time now = at(0) + std::chrono::days(100);
  auto first = store_->retention().purge(policy, now);
  ASSERT_TRUE(first) << first.error().text();
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].key, RunKey{1});
  EXPECT_EQ((*first)[1].key, RunKey{3});
  auto second = store_->retention().purge(policy, now);
  ASSERT_EQ(second->size(), 1u);
  EXPECT_EQ((*second)[0].key, RunKey{5});
  EXPECT_TRUE(store_->retention().purge(policy, now)->empty());
  EXPECT_TRUE(*store_->engine().load_run(RunKey{4}));
}

TEST_P(StoreContract, PurgesOtherRowsAndKeepsForEverWhenAsked) {
  ASSERT_TRUE(store_->event_log().add({.when = at(1), .event = "old"}));
  ASSERT_TRUE(store_->event_log().add({.when = at(0) + std::chrono::days(99), .event = "new"}));
  for (const char* content : {"b", "c", "d"}) add_dag("etl", content);
  Batch batch;
  batch.runs_inserted = {make_run(1)};
  batch.staging_inserted = {make_volume(1, batch.runs_inserted[0])};
  batch.staging_inserted[0].state = "deleted";
  batch.staging_inserted[0].deleted_at = at(1);
  batch.backfills_inserted = {{.id = 1, .dag_id = "etl", .completed_at = at(1)},
                              {.id = 2, .dag_id = "etl"}};
  batch.backfill_runs = {{.backfill = 1, .ordinal = 1, .exception = "in flight"}};
  commit(batch);
  Time now = at(0) + std::chrono::days(100);
  RetentionPolicy for_ever{.runs = Duration(0),
                           .event_log = Duration(0),
                           .deleted_staging = Duration(0),
                           .versions_unused_max = 0};
  ASSERT_TRUE(store_->retention().purge(for_ever, now));
  EXPECT_EQ(store_->event_log().list({})->total, 2);
  EXPECT_EQ(store_->staging().list({})->total, 1);
  EXPECT_EQ(store_->backfills().list({})->total, 2);
  ASSERT_TRUE(store_->retention().purge({.versions_unused_max = 1}, now));
  EXPECT_EQ(store_->event_log().list({})->total, 1);
  EXPECT_EQ(store_->staging().list({})->total, 0);
  EXPECT_FALSE(*store_->backfills().get(1));
  EXPECT_TRUE(store_->backfills().runs_of(1)->empty());
  EXPECT_TRUE(*store_->backfills().get(2)) << "it is open";
  // Version 1 has a run, 4 is current, 3 is the one unused version kept.
  EXPECT_FALSE(*store_->dags().get_version("etl", 2));
  EXPECT_EQ(store_->dags().list_versions({.dag_id = "etl"})->total, 3);
}

}  // namespace leoflow
