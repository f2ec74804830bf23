// SPDX-License-Identifier: Apache-2.0
#include "secrets/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/store.h"

namespace leoflow {
namespace {

class VaultTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-vault-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    keys_path_ = folder_ / "keys";
    auto store = open_sqlite_store({});
    ASSERT_TRUE(store);
    store_ = std::move(*store);
    auto ring = KeyRing::load_or_create(keys_path_);
    ASSERT_TRUE(ring) << ring.error().text();
    ring_ = std::make_unique<KeyRing>(std::move(*ring));
  }
  void TearDown() override { (void)remove_tree(folder_); }

  Vault vault(const std::map<std::string, std::string>& environment = {}) {
    return Vault(store_->secrets(), *ring_, environment);
  }
  void put_warehouse(Vault& vault) {
    Connection connection{.conn_id = "etl_target",
                          .conn_type = "postgres",
                          .host = "db",
                          .login = "etl",
                          .password = "s3cret pw",
                          .schema = "warehouse"};
    connection.port = 55432;
    ASSERT_TRUE(vault.put_connection(connection, false));
  }

  fs::path folder_, keys_path_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyRing> ring_;
};

TEST_F(VaultTest, KeyFileIsPrivateAndReadAgain) {
  struct stat facts{};
  ASSERT_EQ(stat(keys_path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  std::string sealed = ring_->seal("text", "a");
  auto again = KeyRing::load_or_create(keys_path_);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again->open(sealed, "a"), "text");
  EXPECT_EQ(again->open(sealed, "b").error().code(), Code::denied);
}

TEST_F(VaultTest, KeyFileOpenToOthersIsRefused) {
  fs::permissions(keys_path_, fs::perms::group_read, fs::perm_options::add);
  auto ring = KeyRing::load_or_create(keys_path_);
  ASSERT_FALSE(ring);
  EXPECT_EQ(ring.error().code(), Code::denied);
  EXPECT_NE(ring.error().hint().find("chmod 600"), std::string::npos);
}

TEST_F(VaultTest, DamagedKeyFileIsRefused) {
  for (const char* text : {"", "# only a comment\n", "AAAA\n", "not base64!\n"}) {
    ASSERT_TRUE(write_file(keys_path_, text, 0600));
    auto ring = KeyRing::load_or_create(keys_path_);
    ASSERT_FALSE(ring) << text;
    EXPECT_EQ(ring.error().code(), Code::invalid);
  }
}

TEST_F(VaultTest, RotationKeepsEverythingReadable) {
  Vault v = vault();
  put_warehouse(v);
  ASSERT_TRUE(v.put_variable({.key = "city", .value = "Turin"}, false));
  ASSERT_TRUE(ring_->rotate());
  EXPECT_EQ(ring_->size(), 2u);
  EXPECT_EQ((*v.get_connection("etl_target"))->password, "s3cret pw");
  EXPECT_EQ(*v.reseal_all(), 2);
  ASSERT_TRUE(ring_->drop_old());
  auto reloaded = KeyRing::load_or_create(keys_path_);
  ASSERT_TRUE(reloaded);
  EXPECT_EQ(reloaded->size(), 1u);
  Vault after(store_->secrets(), *reloaded, {});
  EXPECT_EQ((*after.get_connection("etl_target"))->password, "s3cret pw");
  EXPECT_EQ((*after.get_variable("city"))->value, "Turin");
}

TEST_F(VaultTest, KeyRingIsBounded) {
  for (size_t i = 1; i < kRingKeysMax; ++i) ASSERT_TRUE(ring_->rotate());
  EXPECT_EQ(ring_->rotate().error().code(), Code::exhausted);
}

TEST_F(VaultTest, NothingSecretIsStoredInTheClear) {
  Vault v = vault();
  put_warehouse(v);
  auto row = store_->secrets().get_connection("etl_target");
  ASSERT_TRUE(row && *row);
  EXPECT_TRUE((*row)->clear.password.empty());
  EXPECT_TRUE((*row)->clear.has_password);
  EXPECT_EQ((*row)->sealed.find("s3cret"), std::string::npos);
}

TEST_F(VaultTest, SealedRowsCannotBeSwapped) {
  Vault v = vault();
  ASSERT_TRUE(v.put_variable({.key = "a", .value = "1"}, false));
  SealedVariable row = **store_->secrets().get_variable("a");
  row.key = "b";
  ASSERT_TRUE(store_->secrets().put_variable(row, false));
  EXPECT_EQ(v.get_variable("b").error().code(), Code::denied);
}

TEST_F(VaultTest, RefusesWhatAirflowWouldRefuse) {
  Vault v = vault();
  EXPECT_EQ(v.put_connection({.conn_id = ""}, true).error().code(), Code::invalid);
  EXPECT_EQ(v.put_connection({.conn_id = "a b"}, true).error().code(), Code::invalid);
  EXPECT_EQ(v.put_connection({.conn_id = "a", .extra = "[1]"}, true).error().code(), Code::invalid);
  EXPECT_EQ(v.put_connection({.conn_id = "a", .port = 70000}, true).error().code(), Code::invalid);
  EXPECT_EQ(v.put_variable({.key = ""}, true).error().code(), Code::invalid);
  ASSERT_TRUE(v.put_connection({.conn_id = "a", .conn_type = "PostgreSQL"}, false));
  EXPECT_EQ((*v.get_connection("a"))->conn_type, "postgres");
  EXPECT_EQ(v.put_connection({.conn_id = "a"}, false).error().code(), Code::exists);
}

TEST_F(VaultTest, EnvironmentComesFirst) {
  Vault v = vault({{"AIRFLOW_CONN_ETL_TARGET", "http://env-host"},
                   {"AIRFLOW_VAR_CITY", "Oslo"},
                   {"PATH", "/bin"}});
  put_warehouse(v);
  ASSERT_TRUE(v.put_variable({.key = "city", .value = "Turin"}, false));
  EXPECT_EQ((*v.find_connection("etl_target"))->host, "env-host");
  EXPECT_EQ((*v.get_connection("etl_target"))->host, "db");
  EXPECT_EQ((*v.find_variable("City"))->value, "Oslo");
  EXPECT_FALSE(*v.find_variable("absent"));
  auto secrets = v.secrets_for({});
  ASSERT_TRUE(secrets);
  EXPECT_EQ(secrets->environment.at("AIRFLOW_CONN_ETL_TARGET"), "http://env-host");
  EXPECT_EQ(secrets->environment.at("AIRFLOW_VAR_CITY"), "Oslo");
  EXPECT_FALSE(secrets->environment.contains("PATH"));
}

TEST_F(VaultTest, TasksGetWhatTheyDeclare) {
  Vault v = vault({{"AIRFLOW_VAR_OTHER", "x"}, {"AIRFLOW_VAR_API_KEY", "env-key-1"}});
  put_warehouse(v);
  ASSERT_TRUE(v.put_connection(
      {.conn_id = "unrelated", .conn_type = "http", .password = "unrelated-pw"}, false));
  ASSERT_TRUE(v.put_variable({.key = "city", .value = "Turin"}, false));
  DagSpec dag;
  dag.connections = {"unrelated"};
  dag.variables = std::vector<std::string>{"city", "api_key", "absent"};
  TaskSpec task;
  task.connections = {"etl_target"};
  auto secrets = v.secrets_for(scope_of(dag, &task));
  ASSERT_TRUE(secrets);
  std::map<std::string, std::string> expected = {
      {"AIRFLOW_CONN_ETL_TARGET", "postgres://etl:s3cret%20pw@db:55432/warehouse"},
      {"AIRFLOW_VAR_API_KEY", "env-key-1"},
      {"AIRFLOW_VAR_CITY", "Turin"}};
  EXPECT_EQ(secrets->environment, expected);
  EXPECT_EQ(secrets->masked, (std::vector<std::string>{"env-key-1", "s3cret pw", "s3cret%20pw"}));
  auto callback = v.secrets_for(scope_of(dag, nullptr));
  EXPECT_TRUE(callback->environment.contains("AIRFLOW_CONN_UNRELATED"));
  EXPECT_EQ(v.secrets_for({})->environment.size(), 5u);
}

}  // namespace
}  // namespace leoflow
