// SPDX-License-Identifier: Apache-2.0
// Who may do what: the one table of routes and the permissions they need. A route that is not in it
// answers 403 to everybody, and a test names it. Pure.
//
// Permissions on DAGs are asked of the DAG that the path names, or, where it names none (lists,
// batches), of any DAG: what the store and the engine then show and do is limited to the caller's
// DAGs (scope.h). A DAG on which the caller has no role is not there: 404.
#pragma once

#include <string_view>

#include "api/auth/rights.h"

namespace leoflow::api {

enum class Permission {
  nobody,        // of a route that is not in the table
  anyone,        // also without credentials
  own_account,   // every user, about themselves
  dag_read,      // DAGs, runs, task instances, logs, XComs, import errors, their audit rows
  dag_run,       // trigger, clear, mark, note, pause, delete
  dag_activate,  // which of its versions is the current one
  dag_deploy,    // new code: it runs as the server's user, so the role must hold on all DAGs
  xcom_edit,     // XComs by hand
  pool_read,
  pool_edit,
  installation_read,  // environments, metrics, plugins, jobs: nothing secret, nothing of a DAG
  connection_edit,    // reading counts as editing: hosts and logins
  variable_edit,      // the same: values
  config_read,        // configuration and checks of the host
  user_manage,        // users, roles, tokens of others, the whole audit log
};

// Whether a permission is asked of a DAG.
constexpr bool about_dags(Permission permission) {
  return permission == Permission::dag_read || permission == Permission::dag_run ||
         permission == Permission::dag_activate || permission == Permission::xcom_edit;
}

// The lowest role that has a permission. Requires: not nobody.
constexpr Role role_needed(Permission permission) {
  switch (permission) {
    case Permission::anyone: return Role::none;
    case Permission::own_account:
    case Permission::dag_read:
    case Permission::pool_read:
    case Permission::installation_read: return Role::viewer;
    case Permission::dag_run: return Role::user;
    case Permission::dag_activate:
    case Permission::dag_deploy:
    case Permission::xcom_edit:
    case Permission::pool_edit:
    case Permission::connection_edit:
    case Permission::variable_edit:
    case Permission::config_read: return Role::op;
    case Permission::nobody:
    case Permission::user_manage: break;
  }
  return Role::admin;
}

struct AccessRule {
  std::string_view operation;  // operation id of the route
  Permission permission;
};

inline constexpr AccessRule kAccessMatrix[] = {
    // Without credentials
    {"get_version", Permission::anyone},
    {"get_health", Permission::anyone},
    {"get_openapi", Permission::anyone},
    {"create_token", Permission::anyone},
    {"create_token_cli", Permission::anyone},
    {"login", Permission::anyone},
    {"logout", Permission::anyone},
    {"go_to_login", Permission::anyone},
    {"go_to_logout", Permission::anyone},
    {"get_sign_in_options", Permission::anyone},
    {"begin_oidc", Permission::anyone},
    {"finish_oidc", Permission::anyone},
    // One's own account
    {"get_me", Permission::own_account},
    {"set_own_password", Permission::own_account},
    {"list_tokens", Permission::own_account},
    {"create_api_token", Permission::own_account},
    {"revoke_api_token", Permission::own_account},
    // DAGs
    {"get_dags", Permission::dag_read},
    {"get_dag", Permission::dag_read},
    {"get_dag_details", Permission::dag_read},
    {"get_dag_stats", Permission::dag_read},
    {"get_dag_tags", Permission::dag_read},
    {"list_dag_warnings", Permission::dag_read},
    {"get_tasks", Permission::dag_read},
    {"get_task", Permission::dag_read},
    {"get_dag_versions", Permission::dag_read},
    {"get_dag_version", Permission::dag_read},
    {"get_dag_source", Permission::dag_read},
    {"get_import_errors", Permission::dag_read},
    {"get_import_error", Permission::dag_read},
    {"favorite_dag", Permission::dag_read},
    {"unfavorite_dag", Permission::dag_read},
    {"patch_dag", Permission::dag_run},
    {"patch_dags", Permission::dag_run},
    {"delete_dag", Permission::dag_run},
    {"reparse_dag_file", Permission::dag_run},
    {"activate_dag_version", Permission::dag_activate},
    // New code
    {"get_upload", Permission::dag_deploy},
    {"put_upload", Permission::dag_deploy},
    {"create_deployment", Permission::dag_deploy},
    {"get_deployment", Permission::dag_deploy},
    // Runs
    {"get_dag_runs", Permission::dag_read},
    {"get_list_dag_runs_batch", Permission::dag_read},
    {"list_latest_runs", Permission::dag_read},
    {"get_dag_run", Permission::dag_read},
    {"get_upstream_asset_events", Permission::dag_read},
    {"wait_dag_run_until_finished", Permission::dag_read},
    {"get_grid", Permission::dag_read},
    {"get_task_groups", Permission::dag_read},
    {"get_dashboard", Permission::dag_read},
    {"get_hitl_details", Permission::dag_read},
    {"get_attempts", Permission::dag_read},
    {"get_reasons", Permission::dag_read},
    {"get_staging_volumes", Permission::dag_read},
    {"trigger_dag_run", Permission::dag_run},
    {"patch_dag_run", Permission::dag_run},
    {"delete_dag_run", Permission::dag_run},
    {"clear_dag_run", Permission::dag_run},
    {"clear_dag_runs", Permission::dag_run},
    {"clear_dag_run_partitions", Permission::dag_run},
    {"bulk_patch_dag_runs", Permission::dag_run},
    {"bulk_dag_runs", Permission::dag_run},
    {"list_backfills", Permission::dag_read},
    {"get_backfill", Permission::dag_read},
    {"get_backfill_progress", Permission::dag_read},
    {"create_backfill", Permission::dag_run},
    {"create_backfill_dry_run", Permission::dag_read},
    {"pause_backfill", Permission::dag_run},
    {"unpause_backfill", Permission::dag_run},
    {"cancel_backfill", Permission::dag_run},
    // Task instances
    {"get_task_instances", Permission::dag_read},
    {"get_task_instances_batch", Permission::dag_read},
    {"get_task_instance", Permission::dag_read},
    {"get_mapped_task_instance", Permission::dag_read},
    {"get_mapped_task_instances", Permission::dag_read},
    {"get_task_instance_tries", Permission::dag_read},
    {"get_mapped_task_instance_tries", Permission::dag_read},
    {"get_task_instance_try_details", Permission::dag_read},
    {"get_mapped_task_instance_try_details", Permission::dag_read},
    {"get_task_instance_dependencies", Permission::dag_read},
    {"get_mapped_task_instance_dependencies", Permission::dag_read},
    {"get_hitl_detail", Permission::dag_read},
    {"get_hitl_detail_try_detail", Permission::dag_read},
    {"update_hitl_detail", Permission::dag_run},
    {"get_extra_links", Permission::dag_read},
    {"get_external_log_url", Permission::dag_read},
    {"get_log", Permission::dag_read},
    {"read_log", Permission::dag_read},
    {"search_log", Permission::dag_read},
    {"follow_log", Permission::dag_read},
    {"search_run_logs", Permission::dag_read},
    {"bulk_task_instances", Permission::dag_run},
    {"change_task_instances", Permission::dag_run},
    {"patch_task_group_instances", Permission::dag_run},
    {"patch_task_group_instances_dry_run", Permission::dag_run},
    {"delete_task_instance", Permission::dag_run},
    {"patch_task_instance", Permission::dag_run},
    {"patch_mapped_task_instance", Permission::dag_run},
    {"patch_task_instance_dry_run", Permission::dag_run},
    {"patch_mapped_task_instance_dry_run", Permission::dag_run},
    {"post_clear_task_instances", Permission::dag_run},
    {"list_task_state_store", Permission::dag_read},
    {"get_task_state_store", Permission::dag_read},
    {"set_task_state_store", Permission::dag_run},
    {"patch_task_state_store", Permission::dag_run},
    {"delete_task_state_store", Permission::dag_run},
    {"clear_task_state_store", Permission::dag_run},
    // XComs
    {"get_xcom_entries", Permission::dag_read},
    {"get_xcom_entry", Permission::dag_read},
    {"create_xcom_entry", Permission::xcom_edit},
    {"update_xcom_entry", Permission::xcom_edit},
    {"delete_xcom_entry", Permission::xcom_edit},
    // Events and audit: of the caller's DAGs; Admin sees every row
    {"get_events", Permission::dag_read},
    {"get_event_logs", Permission::dag_read},
    {"get_event_log", Permission::dag_read},
    // Pools
    {"get_pools", Permission::pool_read},
    {"get_pool", Permission::pool_read},
    {"get_pool_use", Permission::pool_read},
    {"post_pool", Permission::pool_edit},
    {"bulk_pools", Permission::pool_edit},
    {"patch_pool", Permission::pool_edit},
    {"delete_pool", Permission::pool_edit},
    // Connections and variables
    {"get_connections", Permission::connection_edit},
    {"get_connection", Permission::connection_edit},
    {"post_connection", Permission::connection_edit},
    {"bulk_connections", Permission::connection_edit},
    {"test_connection", Permission::connection_edit},
    {"enqueue_connection_test", Permission::connection_edit},
    {"get_connection_test", Permission::connection_edit},
    {"create_default_connections", Permission::connection_edit},
    {"patch_connection", Permission::connection_edit},
    {"delete_connection", Permission::connection_edit},
    {"get_variables", Permission::variable_edit},
    {"get_variable", Permission::variable_edit},
    {"post_variable", Permission::variable_edit},
    {"bulk_variables", Permission::variable_edit},
    {"patch_variable", Permission::variable_edit},
    {"delete_variable", Permission::variable_edit},
    {"export_connections", Permission::connection_edit},
    {"import_connections", Permission::connection_edit},
    {"export_variables", Permission::variable_edit},
    {"import_variables", Permission::variable_edit},
    // Assets: those that the caller's DAGs name, and what is seen of them
    {"get_assets", Permission::dag_read},
    {"get_asset_aliases", Permission::dag_read},
    {"get_asset_events", Permission::dag_read},
    {"get_asset", Permission::dag_read},
    {"get_asset_alias", Permission::dag_read},
    {"get_asset_queued_events", Permission::dag_read},
    {"delete_asset_queued_events", Permission::dag_run},
    {"create_asset_event", Permission::dag_run},
    {"materialize_asset", Permission::dag_run},
    {"list_asset_state_store", Permission::dag_read},
    {"get_asset_state_store", Permission::dag_read},
    {"set_asset_state_store", Permission::dag_run},
    {"delete_asset_state_store", Permission::dag_run},
    {"clear_asset_state_store", Permission::dag_run},
    {"get_dag_asset_queued_events", Permission::dag_read},
    {"get_dag_asset_queued_event", Permission::dag_read},
    {"delete_dag_asset_queued_events", Permission::dag_run},
    {"delete_dag_asset_queued_event", Permission::dag_run},
    // The installation
    {"get_workspace", Permission::installation_read},
    {"get_environments", Permission::installation_read},
    {"get_environment_log", Permission::installation_read},
    {"get_agents", Permission::installation_read},
    {"get_configuration", Permission::config_read},
    {"get_metrics", Permission::installation_read},
    {"get_plugins", Permission::installation_read},
    {"plugin_import_errors", Permission::installation_read},
    {"get_providers", Permission::installation_read},
    {"get_jobs", Permission::installation_read},
    {"get_config", Permission::config_read},
    {"get_config_value", Permission::config_read},
    {"get_doctor", Permission::config_read},
    // Users
    {"list_users", Permission::user_manage},
    {"get_user", Permission::user_manage},
    {"create_user", Permission::user_manage},
    {"patch_user", Permission::user_manage},
    {"set_password", Permission::user_manage},
    {"delete_user", Permission::user_manage},
};

constexpr Permission permission_of(std::string_view operation) {
  for (const AccessRule& rule : kAccessMatrix) {
    if (rule.operation == operation) return rule.permission;
  }
  return Permission::nobody;
}

}  // namespace leoflow::api
