// SPDX-License-Identifier: Apache-2.0
#include "cli/http_reply.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace leoflow::cli {
namespace {

constexpr size_t kChunkLineBytesMax = 1024;

std::unexpected<Error> malformed(std::string what) {
  return fail(Code::internal, "the server's answer is not HTTP/1.1: " + std::move(what),
              "is something else listening at this address?");
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return char(tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool read_number(std::string_view text, int base, uint64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Status ReplyReader::feed(std::string_view bytes) {
  buffer_ += bytes;
  return advance();
}

Status ReplyReader::finish() {
  if (stage_ == Stage::until_close) stage_ = Stage::done;
  if (stage_ == Stage::done) return {};
  return fail(Code::unavailable, "the server closed the connection before its answer was complete");
}

std::string ReplyReader::take_body() { return std::exchange(body_, {}); }

Status ReplyReader::advance() {
  while (stage_ != Stage::done) {
    auto more = step();
    if (!more) return fail(more);
    if (!*more) break;
  }
  return {};
}

Result<bool> ReplyReader::step() {
  switch (stage_) {
    case Stage::head: {
      size_t end = buffer_.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (buffer_.size() > kReplyHeadBytesMax) return malformed("its head is longer than 64 KiB");
        return false;
      }
      if (auto status = read_head(); !status) return fail(status);
      return true;
    }
    case Stage::by_length: return take_data(Stage::done);
    case Stage::chunk_data: return take_data(Stage::chunk_end);
    case Stage::until_close: body_ += std::exchange(buffer_, {}); return false;
    case Stage::chunk_size:
    case Stage::chunk_end:
    case Stage::trailer: return step_chunk_line();
    case Stage::done: break;
  }
  return false;
}

// The lines of the chunked form: sizes, the empty line after a chunk, trailers.
Result<bool> ReplyReader::step_chunk_line() {
  size_t end = buffer_.find("\r\n");
  if (end == std::string::npos) {
    if (buffer_.size() > kChunkLineBytesMax) return malformed("a chunk line is too long");
    return false;
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  if (stage_ == Stage::chunk_end) {
    if (!line.empty()) return malformed("a chunk does not end where it should");
    stage_ = Stage::chunk_size;
  } else if (stage_ == Stage::trailer) {
    if (line.empty()) stage_ = Stage::done;
  } else {
    std::string_view size = trimmed(std::string_view(line).substr(0, line.find(';')));
    if (!read_number(size, 16, left_)) return malformed("a chunk size is no number");
    stage_ = left_ == 0 ? Stage::trailer : Stage::chunk_data;
  }
  return true;
}

bool ReplyReader::take_data(Stage next) {
  size_t count = size_t(std::min<uint64_t>(left_, buffer_.size()));
  body_.append(buffer_, 0, count);
  buffer_.erase(0, count);
  left_ -= count;
  if (left_ > 0) return false;
  stage_ = next;
  return true;
}

Status ReplyReader::read_head() {
  size_t end = buffer_.find("\r\n\r\n");
  std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  std::string_view rest = head;
  std::string_view first = rest.substr(0, rest.find("\r\n"));
  uint64_t status = 0;
  if (!first.starts_with("HTTP/1.") || first.size() < 12 ||
      !read_number(first.substr(9, 3), 10, status)) {
    return malformed("it begins with something else");
  }
  status_ = int(status);
  chunked_ = has_length_ = false;
  rest.remove_prefix(std::min(first.size() + 2, rest.size()));
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    if (auto read = read_header(line); !read) return read;
  }
  after_head();
  return {};
}

Status ReplyReader::read_header(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header has no colon");
  std::string name = lower(line.substr(0, colon));
  std::string_view value = trimmed(line.substr(colon + 1));
  if (name == "content-type") content_type_ = lower(value.substr(0, value.find(';')));
  if (name == "transfer-encoding") chunked_ = lower(value) == "chunked";
  if (name == "content-length") {
    if (!read_number(value, 10, left_)) return malformed("Content-Length is no number");
    has_length_ = true;
  }
  return {};
}

void ReplyReader::after_head() {
  if (status_ >= 100 && status_ < 200) return;  // an interim answer: the real one follows
  if (status_ == 204 || status_ == 304) {
    stage_ = Stage::done;
  } else if (chunked_) {
    stage_ = Stage::chunk_size;
  } else if (has_length_) {
    stage_ = left_ == 0 ? Stage::done : Stage::by_length;
  } else {
    stage_ = Stage::until_close;
  }
}

}  // namespace leoflow::cli
