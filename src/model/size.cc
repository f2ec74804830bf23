// SPDX-License-Identifier: Apache-2.0
#include "model/size.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace leoflow {
namespace {

using Wide = unsigned __int128;

constexpr int kDigitsMax = 18;    // significant digits of the number
constexpr int kExponentMax = 18;  // of the "2e3" form
constexpr Wide kValueMax = Wide(std::numeric_limits<int64_t>::max());

// A factor as power of two and power of ten ("m" is 10^-3).
struct Suffix {
  std::string_view text;
  int two;
  int ten;
};
constexpr std::array<Suffix, 14> kSuffixes{{{"", 0, 0},
                                            {"m", 0, -3},
                                            {"k", 0, 3},
                                            {"M", 0, 6},
                                            {"G", 0, 9},
                                            {"T", 0, 12},
                                            {"P", 0, 15},
                                            {"E", 0, 18},
                                            {"Ki", 10, 0},
                                            {"Mi", 20, 0},
                                            {"Gi", 30, 0},
                                            {"Ti", 40, 0},
                                            {"Pi", 50, 0},
                                            {"Ei", 60, 0}}};

// digits * 2^two * 10^ten
struct Quantity {
  uint64_t digits = 0;
  int two = 0;
  int ten = 0;
};

std::optional<Suffix> read_suffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) return suffix;
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (exponent < -kExponentMax || exponent > kExponentMax) return std::nullopt;
  return Suffix{"", 0, exponent};
}

std::optional<Quantity> read_quantity(std::string_view text) {
  Quantity quantity;
  int significant = 0, fraction = 0;
  bool any_digit = false, after_point = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (c == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any_digit = true;
    if (quantity.digits != 0 || c != '0') ++significant;
    if (significant > kDigitsMax) return std::nullopt;
    quantity.digits = quantity.digits * 10 + uint64_t(c - '0');
    if (after_point) ++fraction;
  }
  std::optional<Suffix> suffix = any_digit ? read_suffix(text.substr(at)) : std::nullopt;
  if (!suffix || fraction > kDigitsMax) return std::nullopt;
  quantity.two = suffix->two;
  quantity.ten = suffix->ten - fraction;
  return quantity;
}

// The value rounded up; nothing when it is more than kValueMax.
std::optional<uint64_t> value_of(Quantity quantity) {
  Wide value = quantity.digits;
  value <<= quantity.two;  // 60 + 60 bits
  for (; quantity.ten > 0 && value != 0; --quantity.ten) {
    value *= 10;
    if (value > kValueMax) return std::nullopt;
  }
  bool rest = false;
  for (; quantity.ten < 0 && value != 0; ++quantity.ten) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  if (rest) ++value;
  if (value > kValueMax) return std::nullopt;
  return uint64_t(value);
}

std::optional<uint64_t> parse_scaled(std::string_view text, int ten) {
  std::optional<Quantity> quantity = read_quantity(text);
  if (!quantity) return std::nullopt;
  quantity->ten += ten;
  return value_of(*quantity);
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  if (std::optional<uint64_t> bytes = parse_scaled(text, 0)) return *bytes;
  return fail(Code::invalid, "not a size: '" + std::string(text.substr(0, 64)) + "'",
              "write it as 512Mi, 5Gi or 2G (binary suffixes Ki Mi Gi Ti, decimal k M G T)");
}

Result<uint64_t> parse_milli_cpu(std::string_view text) {
  if (std::optional<uint64_t> milli = parse_scaled(text, 3)) return *milli;
  return fail(Code::invalid, "not an amount of CPU: '" + std::string(text.substr(0, 64)) + "'",
              "write it as 2, 0.5 or 500m");
}

}  // namespace leoflow
