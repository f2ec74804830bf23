// SPDX-License-Identifier: Apache-2.0
// The configuration in Airflow's form; part of add_host_routes.
#pragma once

#include "api/router.h"

namespace leoflow::api {

void add_config_routes(Router& router);

}  // namespace leoflow::api
