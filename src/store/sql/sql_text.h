// SPDX-License-Identifier: Apache-2.0
// SQL texts as compile-time constants that share their parts: "SELECT " + kRunColumns + " FROM runs run". Only constants
// can be joined, so no value can ever end up inside a statement.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace leoflow::sql {

template <size_t N>
struct SqlText {
  char text[N + 1]{};

  constexpr SqlText() = default;
  // Not explicit: parts of a sum are written as literals.
  consteval SqlText(const char (&literal)[N + 1]) { std::copy_n(literal, N + 1, text); }
  constexpr std::string_view view() const { return {text, N}; }
  constexpr operator std::string_view() const { return view(); }
};
template <size_t N>
SqlText(const char (&)[N]) -> SqlText<N - 1>;

template <size_t A, size_t B>
consteval SqlText<A + B> operator+(const SqlText<A>& a, const SqlText<B>& b) {
  SqlText<A + B> sum;
  std::copy_n(a.text, A, sum.text);
  std::copy_n(b.text, B, sum.text + A);
  return sum;
}
template <size_t A, size_t B>
consteval auto operator+(const char (&a)[A], const SqlText<B>& b) {
  return SqlText(a) + b;
}
template <size_t A, size_t B>
consteval auto operator+(const SqlText<A>& a, const char (&b)[B]) {
  return a + SqlText(b);
}

}  // namespace leoflow::sql
