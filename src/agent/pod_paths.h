// SPDX-License-Identifier: Apache-2.0
// From what the server says of its disk to what is so in a pod: the only place that translates
// paths. The staging volume needs none: the server names where pods mount it.
#pragma once

#include <string>
#include <vector>

#include "agent/launch.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

// Folders of fetched archives.
struct FetchedPaths {
  fs::path runtime;
  fs::path environment;  // empty = bare interpreter
  fs::path bundle;
  fs::path bytecode;  // where interpreters keep what they compile; empty = nowhere
};

// `wanted`, if this process can keep files there; else `own`, with a line in the log. Blocks.
fs::path usable_cache(const fs::path& wanted, const fs::path& own);

// The folders that a PATH text names, and those where images keep Python.
std::vector<fs::path> interpreter_folders(std::string_view path_variable);
// The interpreter of a version ("3.11") in these folders; `not_found` names image and version.
Result<fs::path> find_interpreter(const std::string& python_version,
                                  const std::vector<fs::path>& folders, const std::string& image);

// What ClaimReply.environment_json calls its environment; empty when it says nothing.
std::string environment_name(const std::string& environment_json);
// ClaimReply.environment_json for a pod. `invalid` when it is not an object.
Result<std::string> environment_in_pod(const std::string& environment_json, const fs::path& python,
                                       const fs::path& environment);

// The start frame for a pod: file, bundle and project lie below `bundle` where they lay below
// `bundle_path`, and nothing is spilled to a folder. The rest passes as it is, digit for digit.
Result<std::string> start_in_pod(const std::string& start_json, const std::string& bundle_path,
                                 const fs::path& bundle);

}  // namespace leoflow
