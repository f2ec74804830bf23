// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/fakes_for_test.h"

namespace leoflow::cli {
namespace {

const std::vector<Column> kColumns{{"TASK", "task_id"},
                                   {"STATE", "state", Show::state},
                                   {"TRY", "try_number", Show::number},
                                   {"DURATION", "duration", Show::seconds}};

json::array rows(std::string_view text) { return json::parse(text)->as_array(); }

TEST(Table, AlignsTextLeftAndNumbersRight) {
  FakeConsole console;
  EXPECT_EQ(render_table(console, kColumns, rows(R"([
      {"task_id": "extract", "state": "success", "try_number": 1, "duration": 7.7},
      {"task_id": "l\u00f6ad", "state": null, "try_number": 12}])")),
            "TASK     STATE    TRY  DURATION\n"
            "extract  success    1    7.700s\n"
            "löad     -         12         -\n");
}

TEST(Table, ColoursDoNotMoveColumns) {
  FakeConsole console;
  console.colours = true;
  std::string text = render_table(
      console, kColumns, rows(R"([{"task_id": "a", "state": "failed", "try_number": 1}])"));
  EXPECT_NE(text.find("\x1b[31mfailed\x1b[0m    1"), std::string::npos) << text;
}

TEST(Table, CutsLongCellsButNotTheLastColumn) {
  FakeConsole console;
  json::array list;
  list.push_back(json::object{{"a", std::string(100, 'x')}, {"b", std::string(100, 'y')}});
  std::string text = render_table(console, {{"A", "a"}, {"B", "b"}}, list);
  EXPECT_NE(text.find(std::string(57, 'x') + "...  " + std::string(100, 'y') + "\n"),
            std::string::npos);
}

TEST(Table, JsonKeepsRowsAsTheyAre) {
  EXPECT_EQ(render_json({}), "[]\n");
  EXPECT_EQ(render_json(rows(R"([{"a": 1.0}, {"b": null}])")),
            "[\n{\"a\":1.0},\n{\"b\":null}\n]\n");
}

TEST(Table, CellsOfEveryKind) {
  json::object row =
      json::parse(
          R"({"t": "2026-01-02T03:04:05Z", "n": 1500, "y": true, "l": [{"name": "x"}, "y"]})")
          ->as_object();
  EXPECT_EQ(cell_text(row, {"", "t", Show::time}), "2026-01-02 03:04:05");
  EXPECT_EQ(cell_text(row, {"", "n", Show::bytes}), "1.5 kB");
  EXPECT_EQ(cell_text(row, {"", "y", Show::yes_no}), "yes");
  EXPECT_EQ(cell_text(row, {"", "l", Show::list}), "x, y");
  EXPECT_EQ(cell_text(row, {"", "missing"}), "-");
}

}  // namespace
}  // namespace leoflow::cli
