// SPDX-License-Identifier: Apache-2.0
#include "authoring/nearest.h"

#include <algorithm>
#include <vector>

namespace leoflow {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = back[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    two_back.swap(back);
    back.swap(row);
  }
  return back[b.size()];
}

std::string nearest_name(std::string_view text, std::span<const std::string_view> known) {
  if (text.empty() || text.size() > kNearestBytesMax) return {};
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, text.size() / 3) + 1;
  for (std::string_view name : known.first(std::min(known.size(), kNearestNamesMax))) {
    if (name.size() > kNearestBytesMax) continue;
    const size_t distance = edit_distance(text, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return std::string(best);
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> known,
                         std::string otherwise) {
  const std::string name = nearest_name(text, known);
  return name.empty() ? otherwise : "did you mean '" + name + "'?";
}

}  // namespace leoflow
