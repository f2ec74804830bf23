// SPDX-License-Identifier: Apache-2.0
// What a command has at hand: global options, the console, the server's API, the commands that main
// provides.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/local_commands.h"
#include "cli/table.h"

namespace leoflow::cli {

// Options that every command accepts; empty = not given.
struct Globals {
  std::string home, server, token;
  std::string ca;                // PEM file of certificate authorities besides this host's
  std::string output = "table";  // or json
  bool yes = false;
};

// The arguments that fill Globals.
std::vector<Argument> global_arguments(Globals& globals);

// One per invocation, one thread.
class Context {
 public:
  Context(Globals& globals, Console& console, LocalCommands& local)
      : globals(globals), console(console), local(local) {}

  Globals& globals;
  Console& console;
  LocalCommands& local;

  bool json() const { return globals.output == "json"; }
  // The API of the server that --server, LEOFLOW_SERVER or the home names; made at the first call.
  Result<ApiClient*> api();

  // Rows as a table or as JSON; `none` is said on stderr when a table would be empty.
  void show(const std::vector<Column>& columns, const Rows& rows, std::string_view none);
  // One object: JSON as it is, else "title  value" lines.
  void show_object(const std::vector<Column>& columns, const json::object& object);
  // A sentence about what was done; on stderr.
  void say(std::string_view sentence);
  void warn(std::string_view sentence);
  // Asks before something that cannot be undone. `denied` when the answer is no, or nobody can be
  // asked and --yes was not given.
  Status confirm(const std::string& question);

 private:
  std::optional<ApiClient> api_;
};

// What to add to `error: ...`: the message, then "hint: ...".
std::string error_text(const Error& error);

}  // namespace leoflow::cli
