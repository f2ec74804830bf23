// SPDX-License-Identifier: Apache-2.0
#include "api/route.h"

#include <algorithm>

namespace leoflow::api {
namespace {

std::vector<Param> range(std::string_view field, Param::Kind kind) {
  std::vector<Param> params;
  for (std::string_view side : {"_gte", "_gt", "_lte", "_lt"}) {
    params.push_back({.name = std::string(field) + std::string(side), .kind = kind});
  }
  return params;
}

}  // namespace

Route& Route::takes(std::vector<Param> params) {
  std::ranges::move(params, std::back_inserter(query));
  return *this;
}

Route& Route::answers_with(int status, std::string shape, std::string content_type) {
  answers.push_back({status, std::move(shape), std::move(content_type)});
  return *this;
}

std::vector<std::string> Route::content_types() const {
  std::vector<std::string> types;
  for (const Answer& answer : answers) {
    if (answer.status < 300 && answer.status != 204) types.push_back(answer.content_type);
  }
  return types;
}

std::vector<Param> paging() {
  return {{.name = "limit",
           .kind = Param::Kind::integer,
           .summary = "Rows of a page, at most 100",
           .fallback = "50",
           .minimum = 0},
          {.name = "offset",
           .kind = Param::Kind::integer,
           .summary = "Rows to skip",
           .fallback = "0",
           .minimum = 0}};
}

std::vector<Param> ordered_by(std::string fallback) {
  return {{.name = "order_by",
           .summary = "Columns to sort by; a leading - sorts downwards",
           .repeated = true,
           .fallback = std::move(fallback)}};
}

std::vector<Param> instant_range(std::string_view field) {
  return range(field, Param::Kind::instant);
}

std::vector<Param> pattern(std::string_view field) {
  std::string name(field);
  return {{.name = name + "_pattern",
           .summary = "A part of it in any case; % and _ are wildcards, | separates alternatives"},
          {.name = name + "_prefix_pattern",
           .summary = "How it begins, in its case; | separates alternatives"}};
}

std::vector<Param> cursor() {
  return {{.name = "cursor",
           .summary = "next_cursor or previous_cursor of another page with the same order_by and "
                      "filters; empty for the first one. offset is ignored then"}};
}

std::vector<Param> number_range(std::string_view field) {
  return range(field, Param::Kind::number);
}

}  // namespace leoflow::api
