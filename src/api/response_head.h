// SPDX-License-Identifier: Apache-2.0
// Status line and headers of an answer, with those that every answer has. Pure.
#pragma once

#include <string>

#include "api/http.h"

namespace leoflow::api {

struct HeadFacts {
  size_t body_bytes = 0;
  bool packed = false;  // the body is gzip
  bool chunked = true;  // how a stream is sent; false: until the connection ends
  bool keep_alive = false;
  bool secure = false;  // the client came by https
};

std::string response_head(const Response& response, const HeadFacts& facts);

}  // namespace leoflow::api
