// SPDX-License-Identifier: Apache-2.0
// The ranges that lists of runs and of task instances are filtered by.
#pragma once

#include "api/call.h"

namespace leoflow::api {

// Of a RunQuery or a TaskInstanceQuery, from the query parameters.
template <typename Query>
void read_ranges(const Call& call, Query& query) {
  query.run_after = call.time_range("run_after");
  query.logical_date = call.time_range("logical_date");
  query.start_date = call.time_range("start_date");
  query.end_date = call.time_range("end_date");
  query.updated_at = call.time_range("updated_at");
  query.duration = call.number_range("duration");
}

// The same from the body of a batch read, which has no updated_at.
template <typename Query>
void read_ranges_of_body(const Call& call, Query& query) {
  query.run_after = time_range_of_body(call, "run_after");
  query.logical_date = time_range_of_body(call, "logical_date");
  query.start_date = time_range_of_body(call, "start_date");
  query.end_date = time_range_of_body(call, "end_date");
  query.duration = number_range_of_body(call, "duration");
}

// What read_ranges reads, as parameters.
inline std::vector<Param> range_params() {
  std::vector<Param> params = number_range("duration");
  for (auto field : {"run_after", "logical_date", "start_date", "end_date", "updated_at"}) {
    for (Param& param : instant_range(field)) params.push_back(std::move(param));
  }
  return params;
}

// What read_ranges_of_body reads, as members of a shape.
inline std::string range_body_members() {
  return range_members({"run_after", "logical_date", "start_date", "end_date"}, "time?") +
         range_members({"duration"}, "num?");
}

}  // namespace leoflow::api
