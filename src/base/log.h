// SPDX-License-Identifier: Apache-2.0
// The program's own log: one line per event on stderr (or a file), with fields. Never secrets. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace leoflow::log {

enum class Level { debug, info, warning, error };

// A named value of a line: {"run", run_id}, {"attempt", id}.
struct Field {
  Field(std::string_view name, std::string_view text) : name(name), text(text) {}
  Field(std::string_view name, const std::string& text) : name(name), text(text) {}
  Field(std::string_view name, const char* text) : name(name), text(text) {}
  Field(std::string_view name, int64_t number) : name(name), text(std::to_string(number)) {}
  Field(std::string_view name, int number) : name(name), text(std::to_string(number)) {}
  Field(std::string_view name, size_t number) : name(name), text(std::to_string(number)) {}
  std::string_view name;
  std::string text;
};
using Fields = std::initializer_list<Field>;

// Where lines go and from which level on. Call once from main before threads start; without it: stderr, info.
// json: one JSON object per line instead of "time LEVEL message key=value".
void configure(Level minimum, bool json, const std::string& file = {});

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warning(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace leoflow::log
