// SPDX-License-Identifier: Apache-2.0
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>

#include "base/json.h"

namespace leoflow::json {
namespace {

using boost::json::error_code;
using boost::json::string_view;

// Builds the value. Boost's own handler rounds some doubles to a neighbour; this one reads their
// digits again, so that numbers survive text and back.
class Builder {
 public:
  constexpr static std::size_t max_object_size = boost::json::object::max_size();
  constexpr static std::size_t max_array_size = boost::json::array::max_size();
  constexpr static std::size_t max_key_size = boost::json::string::max_size();
  constexpr static std::size_t max_string_size = boost::json::string::max_size();

  value release() { return stack_.release(); }

  bool on_document_begin(error_code&) { return stack_.reset(), true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t count, error_code&) { return stack_.push_object(count), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&) { return stack_.push_array(count), true; }
  bool on_key_part(string_view text, std::size_t, error_code&) {
    return stack_.push_chars(text), true;
  }
  bool on_key(string_view text, std::size_t, error_code&) { return stack_.push_key(text), true; }
  bool on_string_part(string_view text, std::size_t, error_code&) {
    return stack_.push_chars(text), true;
  }
  bool on_string(string_view text, std::size_t, error_code&) {
    return stack_.push_string(text), true;
  }
  bool on_number_part(string_view text, error_code&) { return number_.append(text), true; }
  bool on_int64(int64_t number, string_view, error_code&) {
    number_.clear();
    return stack_.push_int64(number), true;
  }
  bool on_uint64(uint64_t number, string_view, error_code&) {
    number_.clear();
    return stack_.push_uint64(number), true;
  }
  bool on_double(double rounded, string_view last_part, error_code& error);
  bool on_bool(bool truth, error_code&) { return stack_.push_bool(truth), true; }
  bool on_null(error_code&) { return stack_.push_null(), true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  boost::json::value_stack stack_;
  std::string number_;  // the digits so far of a number that came in parts
};

bool Builder::on_double(double rounded, string_view last_part, error_code& error) {
  number_.append(last_part);
  double exact = rounded;
  auto [end, code] = std::from_chars(number_.data(), number_.data() + number_.size(), exact);
  number_.clear();
  // Out of range leaves `rounded`: zero for what is too small, infinite for what is too large.
  if (code == std::errc::result_out_of_range) exact = rounded;
  if (!std::isfinite(exact)) {
    error = boost::json::error::exponent_overflow;
    return false;
  }
  stack_.push_double(exact);
  return true;
}

std::unexpected<Error> bad(std::string_view why, size_t offset) {
  return fail(Code::invalid,
              "not valid JSON: " + std::string(why) + " at byte " + std::to_string(offset));
}

}  // namespace

Result<value> parse(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return fail(Code::invalid, "JSON text of " + std::to_string(text.size()) +
                                   " bytes is longer than " + std::to_string(kTextBytesMax));
  }
  boost::json::parse_options options;
  options.max_depth = kDepthMax;
  boost::json::basic_parser<Builder> parser(options);
  error_code error;
  // A document that ends in a number is complete only when the parser is told that no more follows.
  size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error == boost::json::error::too_deep) {
    return bad("nested deeper than " + std::to_string(kDepthMax) + " levels", read);
  }
  if (error) return bad(error.message(), read);
  if (read < text.size()) return bad("text after the end of the document", read);
  return parser.handler().release();
}

}  // namespace leoflow::json
