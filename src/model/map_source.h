// SPDX-License-Identifier: Apache-2.0
// What a task is mapped over (docs/dag-json.md, "Mapping"): one mapped argument, and how many
// elements it has.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/fields.h"

namespace leoflow {

// Of one expansion, and of one return value that tasks are mapped over (Airflow's max_map_length).
constexpr int64_t kMappedInstancesMax = 20'000;
constexpr int kMapLengthMaxDefault = 1024;
constexpr int kMapSourcesMax = 100;  // of one expansion, those inside of others too
constexpr int kMapSourceDepthMax = 16;

struct MapSource {
  enum class Kind {
    literal,  // `length` elements, written in dag.py
    task,     // what task_id returned
    zip,      // the shortest of parts; with fill the longest
    concat,   // parts, one after the other
  };
  Kind kind = Kind::literal;
  int64_t length = 0;
  std::string task_id;
  bool fill = false;
  std::vector<MapSource> parts;

  bool operator==(const MapSource&) const = default;
};

// Length of what a task returned; nothing while it is not known.
using LengthOf = std::function<std::optional<int64_t>(const std::string& task_id)>;

// Product of the lengths. Nothing if one is not known; kMappedInstancesMax + 1 if it is more than
// the bound.
std::optional<int64_t> mapped_length(std::span<const MapSource> sources, const LengthOf& length_of);

// Ids of the tasks that are named, sorted, distinct.
std::vector<std::string> tasks_of(std::span<const MapSource> sources);

// Reads a list of sources at `path`; the first thing that is wrong is reported.
std::vector<MapSource> read_map_sources(const json::value& from, const std::string& path,
                                        Problem& problem);
void write_map_sources(json::Writer& out, std::span<const MapSource> sources);

}  // namespace leoflow
