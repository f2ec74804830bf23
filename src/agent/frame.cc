// SPDX-License-Identifier: Apache-2.0
#include "agent/frame.h"

#include "base/check.h"

namespace leoflow {

namespace {

constexpr size_t kCompactAbove = 64 * 1024;

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks JSON text without understanding more than strings and nesting.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  size_t position() const { return at_; }
  bool take(char c) {
    skip_blank();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blank() {
    while (at_ < text_.size() && blank(text_[at_])) ++at_;
  }
  // The raw text between the quotes.
  bool string(std::string_view& content) {
    if (!take('"')) return false;
    size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    content = text_.substr(begin, at_ - begin);
    ++at_;
    return true;
  }
  // Skips one value of any kind.
  bool value() {
    skip_blank();
    size_t begin = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '"') {
        std::string_view ignored;
        if (!string(ignored)) return false;
        if (depth == 0) return true;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
        if (depth == 0) {
          ++at_;
          return true;
        }
      }
      if (depth == 0 && (c == ',' || blank(c))) break;
      ++at_;
    }
    return at_ > begin && depth == 0;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::string encode_frame(std::string_view json) {
  CHECK(json.size() <= kFrameBytesMax);
  auto size = uint32_t(json.size());
  std::string frame;
  frame.reserve(json.size() + 4);
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(char(size >> shift & 0xff));
  frame.append(json);
  return frame;
}

Result<std::optional<std::string>> FrameReader::next() {
  std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.size() < 4) return std::nullopt;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | uint8_t(rest[size_t(i)]);
  if (size > kFrameBytesMax) {
    return fail(Code::exhausted, "a frame of " + std::to_string(size) +
                                     " bytes is longer than the limit of " +
                                     std::to_string(kFrameBytesMax));
  }
  if (rest.size() < size + 4) {
    if (start_ > 0) buffer_.erase(0, start_);
    start_ = 0;
    return std::nullopt;
  }
  std::string frame(rest.substr(4, size));
  start_ += size + 4;
  if (start_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > kCompactAbove) buffer_.shrink_to_fit();
    start_ = 0;
  }
  return frame;
}

Result<TakenMember> take_member(std::string_view object, std::string_view name) {
  auto bad = [&] { return fail(Code::invalid, "a frame is not a JSON object"); };
  Scanner scanner(object);
  if (!scanner.take('{')) return bad();
  TakenMember taken{std::string(object), {}};
  if (scanner.take('}')) return taken;
  do {
    std::string_view key;
    if (!scanner.string(key) || !scanner.take(':')) return bad();
    scanner.skip_blank();
    size_t begin = scanner.position();
    if (!scanner.value()) return bad();
    if (key != name) continue;
    taken.value = std::string(object.substr(begin, scanner.position() - begin));
    taken.rest = std::string(object.substr(0, begin)) + "null" +
                 std::string(object.substr(scanner.position()));
    return taken;
  } while (scanner.take(','));
  if (!scanner.take('}')) return bad();
  return taken;
}

Result<std::string> append_members(std::string_view object, std::string_view members) {
  size_t end = object.find_last_not_of(" \t\r\n");
  size_t begin = object.find_first_not_of(" \t\r\n");
  if (end == object.npos || object[end] != '}' || object[begin] != '{' || end == begin) {
    return fail(Code::invalid, "a start frame is not a JSON object");
  }
  size_t last = object.find_last_not_of(" \t\r\n", end - 1);
  std::string text(object.substr(0, end));
  if (last != begin) text += ',';
  return text.append(members).append("}");
}

}  // namespace leoflow
