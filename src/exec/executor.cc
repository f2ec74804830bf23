// SPDX-License-Identifier: Apache-2.0
#include "exec/executor.h"

#include <array>

namespace leoflow {
namespace {

constexpr std::array<std::string_view, 5> kOutcomeKinds{"succeeded", "failed", "skipped", "lost", "cancelled"};
constexpr std::array<std::string_view, 5> kCancelReasons{"cleared", "marked", "run_ended", "superseded",
                                                         "run_timed_out"};

}  // namespace

std::string_view to_string(CancelReason reason) { return kCancelReasons[size_t(reason)]; }
std::string_view to_string(OutcomeKind kind) { return kOutcomeKinds[size_t(kind)]; }

std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
  for (size_t i = 0; i < kOutcomeKinds.size(); ++i) {
    if (kOutcomeKinds[i] == text) return OutcomeKind(i);
  }
  return std::nullopt;
}

}  // namespace leoflow
