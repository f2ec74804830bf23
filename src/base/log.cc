// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"

namespace leoflow::log {
namespace {

// The one piece of state every thread shares: the log is configured before threads start, and a
// line is one write(2) to a descriptor opened for appending, so lines of threads and processes do
// not mix.
struct Sink {
  std::atomic<int> minimum{int(Level::info)};
  std::atomic<bool> json{false};
  std::atomic<int> fd{STDERR_FILENO};
};

Sink& sink() {
  static Sink instance;
  return instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "DEBUG";
    case Level::info: return "INFO";
    case Level::warning: return "WARNING";
    case Level::error: return "ERROR";
  }
  return "ERROR";
}

bool needs_quotes(std::string_view text) {
  if (text.empty() || !valid_utf8(text)) return true;
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
      return true;
  }
  return false;
}

void append_value(std::string& line, std::string_view text) {
  if (!needs_quotes(text)) {
    line += text;
    return;
  }
  json::Writer quoted;
  quoted.string(text);
  line += quoted.take();
}

// A line must stay one line, whatever the message says.
void append_message(std::string& line, std::string_view text) {
  for (char c : replace_invalid_utf8(text)) line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
}

std::string plain_line(std::string_view time, Level level, std::string_view message,
                       Fields fields) {
  std::string line(time);
  line.append(" ").append(name_of(level)).append(" ");
  append_message(line, message);
  for (const Field& field : fields) {
    line.append(" ").append(field.name).append("=");
    append_value(line, field.text);
  }
  return line;
}

std::string json_line(std::string_view time, Level level, std::string_view message, Fields fields) {
  json::Writer writer;
  writer.begin_object();
  writer.member("time", time).member("level", name_of(level)).member("message", message);
  for (const Field& field : fields) writer.member(field.name, field.text);
  writer.end_object();
  return writer.take();
}

void write_line(Level level, std::string_view message, Fields fields) {
  Sink& to = sink();
  if (int(level) < to.minimum) return;
  auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  std::string time = format_time(now);
  std::string line =
      to.json ? json_line(time, level, message, fields) : plain_line(time, level, message, fields);
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    ssize_t written = ::write(to.fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody to tell
    rest.remove_prefix(size_t(written));
  }
}

}  // namespace

void configure(Level minimum, bool json, const std::string& file) {
  Sink& to = sink();
  to.minimum = int(minimum);
  to.json = json;
  int fd = STDERR_FILENO;
  if (!file.empty()) fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  int error_number = errno;
  int before = to.fd.exchange(fd >= 0 ? fd : STDERR_FILENO);
  if (before != STDERR_FILENO) ::close(before);
  if (fd < 0) error(from_errno("open", file, error_number).message(), {{"log", "stderr"}});
}

void debug(std::string_view message, Fields fields) { write_line(Level::debug, message, fields); }
void info(std::string_view message, Fields fields) { write_line(Level::info, message, fields); }
void warning(std::string_view message, Fields fields) {
  write_line(Level::warning, message, fields);
}
void error(std::string_view message, Fields fields) { write_line(Level::error, message, fields); }

}  // namespace leoflow::log
