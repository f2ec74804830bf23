// SPDX-License-Identifier: Apache-2.0
// Rows of REST objects as an aligned table for people, or as JSON for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/console.h"

namespace leoflow::cli {

// How a member is shown. `state` is coloured; `seconds` is a duration.
enum class Show { text, number, time, seconds, bytes, state, yes_no, list };

struct Column {
  std::string title;
  std::string key;  // member of the row
  Show show = Show::text;
};

// One cell; "-" for what is missing, null or empty.
std::string cell_text(const json::object& row, const Column& column);
// Header and rows, two spaces between columns, numbers to the right; no space at the ends of lines.
std::string render_table(const Console& console, const std::vector<Column>& columns,
                         const json::array& rows);
// "[]", or one object per line between brackets.
std::string render_json(const json::array& rows);

}  // namespace leoflow::cli
