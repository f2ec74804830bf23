// SPDX-License-Identifier: Apache-2.0
// Errors as values. Anything that can fail for reasons outside the program returns Result<T>.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace leoflow {

// What kind of failure it was. A code exists only if some caller reacts to it differently.
enum class Code {
  invalid,          // the request or file itself is wrong; repeating it cannot help
  not_found,
  exists,
  conflict,         // the state changed or does not allow it
  unavailable,      // try again later
  timeout,
  outcome_unknown,  // it may or may not have happened (a commit whose answer was lost)
  unauthenticated,
  denied,
  exhausted,        // a named limit was reached
  cancelled,
  internal,         // our bug, or a host that misbehaves
};

// The wire name of a code ("not_found").
std::string_view code_name(Code code);
// HTTP status that the REST API answers for a code.
int http_status(Code code);
// Exit status of the command line for a code (documented in docs/cli.md).
int exit_status(Code code);

// A failure: its kind, a sentence that names the thing and the place, and optionally the way out.
// Value type; never holds secrets or database text.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message, std::string hint = {})
      : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  // The same failure, told from one level up: "context: message".
  Error within(std::string_view context) const;
  // "message" or "message\n\nhint: ..." as users see it.
  std::string text() const;

 private:
  Code code_;
  std::string message_;
  std::string hint_;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// A failed Result from parts: `return fail(Code::not_found, "...")`.
inline std::unexpected<Error> fail(Code code, std::string message, std::string hint = {}) {
  return std::unexpected(Error(code, std::move(message), std::move(hint)));
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }
// Propagates the error of a failed Result: `if (!r) return fail(r);`
template <typename T>
std::unexpected<Error> fail(const Result<T>& result) { return std::unexpected(result.error()); }
// An Error from errno, naming the call and its object: from_errno("open", path).
Error from_errno(std::string_view call, std::string_view object);
Error from_errno(std::string_view call, std::string_view object, int error_number);

}  // namespace leoflow
