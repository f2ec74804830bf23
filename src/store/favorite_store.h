// SPDX-License-Identifier: Apache-2.0
// The DAGs that a user has marked to find them again.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace leoflow {

constexpr int kFavoritesMax = 1000;  // per user

// Blocking; any thread. Favorites go with their user and with their DAG.
class FavoriteStore {
 public:
  virtual ~FavoriteStore() = default;
  // Success also when it is one already. `not_found` for an unknown user or DAG, `exhausted` past
  // kFavoritesMax.
  virtual Status add(const std::string& username, const std::string& dag_id) = 0;
  // Whether it was one.
  virtual Result<bool> remove(const std::string& username, const std::string& dag_id) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& username) = 0;  // by id
};

}  // namespace leoflow
