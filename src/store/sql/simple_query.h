// SPDX-License-Identifier: Apache-2.0
// The common shapes of a store method that is a single statement.
#pragma once

#include "store/sql/database.h"

namespace leoflow::sql {

struct BindNothing {
  void operator()(Query&) const {}
};

// All rows of one SELECT.
template <typename Value, typename Bind = BindNothing>
Result<std::vector<Value>> select_rows(Database& database, std::string_view sql, Value (*read)(Row&), Bind bind = {}) {
  return database.read([&](Connection& connection) -> Result<std::vector<Value>> {
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    bind(*query);
    return read_all(*query, read);
  });
}

// The only row of one SELECT, if there is one.
template <typename Value, typename Bind>
Result<std::optional<Value>> select_row(Database& database, std::string_view sql, Value (*read)(Row&), Bind bind) {
  return database.read([&](Connection& connection) -> Result<std::optional<Value>> {
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    bind(*query);
    return read_one(*query, read);
  });
}

// One INSERT, UPDATE or DELETE in its own transaction; the number of rows it changed.
template <typename Bind>
Result<int64_t> change_rows(Database& database, std::string_view sql, Bind bind) {
  return database.write([&](Connection& connection) -> Result<int64_t> {
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    bind(*query);
    return query->run();
  });
}

// One statement with RETURNING that gives exactly one row.
template <typename Value, typename Bind>
Result<Value> change_returning(Database& database, std::string_view sql, Value (*read)(Row&), Bind bind) {
  return database.write([&](Connection& connection) -> Result<Value> {
    Result<Query> query = connection.query(sql);
    if (!query) return fail(query);
    bind(*query);
    // To the end: the change is complete only when the statement is.
    Result<std::vector<Value>> rows = read_all(*query, read);
    if (!rows) return fail(rows);
    return std::move(rows->front());
  });
}

inline Status status_of(const Result<int64_t>& changed) {
  if (!changed) return fail(changed);
  return {};
}
inline Result<bool> any_of(const Result<int64_t>& changed) {
  if (!changed) return fail(changed);
  return *changed > 0;
}
// A taken key, told with its name.
inline Status named(Result<int64_t> changed, const std::string& what) {
  if (!changed && changed.error().code() == Code::exists) return fail(Code::exists, what + " exists");
  return status_of(changed);
}

}  // namespace leoflow::sql
