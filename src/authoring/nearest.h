// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the closest of some known names. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace leoflow {

constexpr size_t kNearestNamesMax = 2000;  // candidates looked at
constexpr size_t kNearestBytesMax = 100;   // longer names are never compared

// Number of single-byte insertions, deletions, replacements and neighbour swaps between two texts.
size_t edit_distance(std::string_view a, std::string_view b);
// The name of known that is closest to text, the first of equals; empty when none is close enough
// to be a typo (a third of its length, at least one edit).
std::string nearest_name(std::string_view text, std::span<const std::string_view> known);
// "did you mean 'dependencies'?", or `otherwise` when no name is close.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> known,
                         std::string otherwise = {});

}  // namespace leoflow
