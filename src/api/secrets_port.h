// SPDX-License-Identifier: Apache-2.0
// Connections and variables in the clear, as the API needs them; main puts the vault behind it.
// Blocking; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "model/entities.h"
#include "store/page.h"

namespace leoflow::api {

class SecretsPort {
 public:
  virtual ~SecretsPort() = default;
  virtual Result<PageOf<Connection>> list_connections(const TextPattern& id_pattern,
                                                      const Page& page) = 0;
  virtual Result<std::optional<Connection>> get_connection(const std::string& conn_id) = 0;
  // `exists` unless overwrite.
  virtual Status put_connection(const Connection& connection, bool overwrite) = 0;
  virtual Result<bool> remove_connection(const std::string& conn_id) = 0;
  virtual Result<PageOf<Variable>> list_variables(const TextPattern& key_pattern,
                                                  const Page& page) = 0;
  virtual Result<std::optional<Variable>> get_variable(const std::string& key) = 0;
  virtual Status put_variable(const Variable& variable, bool overwrite) = 0;
  virtual Result<bool> remove_variable(const std::string& key) = 0;
};

}  // namespace leoflow::api
