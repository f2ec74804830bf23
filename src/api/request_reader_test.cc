// SPDX-License-Identifier: Apache-2.0
#include "api/request_reader.h"

#include <gtest/gtest.h>

namespace leoflow::api {
namespace {

// What is read of a request that arrives in pieces of so many bytes; nullopt = it is not whole.
std::optional<Request> read(std::string_view bytes, size_t step) {
  RequestReader reader(4096, 8192);
  std::string waiting;
  while (!reader.done()) {
    RequestReader::ErrorCode error;
    size_t used = waiting.empty() ? 0 : reader.feed(waiting, error);
    EXPECT_FALSE(error) << error.message();
    if (error) return std::nullopt;
    waiting.erase(0, used);
    reader.takes_header();
    if (used > 0 || reader.done()) continue;
    if (bytes.empty()) return std::nullopt;
    waiting += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  return reader.release();
}

constexpr std::string_view kChunked =
    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

// Anybody could end the server with a body whose first chunk is the last and comes in pieces.
TEST(RequestReader, ChunkedBodiesMayComeInAnyPieces) {
  for (std::string_view body : {"", "b", "body of a request"}) {
    std::string bytes(kChunked);
    if (!body.empty()) bytes += "5;x=y\r\nfirst\r\n";
    for (char c : body) bytes += std::string("1\r\n") + c + "\r\n";
    bytes += "0\r\n\r\n";
    for (size_t step : {1, 2, 3, 4, 5, 7, 1000}) {
      auto request = read(bytes, step);
      ASSERT_TRUE(request) << step;
      EXPECT_EQ(request->body, body.empty() ? "" : "first" + std::string(body));
    }
  }
}

TEST(RequestReader, ABodyWithoutItsEndIsWaitedFor) {
  for (std::string_view rest : {"0\r\n", "0\r\n\r", "3\r\nab", "1\r\na\r\n0\r\n"}) {
    std::string bytes = std::string(kChunked) + std::string(rest);
    for (size_t step : {1, 1000}) EXPECT_FALSE(read(bytes, step));
  }
}

}  // namespace
}  // namespace leoflow::api
