// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <array>
#include <cctype>

namespace leoflow::cli {
namespace {

// Feeds what is there to the reader; false when nothing is there now.
Result<bool> receive(Connection& connection, ReplyReader& reader) {
  std::array<char, 65536> buffer;
  auto count = connection.receive(buffer.data(), buffer.size());
  if (!count) return fail(count);
  if (!*count) return false;
  Status status = **count == 0 ? reader.finish() : reader.feed({buffer.data(), **count});
  if (!status) return fail(status);
  return true;
}

Status receive_until(Connection& connection, ReplyReader& reader, std::chrono::milliseconds timeout,
                     auto satisfied) {
  while (!satisfied()) {
    auto ready = connection.wait_readable(timeout);
    if (!ready) return fail(ready);
    if (!*ready) return fail(Code::timeout, "the server did not answer in time");
    auto got = receive(connection, reader);
    if (!got) return fail(got);
    if (reader.body_size() > kReplyBodyBytesMax)
      return fail(Code::exhausted, "the answer is longer than 256 MiB");
  }
  return {};
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (unsigned char c : text) {
    if (isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      result += char(c);
    } else {
      result += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return result;
}

Result<std::string> HttpStream::read_available() {
  // What TLS has taken off the socket already would not wake anybody up later.
  while (!reader_.complete() &&
         (reader_.body_size() < kStreamPartBytesMax || connection_.has_buffered())) {
    auto got = receive(connection_, reader_);
    if (!got) return fail(got);
    if (!*got) break;
  }
  return reader_.take_body();
}

Result<Connection> HttpClient::request(std::string_view method, const std::string& target,
                                       std::string_view accept, std::string_view body,
                                       std::string_view content_type) {
  auto connection = Connection::open(url_, trust_, timeouts_.connect);
  if (!connection) return connection;
  std::string text(method);
  text += " " + url_.path + target + " HTTP/1.1\r\nHost: " + url_.host + ":" +
          std::to_string(url_.port) +
          "\r\nUser-Agent: leoflow-cli\r\nConnection: close\r\nAccept: " + std::string(accept) +
          "\r\n";
  if (!token_.empty()) text += "Authorization: Bearer " + token_ + "\r\n";
  if (!body.empty()) text += "Content-Type: " + std::string(content_type) + "\r\n";
  if (!body.empty() || method != "GET")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  if (auto status = connection->send(text, timeouts_.reply); !status) return fail(status);
  return connection;
}

Result<HttpReply> HttpClient::send(std::string_view method, const std::string& target,
                                   std::string_view body, std::string_view content_type) {
  auto connection = request(method, target, "application/json", body, content_type);
  if (!connection) return fail(connection);
  ReplyReader reader;
  auto status =
      receive_until(*connection, reader, timeouts_.reply, [&] { return reader.complete(); });
  if (!status) {
    bool lost =
        status.error().code() == Code::unavailable || status.error().code() == Code::timeout;
    if (method == "GET" || !lost) return fail(status);
    return fail(Code::outcome_unknown,
                status.error().message() + "; the change may or may not have been made",
                "look before you repeat it");
  }
  return HttpReply{reader.status(), reader.content_type(), reader.take_body()};
}

Result<HttpStream> HttpClient::open(const std::string& target, std::string_view accept,
                                    int& status) {
  auto connection = request("GET", target, accept, {}, {});
  if (!connection) return fail(connection);
  ReplyReader reader;
  auto received =
      receive_until(*connection, reader, timeouts_.reply, [&] { return reader.has_head(); });
  if (!received) return fail(received);
  status = reader.status();
  if (status != 200)
    return fail(Code::internal, "the server answered " + std::to_string(status) + " to " + target);
  return HttpStream(std::move(*connection), std::move(reader));
}

}  // namespace leoflow::cli
