// SPDX-License-Identifier: Apache-2.0
// The OpenAPI 3.1 document of a table of routes.
#pragma once

#include <string>

#include "api/router.h"

namespace leoflow::api {

std::string openapi_document(const Router& router, const std::string& version);

}  // namespace leoflow::api
