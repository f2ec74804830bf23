// SPDX-License-Identifier: Apache-2.0
// What the programs read of their host and environment variables; nothing below main does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"

namespace leoflow {

// An environment variable, or the fallback when it is unset or empty.
std::string variable_or(const char* name, const std::string& fallback = {});
// All environment variables.
std::map<std::string, std::string> all_variables();
// "NAME=value" of those that builders and the extractor may see: HOME, proxies, PIP_*, UV_*,
// locale.
std::vector<std::string> passed_variables();
std::string host_name();
// $LEOFLOW_HOME or ~/.leoflow.
fs::path default_home();
// $LEOFLOW_CACHE or the user's cache folder: environments shared by all homes.
fs::path default_cache();

// Whether there is such a process, other than one that has ended and was not collected.
bool process_runs(int64_t pid);

// $LEOFLOW_UV (an error when it cannot be run), else the uv of PATH, ~/.local/bin or ~/.cargo/bin;
// empty = none.
Result<fs::path> uv_program();

}  // namespace leoflow
