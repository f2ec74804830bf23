// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <termios.h>
#include <unistd.h>

#include <array>

#include "base/file.h"

namespace leoflow::cli {
namespace {

constexpr size_t kInputBytesMax = size_t(16) << 20;
constexpr size_t kAnswerBytesMax = 4096;
constexpr std::string_view kClearLine = "\r\x1b[K";

std::string_view escape_of(Colour colour) {
  switch (colour) {
    case Colour::none: return "";
    case Colour::red: return "\x1b[31m";
    case Colour::green: return "\x1b[32m";
    case Colour::yellow: return "\x1b[33m";
    case Colour::blue: return "\x1b[34m";
    case Colour::grey: return "\x1b[90m";
    case Colour::bold: return "\x1b[1m";
  }
  return "";
}

struct StateColour {
  std::string_view state;
  Colour colour;
};
constexpr std::array<StateColour, 14> kStateColours{{
    {"success", Colour::green},
    {"ready", Colour::green},
    {"ok", Colour::green},
    {"failed", Colour::red},
    {"upstream_failed", Colour::red},
    {"running", Colour::blue},
    {"restarting", Colour::blue},
    {"queued", Colour::yellow},
    {"scheduled", Colour::yellow},
    {"up_for_retry", Colour::yellow},
    {"up_for_reschedule", Colour::yellow},
    {"deferred", Colour::yellow},
    {"warning", Colour::yellow},
    {"skipped", Colour::grey},
}};

// Echo off while it lives.
class HiddenInput {
 public:
  explicit HiddenInput(bool hidden) {
    if (!hidden || tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~tcflag_t(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~HiddenInput() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  HiddenInput(const HiddenInput&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

}  // namespace

void Console::clear_status() {
  if (!status_shown_) return;
  write_err(kClearLine);
  status_shown_ = false;
}

void Console::out(std::string_view text) {
  clear_status();
  write_out(text);
  if (!status_.empty() && text.ends_with('\n')) status(status_);
}

void Console::err(std::string_view text) {
  clear_status();
  write_err(text);
  if (!status_.empty() && text.ends_with('\n')) status(status_);
}

void Console::status(std::string text) {
  status_ = std::move(text);
  if (!err_terminal) return;
  clear_status();
  if (status_.empty()) return;
  write_err(status_);
  status_shown_ = true;
}

std::string Console::paint(Colour colour, std::string_view text) const {
  if (!colours || colour == Colour::none) return std::string(text);
  return std::string(escape_of(colour)) + std::string(text) + "\x1b[0m";
}

std::string Console::paint_state(std::string_view state, std::string_view text) const {
  for (const StateColour& row : kStateColours) {
    if (row.state == state) return paint(row.colour, text);
  }
  return std::string(text);
}

ProcessConsole::ProcessConsole(bool no_color) {
  out_terminal = isatty(STDOUT_FILENO) == 1;
  err_terminal = isatty(STDERR_FILENO) == 1;
  colours = out_terminal && !no_color;
}

void ProcessConsole::write_out(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text, "stdout"))
    return;  // the reader went away: nobody is left to tell
}

void ProcessConsole::write_err(std::string_view text) {
  if (!write_all(STDERR_FILENO, text, "stderr")) return;
}

std::optional<std::string> ProcessConsole::ask(std::string_view prompt, bool hidden) {
  if (isatty(STDIN_FILENO) != 1 || !err_terminal) return std::nullopt;
  err(prompt);
  HiddenInput echo_off(hidden);
  std::string answer;
  char c = 0;
  while (answer.size() < kAnswerBytesMax && read(STDIN_FILENO, &c, 1) == 1) {
    if (c == '\n') {
      if (hidden) err("\n");
      return answer;
    }
    answer += c;
  }
  return std::nullopt;
}

Result<std::string> ProcessConsole::read_input() {
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0) return fail(from_errno("read", "stdin"));
    if (count == 0) return text;
    text.append(buffer.data(), size_t(count));
    if (text.size() > kInputBytesMax) return fail(Code::exhausted, "stdin is longer than 16 MiB");
  }
}

}  // namespace leoflow::cli
