// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace leoflow {

// Of both programs; raised with each release.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace leoflow
