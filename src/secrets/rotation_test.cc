// SPDX-License-Identifier: Apache-2.0
#include "secrets/rotation.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "secrets/installation_secrets.h"
#include "secrets/vault.h"
#include "store/store.h"

namespace leoflow {
namespace {

// Fails at the nth write and at all after it, as a program that has ended does.
struct Power {
  int writes_left = 1'000'000;
  bool write() { return writes_left-- > 0; }
};
Status gone() { return fail(Code::unavailable, "the power went"); }

class FailingSecrets : public SecretStore {
 public:
  FailingSecrets(SecretStore& real, Power& power) : real_(real), power_(power) {}
  Result<PageOf<SealedConnection>> list_connections(const TextPattern& pattern,
                                                    const Page& page) override {
    return real_.list_connections(pattern, page);
  }
  Result<std::optional<SealedConnection>> get_connection(const std::string& id) override {
    return real_.get_connection(id);
  }
  Status put_connection(const SealedConnection& row, bool overwrite) override {
    return power_.write() ? real_.put_connection(row, overwrite) : gone();
  }
  Result<bool> remove_connection(const std::string& id) override {
    return real_.remove_connection(id);
  }
  Result<PageOf<SealedVariable>> list_variables(const TextPattern& pattern,
                                                const Page& page) override {
    return real_.list_variables(pattern, page);
  }
  Result<std::optional<SealedVariable>> get_variable(const std::string& key) override {
    return real_.get_variable(key);
  }
  Status put_variable(const SealedVariable& row, bool overwrite) override {
    return power_.write() ? real_.put_variable(row, overwrite) : gone();
  }
  Result<bool> remove_variable(const std::string& key) override {
    return real_.remove_variable(key);
  }

 private:
  SecretStore& real_;
  Power& power_;
};

class FailingSettings : public SettingStore {
 public:
  FailingSettings(SettingStore& real, Power& power) : real_(real), power_(power) {}
  Result<std::optional<std::string>> get_setting(const std::string& name) override {
    return real_.get_setting(name);
  }
  Status put_setting(const std::string& name, const std::string& value) override {
    return power_.write() ? real_.put_setting(name, value) : gone();
  }

 private:
  SettingStore& real_;
  Power& power_;
};

class RotationTest : public testing::Test {
 protected:
  static constexpr int kThings = 6;  // sealed in all

  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "leoflow-rotate-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto store = open_sqlite_store({});
    ASSERT_TRUE(store);
    store_ = std::move(*store);
    KeyRing keys = ring();
    Vault vault(store_->secrets(), keys, {});
    for (const char* name : {"a", "b"}) {
      std::string secret = std::string("secret of ") + name;
      ASSERT_TRUE(vault.put_connection({.conn_id = name, .password = secret}, false));
      ASSERT_TRUE(vault.put_variable({.key = name, .value = secret}, false));
    }
    jwt_ = *installation_secret(store_->settings(), keys, InstallationSecret::jwt_secret);
    token_ = *installation_secret(store_->settings(), keys, InstallationSecret::attempt_token_key);
  }
  void TearDown() override { static_cast<void>(remove_tree(folder_)); }

  // As a program that starts reads it.
  KeyRing ring() {
    auto loaded = KeyRing::load_or_create(folder_ / "keys");
    EXPECT_TRUE(loaded) << loaded.error().text();
    return std::move(*loaded);
  }
  Result<int64_t> rotate(Power power = {}) {
    KeyRing keys = ring();
    FailingSecrets secrets(store_->secrets(), power);
    FailingSettings settings(store_->settings(), power);
    return rotate_key(secrets, settings, keys);
  }
  void expect_all_readable() {
    KeyRing keys = ring();
    Vault vault(store_->secrets(), keys, {});
    for (const char* name : {"a", "b"}) {
      std::string secret = std::string("secret of ") + name;
      EXPECT_EQ(vault.get_connection(name).value().value().password, secret);
      EXPECT_EQ(vault.get_variable(name).value().value().value, secret);
    }
    EXPECT_EQ(installation_secret(store_->settings(), keys, InstallationSecret::jwt_secret), jwt_);
    EXPECT_EQ(installation_secret(store_->settings(), keys, InstallationSecret::attempt_token_key),
              token_);
  }

  fs::path folder_;
  std::unique_ptr<Store> store_;
  std::string jwt_, token_;
};

TEST_F(RotationTest, SealsEverythingWithANewKeyAndDropsTheOldOne) {
  KeyRing old = ring();
  EXPECT_EQ(rotate(), kThings);
  EXPECT_EQ(ring().size(), 1u);
  expect_all_readable();
  Vault outdated(store_->secrets(), old, {});
  EXPECT_EQ(outdated.get_connection("a").error().code(), Code::denied);
  EXPECT_EQ(outdated.get_variable("b").error().code(), Code::denied);
  for (auto which : {InstallationSecret::jwt_secret, InstallationSecret::attempt_token_key}) {
    EXPECT_EQ(installation_secret(store_->settings(), old, which).error().code(), Code::denied);
  }
}

TEST_F(RotationTest, LosesNothingWhereverItIsCutOff) {
  for (int writes = 0; writes < kThings; ++writes) {
    ASSERT_EQ(rotate({.writes_left = writes}).error().code(), Code::unavailable) << writes;
    EXPECT_EQ(ring().size(), 2u) << "an earlier one that was cut off is finished first";
    expect_all_readable();
    ASSERT_EQ(rotate(), kThings);
    EXPECT_EQ(ring().size(), 1u);
    expect_all_readable();
  }
}

TEST_F(RotationTest, DoesNotPileUpKeysWhenItFailsAgainAndAgain) {
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(rotate({.writes_left = 2}));
  EXPECT_EQ(ring().size(), 2u);
  expect_all_readable();
  EXPECT_EQ(rotate(), kThings);
}

TEST_F(RotationTest, DropsNothingWhileSomethingCannotBeOpened) {
  SealedVariable row = store_->secrets().get_variable("a").value().value();
  row.key = "moved";
  ASSERT_TRUE(store_->secrets().put_variable(row, false));
  EXPECT_EQ(rotate().error().code(), Code::denied);
  EXPECT_EQ(rotate().error().code(), Code::denied);
  EXPECT_EQ(ring().size(), 2u);
  expect_all_readable();
}

}  // namespace
}  // namespace leoflow
