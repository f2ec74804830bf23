// SPDX-License-Identifier: Apache-2.0
// What this program carries (base/archive.h reads it).
#pragma once

#include <string_view>

namespace leoflow {

std::string_view python_archive();  // python/
std::string_view page_archive();    // the built ui/; empty when built without it

}  // namespace leoflow
