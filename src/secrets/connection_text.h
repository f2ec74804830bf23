// SPDX-License-Identifier: Apache-2.0
// Connections as text: Airflow's URI and JSON forms, as AIRFLOW_CONN_* holds them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "model/entities.h"

namespace leoflow {

// The URI as Airflow's Connection.get_uri() writes it. For PostgreSQL spaces of the query are %20, not +, so that
// libpq reads the text as it stands, provided the extras are names it knows (sslmode, connect_timeout, ...).
std::string connection_uri(const Connection& connection);
// One JSON object: conn_type, description, host, login, password, schema, port, extra; null where not set, extra as
// its JSON text.
std::string connection_json(const Connection& connection);

// Either form: JSON when the first character is `{`. `invalid` names what is wrong, never the text itself (it holds
// a password).
Result<Connection> parse_connection(std::string_view conn_id, std::string_view text);

// postgresql -> postgres, - -> _, lower case: how a connection type is stored.
std::string normal_conn_type(std::string_view conn_type);

}  // namespace leoflow
