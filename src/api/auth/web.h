// SPDX-License-Identifier: Apache-2.0
// Requests that the API itself sends to servers elsewhere.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace leoflow::api {

struct WebRequest {
  std::string url;
  std::string form;  // POST as application/x-www-form-urlencoded; empty: GET
  std::vector<std::pair<std::string, std::string>> headers;
  Duration timeout = std::chrono::seconds(5);
  size_t body_bytes_max = 1024 * 1024;
};

struct WebReply {
  int status = 0;
  std::string body;
};

// Any thread.
class WebPort {
 public:
  virtual ~WebPort() = default;
  // Blocks. Any status is a reply; errors are those of async/http_client.h.
  virtual Result<WebReply> fetch(const WebRequest& request) = 0;
};

// By async/http_client.h on a thread of its own; certificates of https are checked against those of
// the host. Errors: those of HttpClient::create.
Result<std::unique_ptr<WebPort>> make_web();

}  // namespace leoflow::api
