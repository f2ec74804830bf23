// SPDX-License-Identifier: Apache-2.0
// One function per resource: declares its shapes and routes. Each lives in routes_<resource>.cc.
#pragma once

#include "api/router.h"

namespace leoflow::api {

void add_dag_routes(Router& router);
void add_task_routes(Router& router);
void add_dag_run_routes(Router& router);
void add_latest_run_routes(Router& router);
void add_run_wait_routes(Router& router);
void add_trigger_routes(Router& router);
void add_backfill_routes(Router& router);
void add_task_instance_routes(Router& router);
void add_task_instance_change_routes(Router& router);
void add_task_bulk_routes(Router& router);
void add_log_routes(Router& router);
void add_xcom_routes(Router& router);
void add_version_routes(Router& router);
void add_deployment_routes(Router& router);
void add_import_error_routes(Router& router);
void add_connection_routes(Router& router);
void add_variable_routes(Router& router);
void add_pool_routes(Router& router);
void add_monitor_routes(Router& router);
void add_job_routes(Router& router);
void add_event_log_routes(Router& router);
void add_empty_routes(Router& router);
void add_asset_routes(Router& router);
void add_asset_event_routes(Router& router);
void add_state_store_routes(Router& router);
void add_session_routes(Router& router);
void add_oidc_routes(Router& router);
void add_user_routes(Router& router);
void add_token_routes(Router& router);
void add_event_routes(Router& router);
void add_leoflow_routes(Router& router);
void add_grid_routes(Router& router);
void add_dashboard_routes(Router& router);
void add_host_routes(Router& router);
void add_log_search_routes(Router& router);
void add_run_bulk_routes(Router& router);
void add_secret_file_routes(Router& router);
void add_openapi_routes(Router& router);

// All of the above.
void add_all_routes(Router& router);

}  // namespace leoflow::api
