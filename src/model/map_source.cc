// SPDX-License-Identifier: Apache-2.0
#include "model/map_source.h"

#include <algorithm>

namespace leoflow {
namespace {

constexpr int64_t kTooMany = kMappedInstancesMax + 1;

std::optional<int64_t> length_of_one(const MapSource& source, const LengthOf& length_of) {
  if (source.kind == MapSource::Kind::literal) return std::min(source.length, kTooMany);
  if (source.kind == MapSource::Kind::task) {
    auto length = length_of(source.task_id);
    return length ? std::optional(std::min(*length, kTooMany)) : length;
  }
  std::optional<int64_t> found;
  for (const MapSource& part : source.parts) {
    auto length = length_of_one(part, length_of);
    if (!length) return length;
    if (!found) {
      found = length;
    } else if (source.kind == MapSource::Kind::concat) {
      found = std::min(*found + *length, kTooMany);
    } else {
      found = source.fill ? std::max(*found, *length) : std::min(*found, *length);
    }
  }
  return found.value_or(0);
}

void add_tasks(std::span<const MapSource> sources, std::vector<std::string>& ids) {
  for (const MapSource& source : sources) {
    if (source.kind == MapSource::Kind::task) ids.push_back(source.task_id);
    add_tasks(source.parts, ids);
  }
}

class Reader {
 public:
  explicit Reader(Problem& problem) : problem_(problem) {}

  std::vector<MapSource> list(const json::value& from, const std::string& path, int depth) {
    std::vector<MapSource> sources;
    const json::array* items = from.if_array();
    if (items == nullptr || items->empty()) {
      problem_.report(path, "must be an array of at least one source");
      return sources;
    }
    for (size_t i = 0; i < items->size() && !problem_; ++i)
      sources.push_back(one((*items)[i], path + "[" + std::to_string(i) + "]", depth));
    return sources;
  }

 private:
  MapSource one(const json::value& from, const std::string& path, int depth) {
    MapSource source;
    if (++read_ > kMapSourcesMax || depth > kMapSourceDepthMax) {
      problem_.report(path, "more than " + std::to_string(kMapSourcesMax) +
                                " sources, or more than " + std::to_string(kMapSourceDepthMax) +
                                " within one another");
    } else if (const boost::json::string* task_id = from.if_string()) {
      source.kind = MapSource::Kind::task;
      source.task_id.assign(task_id->data(), task_id->size());
    } else if (const int64_t* length = from.if_int64(); length != nullptr && *length >= 0) {
      source.length = *length;
    } else {
      combined(from, path, depth, source);
    }
    return source;
  }

  void combined(const json::value& from, const std::string& path, int depth, MapSource& source) {
    Fields fields(from, path, problem_);
    const json::value* zip = fields.take("zip");
    const json::value* concat = zip == nullptr ? fields.take("concat") : nullptr;
    if (problem_) return;
    if (zip == nullptr && concat == nullptr)
      return problem_.report(path, "must be a length, a task id, a zip or a concat");
    source.kind = zip != nullptr ? MapSource::Kind::zip : MapSource::Kind::concat;
    if (zip != nullptr) fields.read("fill", source.fill);
    source.parts = list(zip != nullptr ? *zip : *concat,
                        path + (zip != nullptr ? ".zip" : ".concat"), depth + 1);
    fields.refuse_others();
  }

  Problem& problem_;
  int read_ = 0;
};

}  // namespace

std::optional<int64_t> mapped_length(std::span<const MapSource> sources,
                                     const LengthOf& length_of) {
  int64_t product = 1;
  for (const MapSource& source : sources) {
    auto length = length_of_one(source, length_of);
    if (!length) return length;
    product = std::min(product * *length, kTooMany);
  }
  return product;
}

std::vector<std::string> tasks_of(std::span<const MapSource> sources) {
  std::vector<std::string> ids;
  add_tasks(sources, ids);
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return ids;
}

std::vector<MapSource> read_map_sources(const json::value& from, const std::string& path,
                                        Problem& problem) {
  return Reader(problem).list(from, path, 1);
}

void write_map_sources(json::Writer& out, std::span<const MapSource> sources) {
  out.begin_array();
  for (const MapSource& source : sources) {
    switch (source.kind) {
      case MapSource::Kind::literal: out.number(source.length); break;
      case MapSource::Kind::task: out.string(source.task_id); break;
      case MapSource::Kind::zip:
      case MapSource::Kind::concat: {
        bool zip = source.kind == MapSource::Kind::zip;
        out.begin_object().key(zip ? "zip" : "concat");
        write_map_sources(out, source.parts);
        if (zip) out.member("fill", source.fill);
        out.end_object();
        break;
      }
    }
  }
  out.end_array();
}

}  // namespace leoflow
