// SPDX-License-Identifier: Apache-2.0
// Answers recorded from Airflow (test/conformance/golden), for the tests of this folder only.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "test_paths.h"

namespace leoflow::golden {

// A test cannot go on without its data: throws.
inline json::value load(const std::string& name) {
  std::ifstream file(std::string(LEOFLOW_SOURCE_DIR) + "/test/conformance/golden/" + name);
  std::stringstream text;
  text << file.rdbuf();
  auto document = json::parse(text.str());
  if (!document) throw std::runtime_error(name + ": " + document.error().text());
  return *std::move(document);
}

inline Time time(std::string_view text) {
  auto parsed = parse_time(text, true);
  if (!parsed) throw std::runtime_error(parsed.error().text());
  return *parsed;
}
inline Time time(const char* text) { return time(std::string_view(text)); }
inline Time time(const json::value& value) { return time(std::string_view(value.as_string())); }

inline std::optional<Time> time_or_none(const json::value& value) {
  return value.is_null() ? std::nullopt : std::optional(time(value));
}

}  // namespace leoflow::golden
