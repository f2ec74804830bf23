// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace leoflow {

// Of both programs, raised with each release. In version.cc, so that raising it compiles one file.
extern const char* const kVersion;

}  // namespace leoflow
