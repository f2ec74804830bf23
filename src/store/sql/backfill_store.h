// SPDX-License-Identifier: Apache-2.0
// BackfillStore on a Database, and the writes of a batch. See store/backfill_store.h.
#pragma once

#include "store/backfill_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlBackfillStore final : public BackfillStore {
 public:
  explicit SqlBackfillStore(Database& database) : database_(database) {}
  Result<PageOf<Backfill>> list(const BackfillQuery& query) override;
  Result<std::optional<Backfill>> get(int64_t id) override;
  Result<BackfillProgress> progress(int64_t id) override;
  Result<std::vector<BackfillRun>> runs_of(int64_t id) override;

 private:
  Database& database_;
};

void bind_backfill_inserted(Query& query, const Backfill& backfill);
void bind_backfill_updated(Query& query, const Backfill& backfill);

}  // namespace leoflow::sql
