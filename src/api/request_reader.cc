// SPDX-License-Identifier: Apache-2.0
#include "api/request_reader.h"

#include <boost/asio/buffer.hpp>

#include "api/host_name.h"
#include "async/last_chunk.h"

namespace leoflow::api {
namespace {

namespace http = boost::beast::http;

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get: return Method::get;
    case http::verb::head: return Method::head;
    case http::verb::post: return Method::post;
    case http::verb::put: return Method::put;
    case http::verb::patch: return Method::patch;
    case http::verb::delete_: return Method::del;
    case http::verb::options: return Method::options;
    default: return Method::other;
  }
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RequestReader::RequestReader(size_t header_bytes_max, size_t body_bytes_max) {
  parser_.header_limit(uint32_t(header_bytes_max));
  parser_.body_limit(body_bytes_max);
}

size_t RequestReader::feed(std::string_view bytes, ErrorCode& error) {
  error = {};
  if (too_few_for(parser_, bytes.size())) return 0;
  size_t used = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::need_more) error = {};
  return used;
}

int RequestReader::status_of(const ErrorCode& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  return 400;
}

bool RequestReader::takes_header() {
  if (header_taken_ || !parser_.is_header_done()) return false;
  header_taken_ = true;
  parser_.eager(true);
  return true;
}

std::string_view RequestReader::target() const { return view(parser_.get().target()); }

// A coding that we do not undo would hide where the body ends.
std::string_view RequestReader::wrong_headers() const {
  const auto& message = parser_.get();
  size_t codings = message.count(http::field::transfer_encoding);
  bool chunked = boost::beast::iequals(message[http::field::transfer_encoding], "chunked");
  if (codings > 1 || (codings == 1 && (!chunked || message.version() < 11)))
    return "chunked is the only transfer coding that is taken";
  return wrong_host();
}

std::string_view RequestReader::wrong_host() const {
  const auto& message = parser_.get();
  size_t count = message.count(http::field::host);
  if (count > 1) return "there is more than one Host header";
  if (count == 0) return message.version() >= 11 ? "the Host header is missing" : "";
  return is_host(view(message[http::field::host])) ? "" : "the Host header names no host";
}

bool RequestReader::expects_continue() const {
  return parser_.get()[http::field::expect] == "100-continue";
}

Request RequestReader::release() {
  auto message = parser_.release();
  Request request{.method = method_of(message.method()), .target = std::string(message.target())};
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = char(tolower(c));
    if (name == "host") request.host = view(field.value());
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

}  // namespace leoflow::api
