// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>

#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr size_t kCellWidthMax = 60;  // longer text is cut, the last column excepted

bool to_the_right(Show show) {
  return show == Show::number || show == Show::seconds || show == Show::bytes;
}

std::string list_text(const json::value& value) {
  if (!value.is_array()) return "-";
  std::string text;
  for (const json::value& one : value.get_array()) {
    if (!text.empty()) text += ", ";
    if (one.is_object()) {
      text += json::string_or(one.get_object(), "name");
    } else {
      text += one.is_string() ? std::string(one.get_string()) : json::dump(one);
    }
  }
  return text.empty() ? "-" : printable(text);
}

std::string shortened(std::string text) {
  if (display_width(text) <= kCellWidthMax) return text;
  size_t end = 0;
  for (size_t width = 0; width < kCellWidthMax - 3; ++width) {
    ++end;
    while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
  }
  return text.substr(0, end) + "...";
}

struct Grid {
  std::vector<std::vector<std::string>> cells;  // by row, then column
  std::vector<size_t> widths;
};

Grid layout(const std::vector<Column>& columns, const json::array& rows) {
  Grid grid;
  for (const Column& column : columns) grid.widths.push_back(display_width(column.title));
  for (const json::value& row : rows) {
    std::vector<std::string> line;
    for (size_t i = 0; i < columns.size(); ++i) {
      std::string text = row.is_object() ? cell_text(row.get_object(), columns[i]) : "-";
      if (i + 1 < columns.size()) text = shortened(std::move(text));
      grid.widths[i] = std::max(grid.widths[i], display_width(text));
      line.push_back(std::move(text));
    }
    grid.cells.push_back(std::move(line));
  }
  return grid;
}

void append_cell(std::string& line, const std::string& shown, size_t width, size_t wanted,
                 bool right) {
  if (!line.empty()) line += "  ";
  std::string space(wanted > width ? wanted - width : 0, ' ');
  line += right ? space + shown : shown + space;
}

std::string finished(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string cell_text(const json::object& row, const Column& column) {
  const json::value* value = row.if_contains(column.key);
  if (!value || value->is_null()) return "-";
  switch (column.show) {
    case Show::list: return list_text(*value);
    case Show::yes_no: return value->is_bool() && value->get_bool() ? "yes" : "no";
    case Show::bytes: return format_bytes(json::int_or(row, column.key));
    case Show::seconds: return format_duration(from_seconds(json::double_or(row, column.key)));
    case Show::time: return value->is_string() ? short_time(value->get_string()) : "-";
    default: break;
  }
  std::string text = value->is_string() ? printable(value->get_string()) : json::dump(*value);
  return text.empty() ? "-" : text;
}

std::string render_table(const Console& console, const std::vector<Column>& columns,
                         const json::array& rows) {
  Grid grid = layout(columns, rows);
  std::string header;
  for (size_t i = 0; i < columns.size(); ++i) {
    append_cell(header, console.paint(Colour::bold, columns[i].title),
                display_width(columns[i].title), grid.widths[i], to_the_right(columns[i].show));
  }
  std::string text = finished(std::move(header));
  for (const auto& cells : grid.cells) {
    std::string line;
    for (size_t i = 0; i < columns.size(); ++i) {
      std::string shown =
          columns[i].show == Show::state ? console.paint_state(cells[i], cells[i]) : cells[i];
      append_cell(line, shown, display_width(cells[i]), grid.widths[i],
                  to_the_right(columns[i].show));
    }
    text += finished(std::move(line));
  }
  return text;
}

std::string render_json(const json::array& rows) {
  if (rows.empty()) return "[]\n";
  std::string text = "[\n";
  for (size_t i = 0; i < rows.size(); ++i)
    text += json::dump(rows[i]) + (i + 1 < rows.size() ? ",\n" : "\n");
  return text + "]\n";
}

}  // namespace leoflow::cli
