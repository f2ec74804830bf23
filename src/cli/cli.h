// SPDX-License-Identifier: Apache-2.0
// The command line of `leoflow`: reads the arguments, runs one command, tells how it went.
#pragma once

#include "cli/local_commands.h"

namespace leoflow::cli {

// Exit status of a run that was waited for and did not succeed. The others are those of
// exit_status() in base/error.h; docs/cli.md lists them all.
constexpr int kExitRunFailed = 10;

// Runs the command that argv names; returns the exit status of the program. Data goes to stdout,
// everything else to stderr. Reads the environment: LEOFLOW_HOME, LEOFLOW_SERVER, LEOFLOW_TOKEN,
// NO_COLOR, HOME. Never throws.
int run(int argc, char** argv, LocalCommands& local);

}  // namespace leoflow::cli
