// SPDX-License-Identifier: Apache-2.0
#include "store/sql/query.h"

#include <sqlite3.h>

#include "base/check.h"
#include "store/sql/sqlite_error.h"

namespace leoflow::sql {

Query::~Query() {
  if (!prepared_) return;
  sqlite3_reset(prepared_->statement);
  sqlite3_clear_bindings(prepared_->statement);  // the bound texts may go away now
  prepared_->in_use = false;
}

int Query::index_of(std::string_view name) {
  const std::vector<std::string>& names = prepared_->names;
  if (stepped_) {
    sqlite3_reset(prepared_->statement);
    stepped_ = false;
    bound_ = 0;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    size_t at = (next_ + i) % names.size();
    if (names[at] != name) continue;
    next_ = at + 1;
    ++bound_;
    return static_cast<int>(at) + 1;
  }
  CHECK(!"the statement has no placeholder of this name");
  return 0;
}

Query& Query::bind(std::string_view name, int64_t value) {
  sqlite3_bind_int64(prepared_->statement, index_of(name), value);
  return *this;
}

Query& Query::bind(std::string_view name, double value) {
  sqlite3_bind_double(prepared_->statement, index_of(name), value);
  return *this;
}

Query& Query::bind(std::string_view name, std::string_view text) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  const char* bytes = text.data() ? text.data() : "";
  sqlite3_bind_text64(prepared_->statement, index_of(name), bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Query& Query::bind_blob(std::string_view name, const std::string& bytes) {
  sqlite3_bind_blob64(prepared_->statement, index_of(name), bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Query& Query::bind_null(std::string_view name) {
  sqlite3_bind_null(prepared_->statement, index_of(name));
  return *this;
}

Result<bool> Query::step() {
  if (!stepped_) CHECK(bound_ == prepared_->names.size());
  stepped_ = true;
  int code = sqlite3_step(prepared_->statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = database_error(prepared_->db, code, sqlite3_sql(prepared_->statement));
  sqlite3_reset(prepared_->statement);
  return fail(std::move(error));
}

Result<int64_t> Query::run() {
  Result<bool> more = step();
  if (!more) return fail(more);
  CHECK(!*more);
  int64_t changed = sqlite3_changes64(prepared_->db);
  sqlite3_reset(prepared_->statement);
  stepped_ = false;
  bound_ = 0;
  return changed;
}

Error unknown_value_error() {
  return Error(Code::internal, "the database holds a value that this program does not know",
               "was it written by a newer version of leoflow?");
}

}  // namespace leoflow::sql
