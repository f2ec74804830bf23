// SPDX-License-Identifier: Apache-2.0
// import and export of connections and of variables: the server reads and writes the files.
#pragma once

#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace leoflow::cli {

struct SecretFiles {
  std::string word;       // "connections": of the commands and of the routes
  bool replaces = false;  // whether an import replaces what is there unless told otherwise
  std::string example;    // "connections.json"
};

// All that a bulk request to create something was refused, in one error.
Status bulk_refusals(const json::object& answer, std::string hint);

// Adds `import` and `export` to a group.
void add_file_commands(Command& group, const SecretFiles& files);

}  // namespace leoflow::cli
