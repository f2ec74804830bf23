// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 request taken apart as its bytes arrive. Strict: what a proxy before us might read
// differently (two lengths, a length beside chunks, spaces in names) is an error. Private to
// session.cc and its test; pure.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string_view>

#include "api/http.h"

namespace leoflow::api {

class RequestReader {
 public:
  using ErrorCode = boost::system::error_code;

  RequestReader(size_t header_bytes_max, size_t body_bytes_max);

  // Takes of the bytes what it understands: how many. The rest comes again, with more behind it.
  // No progress and no error: more bytes are needed.
  size_t feed(std::string_view bytes, ErrorCode& error);
  // What a request with that error is answered.
  static int status_of(const ErrorCode& error);

  bool begun() const { return parser_.got_some(); }
  // True once, after the headers.
  bool takes_header();
  bool done() const { return parser_.is_done(); }
  size_t body_bytes() const { return parser_.get().body().size(); }

  // The rest: after the headers.
  std::string_view target() const;
  // Why the headers will not do; empty when they do.
  std::string_view wrong_headers() const;
  bool expects_continue() const;
  bool keep_alive() const { return parser_.get().keep_alive(); }
  bool version_1_1() const { return parser_.get().version() >= 11; }
  // The request without its peer. Nothing else may be called afterwards.
  Request release();

 private:
  std::string_view wrong_host() const;

  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  bool header_taken_ = false;
};

}  // namespace leoflow::api
