// SPDX-License-Identifier: Apache-2.0
// Strong integer ids: a RunKey cannot be passed where an AttemptId is wanted.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace leoflow {

template <typename Tag>
struct Id {
  int64_t value = 0;

  explicit operator bool() const { return value != 0; }
  auto operator<=>(const Id&) const = default;
};

}  // namespace leoflow

template <typename Tag>
struct std::hash<leoflow::Id<Tag>> {
  size_t operator()(leoflow::Id<Tag> id) const noexcept { return std::hash<int64_t>()(id.value); }
};
