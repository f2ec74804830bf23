// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "main/commands.h"
#include "main/host.h"
#include "main/host_checks.h"
#include "secrets/rotation.h"
#include "store/store.h"

namespace leoflow {
namespace {

// What goes wrong is the answer of the command; warnings of the log would say it twice.
void log_only_errors() { log::configure(log::Level::error, false); }

Result<Home> existing_home(const std::string& root) {
  Home home{fs::absolute(root)};
  std::error_code error;
  if (fs::exists(home.database(), error)) return home;
  return fail(Code::not_found, "no database in " + home.root.string(), "name the home with --home");
}

}  // namespace

Result<cli::MigrateReport> Commands::db_migrate(const std::string& root) {
  log_only_errors();
  auto home = open_home(root);
  if (!home) return fail(home);
  auto lock = lock_home(*home);
  if (!lock) return fail(lock);
  std::error_code error;
  int before = 0;
  if (fs::exists(home->database(), error)) {
    auto version = schema_version_of(home->database());
    if (!version) return fail(version);
    before = *version;
  }
  auto store = open_sqlite_store({.path = home->database()});
  if (!store) return fail(store);
  return cli::MigrateReport{home->database().string(), before, schema_version_expected()};
}

Status Commands::db_check(const std::string& root) {
  log_only_errors();
  auto home = existing_home(root);
  return home ? check_sqlite(home->database()) : fail(home);
}

Status Commands::db_backup(const std::string& root, const std::string& file) {
  log_only_errors();
  auto home = existing_home(root);
  return home ? backup_sqlite(home->database(), file) : fail(home);
}

Result<cli::RotateReport> Commands::db_rotate_key(const std::string& root) {
  log_only_errors();
  auto home = existing_home(root);
  if (!home) return fail(home);
  auto lock = lock_home(*home);
  if (!lock) return fail(lock);
  std::error_code error;
  if (!fs::exists(home->key_file(), error)) {
    return fail(Code::not_found, "there is no key file " + home->key_file().string(),
                "restore it from a copy; without it stored secrets cannot be read");
  }
  auto keys = KeyRing::load_or_create(home->key_file());
  if (!keys) return fail(keys);
  auto store = open_sqlite_store({.path = home->database()});
  if (!store) return fail(store);
  auto resealed = rotate_key((*store)->secrets(), (*store)->settings(), *keys);
  if (!resealed) return fail(resealed);
  return cli::RotateReport{home->key_file().string(), *resealed};
}

std::vector<cli::DoctorFinding> Commands::doctor(const std::string& home) {
  Interpreters interpreters({.home = variable_or("HOME", "/root")});
  std::vector<cli::DoctorFinding> findings;
  for (const api::DoctorCheck& check : check_host(home, interpreters)) {
    findings.push_back({check.name, check.state, check.message, check.hint});
  }
  return findings;
}

}  // namespace leoflow
