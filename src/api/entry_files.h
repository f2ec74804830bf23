// SPDX-License-Identifier: Apache-2.0
// Files of named entries, as Airflow's command line reads and writes connections and variables:
// one JSON object, one YAML map, or lines NAME=VALUE. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace leoflow::api {

constexpr size_t kEntriesMax = 10'000;      // of one file
constexpr size_t kYamlValuesMax = 100'000;  // of one file, with what aliases stand for
constexpr int kYamlNestingMax = 32;

enum class EntryFormat { json, yaml, env };
constexpr std::string_view kEntryFormats = "json|yaml|env";
// Requires: one of kEntryFormats.
EntryFormat entry_format_of(std::string_view name);

struct Entry {
  std::string name;
  json::value value;  // of lines: always text
};

// `invalid` for what cannot be read, for a name that is there twice and for too many entries; the
// message never shows a value.
Result<std::vector<Entry>> read_entries(EntryFormat format, std::string_view text);
// `invalid` when lines are asked for and a value is not one line of text; the entry is named.
Result<std::string> write_entries(EntryFormat format, const std::vector<Entry>& entries);

}  // namespace leoflow::api
