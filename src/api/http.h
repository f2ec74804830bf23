// SPDX-License-Identifier: Apache-2.0
// Requests and responses as handlers see them: plain values, no server library in sight.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace leoflow::api {

constexpr size_t kHeaderBytesMax = 16 * 1024;             // request line and headers; more: 431
constexpr size_t kUrlBytesMax = 8 * 1024;                 // request target; more: 414
constexpr size_t kBodyBytesMax = 10 * 1024 * 1024;        // more: 413
constexpr size_t kBodyBytesOfAllMax = 256 * 1024 * 1024;  // of all requests in progress; more: 503
constexpr size_t kStreamChunkBytesMax =
    256 * 1024;  // bytes one pull of a stream should append at most

enum class Method { get, head, post, put, patch, del, options, other };
std::string_view to_string(Method method);  // "GET"; "OTHER" for methods we do not know

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::get;
  std::string target;  // as sent: raw path and query
  Headers headers;     // names in lower case
  std::string body;
  std::string peer;     // address of the client, without port
  std::string host;     // as the client named it: the Host header, or what a trusted proxy says
  bool secure = false;  // the client came by https

  // The first value of a header (name in lower case); empty when absent.
  std::string_view header(std::string_view name) const;
};

// The values of all headers of a name, joined with commas.
std::string join_headers(const Request& request, std::string_view name);

// The body of a response that is produced while it is sent: log files, live events. The server owns
// it; destroying it ends it (the client has gone, or the server stops), from any thread.
class StreamSource {
 public:
  enum class Next {
    more,  // call again as soon as the client has taken this part
    wait,  // call again after wake() or interval()
    end,
  };
  virtual ~StreamSource() = default;
  // Called once before the first pull. wake may be called from any thread, at any time, also after
  // the client has gone.
  virtual void start(std::function<void()> wake) = 0;
  // Appends the next part (at most about kStreamChunkBytesMax). One call at a time; may block on
  // files and the store where blocks() says so. The client's pace is the pace of the calls: nothing
  // is buffered beyond one part.
  virtual Next pull(std::string& out) = 0;
  // Longest time without a pull while waiting.
  virtual Duration interval() const { return std::chrono::seconds(15); }
  // Shortest time between two pulls that wake() asks for: what comes sooner goes together.
  virtual Duration pace() const { return Duration(0); }
  // Whether the next pull may block. If not, it may be called on the server's io thread.
  virtual bool blocks() const { return true; }
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers;
  std::string body;
  std::unique_ptr<StreamSource> stream;  // instead of body
};

// Whether a response names a header (spelled as the handler wrote it).
bool has_header(const Response& response, std::string_view name);

// "Not Found" of 404.
std::string_view status_text(int status);

}  // namespace leoflow::api
