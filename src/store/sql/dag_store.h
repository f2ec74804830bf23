// SPDX-License-Identifier: Apache-2.0
// DagStore and ImportErrorStore on a Database. See store/dag_store.h for the contract.
#pragma once

#include "store/dag_store.h"
#include "store/sql/database.h"

namespace leoflow::sql {

class SqlDagStore final : public DagStore {
 public:
  explicit SqlDagStore(Database& database) : database_(database) {}

  Result<Registered> register_version(const DagVersion& version, const Dag& dag,
                                      const RegisterOptions& options) override;
  Result<Registered> activate_version(const std::string& dag_id, int version_number) override;
  Result<PageOf<Dag>> list_dags(const DagQuery& query) override;
  Result<std::optional<Dag>> get_dag(const std::string& dag_id) override;
  Result<std::vector<DagTags>> list_tags() override;
  Result<std::vector<std::string>> tags_of(const std::string& dag_id) override;
  Result<std::vector<std::string>> dags_of_file(const std::string& filename) override;
  Status set_paused(const std::string& dag_id, bool paused) override;
  Status set_stale(const std::string& dag_id, bool stale) override;
  Status delete_dag(const std::string& dag_id) override;
  Result<std::optional<DagVersion>> get_version(DagVersionId id) override;
  Result<std::optional<DagVersion>> get_version(const std::string& dag_id,
                                                int version_number) override;
  Result<PageOf<DagVersion>> list_versions(const VersionQuery& query) override;

 private:
  Status set_flag(std::string_view sql, const std::string& dag_id, bool value);

  Database& database_;
};

class SqlImportErrorStore final : public ImportErrorStore {
 public:
  explicit SqlImportErrorStore(Database& database) : database_(database) {}

  Status put(const ImportError& error) override;
  Status clear(const std::string& filename) override;
  Result<PageOf<ImportError>> list(const ImportErrorQuery& query) override;
  Result<std::optional<ImportError>> get(int64_t id) override;

 private:
  Database& database_;
};

}  // namespace leoflow::sql
