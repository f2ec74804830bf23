// SPDX-License-Identifier: Apache-2.0
#include "api/routes.h"

namespace leoflow::api {

void add_all_routes(Router& router) {
  add_dag_routes(router);
  add_task_routes(router);
  add_dag_run_routes(router);
  add_latest_run_routes(router);
  add_run_wait_routes(router);
  add_trigger_routes(router);
  add_backfill_routes(router);
  add_task_instance_routes(router);
  add_task_instance_change_routes(router);
  add_task_bulk_routes(router);
  add_log_routes(router);
  add_xcom_routes(router);
  add_version_routes(router);
  add_deployment_routes(router);
  add_import_error_routes(router);
  add_connection_routes(router);
  add_variable_routes(router);
  add_pool_routes(router);
  add_monitor_routes(router);
  add_job_routes(router);
  add_event_log_routes(router);
  add_empty_routes(router);
  add_asset_routes(router);
  add_asset_event_routes(router);
  add_state_store_routes(router);
  add_session_routes(router);
  add_oidc_routes(router);
  add_user_routes(router);
  add_token_routes(router);
  add_event_routes(router);
  add_leoflow_routes(router);
  add_grid_routes(router);
  add_dashboard_routes(router);
  add_host_routes(router);
  add_log_search_routes(router);
  add_run_bulk_routes(router);
  add_secret_file_routes(router);
  add_openapi_routes(router);
}

}  // namespace leoflow::api
