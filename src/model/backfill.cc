// SPDX-License-Identifier: Apache-2.0
#include "model/backfill.h"

#include <array>

namespace leoflow {
namespace {

constexpr std::array<std::string_view, 3> kNames{"none", "failed", "completed"};

}  // namespace

std::string_view to_string(Reprocess reprocess) { return kNames[size_t(reprocess)]; }

bool runs_again(Reprocess reprocess, RunState state) {
  return reprocess == Reprocess::completed ||
         (reprocess == Reprocess::failed && state == RunState::failed);
}

std::optional<Reprocess> parse_reprocess(std::string_view text) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return Reprocess(i);
  }
  return std::nullopt;
}

}  // namespace leoflow
