// SPDX-License-Identifier: Apache-2.0
// The commands, one function per family: each adds its commands, with their options and actions, to
// the tree.
#pragma once

#include "cli/command.h"

namespace leoflow::cli {

void add_start_commands(Command& root);  // init, lite, server, run, compile, validate, schema
void add_deploy_commands(Command& root);  // build, push, deploy
void add_run_commands(Command& root);    // runs
void add_backfill_commands(Command& root);
void add_task_commands(Command& root);   // tasks
void add_dag_commands(Command& root);    // dags, versions, import-errors
void add_connection_commands(Command& root);
void add_variable_commands(Command& root);
void add_pool_commands(Command& root);
void add_admin_commands(Command& root);  // staging, environments
void add_user_commands(Command& root);
void add_token_commands(Command& root);
void add_tool_commands(Command& root);   // db, doctor, version

// The whole tree but for `completion` and `help`, which need the tree itself.
std::unique_ptr<Command> command_tree();

}  // namespace leoflow::cli
