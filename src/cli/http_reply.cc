// SPDX-License-Identifier: Apache-2.0
#include "cli/http_reply.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "async/last_chunk.h"

namespace leoflow::cli {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

std::unexpected<Error> malformed(const beast::error_code& error) {
  return fail(Code::internal, "the server's answer is not HTTP/1.1: " + error.message(),
              "is something else listening at this address?");
}

// "Text/HTML; charset=utf-8" as "text/html".
std::string media_type(std::string_view field) {
  std::string type(field.substr(0, field.find(';')));
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return char(tolower(c)); });
  return type;
}

}  // namespace

struct ReplyReader::Impl {
  Impl() { begin(); }

  void begin() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(kReplyHeadBytesMax);
    parser->body_limit(UINT64_MAX);  // who reads the body bounds it
  }
  // An answer that only says that the real one follows (RFC 9110, 15.2).
  bool interim() const {
    return parser->is_done() && parser->get().result_int() < unsigned(http::status::ok);
  }

  std::optional<http::response_parser<http::string_body>> parser;
  beast::flat_buffer in;
};

ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {}
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;
ReplyReader::~ReplyReader() = default;

Status ReplyReader::feed(std::string_view bytes) {
  auto& [parser, in] = *impl_;
  in.commit(boost::asio::buffer_copy(in.prepare(bytes.size()), boost::asio::buffer(bytes)));
  while (in.size() > 0 && !parser->is_done() && !too_few_for(*parser, in.size())) {
    beast::error_code error;
    in.consume(parser->put(in.data(), error));
    if (error == http::error::need_more) break;
    if (error) return malformed(error);
    if (impl_->interim()) impl_->begin();
  }
  return {};
}

Status ReplyReader::finish() {
  beast::error_code error;
  if (has_head() && !complete()) impl_->parser->put_eof(error);
  if (!error && complete()) return {};
  return fail(Code::unavailable, "the server closed the connection before its answer was complete");
}

bool ReplyReader::has_head() const { return impl_->parser->is_header_done(); }
bool ReplyReader::complete() const { return impl_->parser->is_done(); }
int ReplyReader::status() const { return int(impl_->parser->get().result_int()); }

std::string ReplyReader::content_type() const {
  return media_type(impl_->parser->get()[http::field::content_type]);
}

std::string ReplyReader::take_body() { return std::exchange(impl_->parser->get().body(), {}); }
size_t ReplyReader::body_size() const { return impl_->parser->get().body().size(); }

}  // namespace leoflow::cli
