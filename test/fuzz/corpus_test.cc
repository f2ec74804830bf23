// SPDX-License-Identifier: Apache-2.0
// Each fuzzer's seeds and some thousand mutations of them, the same ones every time: a short fuzz
// run that needs no other compiler. `make fuzz` looks for new paths.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "test_paths.h"

using FuzzEntry = int(const uint8_t*, size_t);
// CMake gives each *_fuzz.cc its own name for the entry point, and lists them all.
extern "C" {
#define FUZZER(name) FuzzEntry fuzz_##name;
#include "fuzzers.inc"
#undef FUZZER
}

namespace leoflow {
namespace {

constexpr int kMutationsPerFuzzer = 3000;
constexpr size_t kStepsMax = 6;  // changes of one input
constexpr size_t kInputBytesMax = 4096;

struct Fuzzer {
  const char* name;
  FuzzEntry* entry;
};
constexpr Fuzzer kFuzzers[] = {
#define FUZZER(name) {#name, fuzz_##name},
#include "fuzzers.inc"
#undef FUZZER
};

// By name, so that the mutations do not depend on the file system's order.
std::vector<std::string> seeds_of(const std::string& name) {
  std::vector<fs::path> paths;
  fs::path folder = fs::path(LEOFLOW_SOURCE_DIR) / "test/fuzz/corpus" / name;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> seeds;
  for (const fs::path& path : paths) seeds.push_back(read_file(path).value());
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string next() {
    std::string text = any_seed();
    for (size_t steps = 1 + below(kStepsMax); steps > 0; --steps) change(text);
    text.resize(std::min(text.size(), kInputBytesMax));
    return text;
  }

 private:
  // Without a distribution: those differ between libraries.
  size_t below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  const std::string& any_seed() { return seeds_[below(seeds_.size())]; }

  void change(std::string& text) {
    using std::string_view_literals::operator""sv;
    constexpr std::string_view kMarks =
        "{}[]()\"'\\,:;/.*?!#&|<>-+=%@~^$_ \n\t0129aAzZ\x00\x7f\x80\xc3\xff"sv;
    size_t at = below(text.size() + 1);
    size_t count = 1 + below(8);
    switch (below(7)) {
      case 0: text.insert(at, 1, kMarks[below(kMarks.size())]); break;
      case 1: text.insert(at, std::string(1 + below(64), kMarks[below(kMarks.size())])); break;
      case 2: text.erase(at, count); break;
      case 3: text.resize(at); break;
      case 4: text.insert(below(text.size() + 1), text.substr(at, count * 4)); break;
      case 5: {
        const std::string& other = any_seed();
        text.replace(at, count * 4, other.substr(below(other.size()), count * 4));
        break;
      }
      default:
        if (at < text.size()) text[at] = char(text[at] ^ (1 << below(8)));
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937 random_{20240229};
};

class Corpus : public testing::TestWithParam<Fuzzer> {};

TEST_P(Corpus, SeedsAndTheirMutationsAreTakenOrRefused) {
  log::configure(log::Level::error, false);
  auto seeds = seeds_of(GetParam().name);
  ASSERT_FALSE(seeds.empty());
  auto run = [](const std::string& text) {
    GetParam().entry(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  run("");
  for (const std::string& seed : seeds) run(seed);
  Mutator mutator(seeds);
  for (int i = 0; i < kMutationsPerFuzzer; ++i) run(mutator.next());
}

INSTANTIATE_TEST_SUITE_P(Fuzzers, Corpus, testing::ValuesIn(kFuzzers),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace leoflow
