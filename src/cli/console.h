// SPDX-License-Identifier: Apache-2.0
// Where a command writes and asks: data to out, everything else to err, and one status line on a
// terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow::cli {

enum class Colour { none, red, green, yellow, blue, grey, bold };

// One thread.
class Console {
 public:
  virtual ~Console() = default;

  void out(std::string_view text);
  void err(std::string_view text);
  // A line that stays at the bottom of the terminal until it changes; nothing when err is no
  // terminal.
  void status(std::string text);
  // The text in a colour when `out` may show colours.
  std::string paint(Colour colour, std::string_view text) const;
  // The text in the colour of a run's or task's state.
  std::string paint_state(std::string_view state, std::string_view text) const;

  // The line that a person typed after a prompt; nothing when nobody can answer.
  virtual std::optional<std::string> ask(std::string_view prompt, bool hidden = false) = 0;
  // All of stdin.
  virtual Result<std::string> read_input() = 0;

  bool out_terminal = false;
  bool err_terminal = false;
  bool colours = false;

 protected:
  virtual void write_out(std::string_view text) = 0;
  virtual void write_err(std::string_view text) = 0;

 private:
  void clear_status();

  std::string status_;
  bool status_shown_ = false;
};

// stdout, stderr and stdin of this process. A reader of stdout that went away ends the output
// silently.
class ProcessConsole : public Console {
 public:
  // no_color: the variable NO_COLOR is set.
  explicit ProcessConsole(bool no_color);
  std::optional<std::string> ask(std::string_view prompt, bool hidden) override;
  Result<std::string> read_input() override;

 protected:
  void write_out(std::string_view text) override;
  void write_err(std::string_view text) override;
};

}  // namespace leoflow::cli
