// SPDX-License-Identifier: Apache-2.0
// FIPS 180-4, section 6.1.
#include "schedule/sha1.h"

#include <bit>
#include <string>

namespace leoflow {
namespace {

constexpr size_t kBlock = 64;
using Words = std::array<uint32_t, 5>;

struct Round {
  uint32_t mixed, constant;
};

Round round_of(int step, const Words& state) {
  uint32_t b = state[1], c = state[2], d = state[3];
  if (step < 20) return {(b & c) | (~b & d), 0x5a827999};
  if (step < 40) return {b ^ c ^ d, 0x6ed9eba1};
  if (step < 60) return {(b & c) | (b & d) | (c & d), 0x8f1bbcdc};
  return {b ^ c ^ d, 0xca62c1d6};
}

void absorb(std::string_view block, Words& hash) {
  std::array<uint32_t, 80> schedule{};
  for (size_t i = 0; i < kBlock; ++i) schedule[i / 4] = schedule[i / 4] << 8 | uint8_t(block[i]);
  for (size_t i = 16; i < schedule.size(); ++i) {
    schedule[i] =
        std::rotl(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
  }
  Words state = hash;
  for (int step = 0; step < 80; ++step) {
    Round round = round_of(step, state);
    uint32_t next =
        std::rotl(state[0], 5) + round.mixed + state[4] + round.constant + schedule[step];
    state = {next, state[0], std::rotl(state[1], 30), state[2], state[3]};
  }
  for (size_t i = 0; i < hash.size(); ++i) hash[i] += state[i];
}

}  // namespace

Sha1Digest sha1(std::string_view data) {
  std::string padded(data);
  padded.push_back(char(0x80));
  while (padded.size() % kBlock != kBlock - 8) padded.push_back(0);
  uint64_t bits = uint64_t(data.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(char(bits >> shift));
  Words hash = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t at = 0; at < padded.size(); at += kBlock)
    absorb(std::string_view(padded).substr(at, kBlock), hash);
  Sha1Digest digest{};
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = uint8_t(hash[i / 4] >> (24 - i % 4 * 8));
  return digest;
}

}  // namespace leoflow
