// SPDX-License-Identifier: Apache-2.0
// What the command line says about itself: `leoflow help`, and as JSON for the pages made from it
// (tools/docs). Facts that are no command stand here once. Values; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/command.h"

namespace leoflow::cli {

// A line of the topics `exit-status` and `environment`.
struct Fact {
  std::string_view name;  // "10", "LEOFLOW_HOME"
  std::string_view part;  // who reads or sets it; empty for exit statuses
  std::string_view about;
};

// What an exit status of the command line means, in ascending order.
std::span<const Fact> exit_statuses();
// Every environment variable of ours. A test finds those that the sources read and this lacks.
std::span<const Fact> environment_variables();

// Everything: commands in order of the tree, options of every command, exit statuses, variables.
json::object reference(const Command& root, const std::vector<Argument>& globals);

// Adds `help`. The tree and `globals` outlive it.
void add_help(Command& root, const std::vector<Argument>& globals);

}  // namespace leoflow::cli
