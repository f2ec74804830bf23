// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

namespace leoflow {

const char* const kVersion = "0.1.0";

}  // namespace leoflow
