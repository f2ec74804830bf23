// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace leoflow {
namespace {

struct CodeRow {
  std::string_view name;
  int http;
  int exit;
};

// Indexed by Code.
constexpr std::array<CodeRow, 12> kCodes{{
    {"invalid", 422, 2},
    {"not_found", 404, 4},
    {"exists", 409, 5},
    {"conflict", 409, 5},
    {"unavailable", 503, 6},
    {"timeout", 504, 7},
    {"outcome_unknown", 500, 1},
    {"unauthenticated", 401, 3},
    {"denied", 403, 3},
    {"exhausted", 429, 8},
    {"cancelled", 499, 9},
    {"internal", 500, 1},
}};

const CodeRow& row(Code code) { return kCodes[static_cast<size_t>(code)]; }

Code code_of_errno(int number) {
  switch (number) {
    case ENOENT: return Code::not_found;
    case EEXIST: return Code::exists;
    case EACCES:
    case EPERM:
    case EROFS: return Code::denied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Code::exhausted;
    case ECONNREFUSED:
    case EAGAIN:
    case EPIPE:
    case ECONNRESET: return Code::unavailable;
    case ETIMEDOUT: return Code::timeout;
    default: return Code::internal;
  }
}

}  // namespace

std::string_view code_name(Code code) { return row(code).name; }
int http_status(Code code) { return row(code).http; }
int exit_status(Code code) { return row(code).exit; }

Error Error::within(std::string_view context) const {
  return Error(code_, std::string(context) + ": " + message_, hint_);
}

std::string Error::text() const {
  return hint_.empty() ? message_ : message_ + "\n\nhint: " + hint_;
}

Error from_errno(std::string_view call, std::string_view object, int error_number) {
  char buffer[128];
  const char* reason = strerror_r(error_number, buffer, sizeof buffer);
  std::string message = "cannot ";
  message.append(call).append(" ").append(object).append(": ").append(reason);
  bool full = error_number == ENOSPC || error_number == EDQUOT;
  return Error(code_of_errno(error_number), std::move(message),
               full ? "the disk is full: free some space there, then try again" : "");
}

Error from_errno(std::string_view call, std::string_view object) {
  return from_errno(call, object, errno);
}

}  // namespace leoflow
