// SPDX-License-Identifier: Apache-2.0
#include "model/dag_graph.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <queue>

#include "base/check.h"

namespace leoflow {
namespace {

// Reachability is computed for this many targets at a time: a cache line of bits per node.
constexpr size_t kBlockWords = 8;
constexpr size_t kBlockBits = kBlockWords * 64;
constexpr size_t kBlockBytes = kBlockWords * 8;
using Bits = std::array<uint64_t, kBlockWords>;

// Sums of weights for every value of every byte of a block, so that a row is summed byte by byte.
class BlockWeights {
 public:
  BlockWeights(const std::vector<int64_t>& weights, size_t first) : sums_(kBlockBytes * 256) {
    for (size_t byte = 0; byte < kBlockBytes; ++byte) {
      int64_t* sums = &sums_[byte * 256];
      for (size_t bit = 0; bit < 8; ++bit) {
        size_t node = first + byte * 8 + bit;
        int64_t weight = node < weights.size() ? weights[node] : 0;
        for (size_t low = 0; low < size_t(1) << bit; ++low)
          sums[low | (size_t(1) << bit)] = sums[low] + weight;
      }
    }
  }

  int64_t sum(const Bits& bits) const {
    int64_t total = 0;
    for (size_t word = 0; word < kBlockWords; ++word) {
      for (size_t byte = 0; byte < 8; ++byte) {
        total += sums_[(word * 8 + byte) * 256 + (bits[word] >> (byte * 8) & 255)];
      }
    }
    return total;
  }

 private:
  std::vector<int64_t> sums_;
};

}  // namespace

std::vector<uint32_t> topological_order(const Graph& graph) {
  std::vector<uint32_t> waits_for(graph.size());
  for (uint32_t target : graph.targets) ++waits_for[target];
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  for (uint32_t node = 0; node < graph.size(); ++node) {
    if (waits_for[node] == 0) ready.push(node);
  }
  std::vector<uint32_t> order;
  order.reserve(graph.size());
  while (!ready.empty()) {
    uint32_t node = ready.top();
    ready.pop();
    order.push_back(node);
    for (uint32_t next : graph.row(node)) {
      if (--waits_for[next] == 0) ready.push(next);
    }
  }
  return order;
}

std::vector<uint32_t> find_cycle(const Graph& graph, const std::vector<uint32_t>& order) {
  std::vector<bool> open(graph.size(), true);
  for (uint32_t node : order) open[node] = false;
  // Every open node has an open predecessor: walking back must come round.
  std::vector<std::optional<uint32_t>> before(graph.size());
  std::optional<uint32_t> start;
  for (uint32_t node = 0; node < graph.size(); ++node) {
    if (!open[node]) continue;
    if (!start) start = node;
    for (uint32_t next : graph.row(node)) {
      if (open[next] && !before[next]) before[next] = node;
    }
  }
  CHECK(start);
  std::vector<bool> seen(graph.size());
  uint32_t node = *start;
  for (; !seen[node]; node = *before[node]) seen[node] = true;
  std::vector<uint32_t> cycle;
  for (uint32_t at = node; cycle.empty() || at != node; at = *before[at]) cycle.push_back(at);
  std::reverse(cycle.begin(), cycle.end());
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  return cycle;
}

Graph renumber(const Graph& graph, const std::vector<uint32_t>& order) {
  std::vector<uint32_t> position(graph.size());
  for (uint32_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  Graph result;
  result.targets.reserve(graph.targets.size());
  for (uint32_t node : order) {
    for (uint32_t next : graph.row(node)) result.targets.push_back(position[next]);
    std::sort(result.targets.begin() + result.starts.back(), result.targets.end());
    result.end_row();
  }
  return result;
}

Graph mirror(const Graph& graph) {
  auto last = uint32_t(graph.size() - 1);
  Graph result;
  if (graph.size() == 0) return result;
  result.starts.assign(graph.size() + 1, 0);
  for (uint32_t target : graph.targets) ++result.starts[last - target + 1];
  for (size_t i = 1; i < result.starts.size(); ++i) result.starts[i] += result.starts[i - 1];
  result.targets.resize(graph.targets.size());
  std::vector<uint32_t> fill(result.starts.begin(), result.starts.end() - 1);
  // From the last node down, so that rows come out ascending.
  for (size_t node = graph.size(); node-- > 0;) {
    for (uint32_t target : graph.row(node))
      result.targets[fill[last - target]++] = last - uint32_t(node);
  }
  return result;
}

std::vector<int64_t> reachable_weights(const Graph& graph, const std::vector<int64_t>& weights) {
  std::vector<int64_t> totals(graph.size());
  std::vector<Bits> reach(graph.size());
  for (size_t first = 0; first < graph.size(); first += kBlockBits) {
    size_t end = std::min(first + kBlockBits, graph.size());
    BlockWeights block(weights, first);
    for (size_t node = end; node-- > 0;) {  // nodes behind the block do not reach it
      Bits bits{};
      if (node >= first) bits[(node - first) / 64] = uint64_t(1) << ((node - first) % 64);
      for (uint32_t next : graph.row(node)) {
        if (next >= end) break;
        for (size_t word = 0; word < kBlockWords; ++word) bits[word] |= reach[next][word];
      }
      reach[node] = bits;
      totals[node] += block.sum(bits);
    }
  }
  return totals;
}

}  // namespace leoflow
