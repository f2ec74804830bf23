// SPDX-License-Identifier: Apache-2.0
// Values as people read them. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

namespace leoflow::cli {

// "1.1 GB", "940 B"; powers of 1000.
std::string format_bytes(int64_t bytes);
// "2026-11-22 19:32:27": UTC, without fraction. Text that is no instant comes back as it is.
std::string short_time(std::string_view api_time);
// "19:32:27.250" of an instant.
std::string clock_time(Time time);
// The instant of a member; nothing when it is missing, null or no instant.
std::optional<Time> time_of(const json::object& row, std::string_view key);
// Columns that a text takes on a terminal: code points, not bytes; escape sequences do not count.
size_t display_width(std::string_view text);
// The text with control characters made visible ("\x1b" becomes "?"), so that no data steers the
// terminal. Newlines and tabs stay when `lines`.
std::string printable(std::string_view text, bool lines = false);

struct Interval {
  Time start, end;
};
// How much time at least one of the intervals covers.
Duration covered(std::vector<Interval> intervals);

// The candidate that a misspelt word most likely meant; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// A JSON object given as text, or as @FILE that holds it. Errors name `what`.
Result<json::object> json_argument(const std::string& text, std::string_view what);

}  // namespace leoflow::cli
