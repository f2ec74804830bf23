// SPDX-License-Identifier: Apache-2.0
// Which files of a shared folder one DAG file depends on, so that a change elsewhere does not make
// a new version.
#pragma once

#include <set>
#include <string>

#include "authoring/bundle.h"

namespace leoflow {

// The DAG file itself, `known` (what the extractor saw it read), every Python file of `files` that
// these import, directly or not, also inside functions, and every other file whose name their text
// mentions.
std::set<std::string> source_closure(const fs::path& root, const SourceFiles& files,
                                     const std::string& dag_file,
                                     const std::vector<std::string>& known);

}  // namespace leoflow
