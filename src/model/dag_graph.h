// SPDX-License-Identifier: Apache-2.0
// Directed graphs over 0..n-1 as rows of successors: topological order, cycles, weights of what is
// reachable. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace leoflow {

// Successors of each node, packed. Value type.
struct Graph {
  std::vector<uint32_t> starts{0};  // row i is targets[starts[i]..starts[i+1])
  std::vector<uint32_t> targets;

  size_t size() const { return starts.size() - 1; }
  std::span<const uint32_t> row(size_t node) const {
    return std::span(targets).subspan(starts[node], starts[node + 1] - starts[node]);
  }
  // Ends the row being written to targets.
  void end_row() { starts.push_back(uint32_t(targets.size())); }
};

// Nodes so that every edge points forward; among those ready at the same time the smallest goes
// first. Shorter than the graph when it has a cycle: the nodes on cycles and behind them are
// missing.
std::vector<uint32_t> topological_order(const Graph& graph);
// The nodes of one cycle in the direction of the edges, the smallest first. Requires:
// topological_order found one.
std::vector<uint32_t> find_cycle(const Graph& graph, const std::vector<uint32_t>& order);
// The same graph with node order[i] called i, rows ascending.
Graph renumber(const Graph& graph, const std::vector<uint32_t>& order);
// Edges turned around and nodes counted from the end, so that edges again point forward.
Graph mirror(const Graph& graph);
// For each node its own weight plus that of each node reachable from it, each once. Requires: rows
// ascending, every edge points forward. Takes O(edges * nodes / 512) time and O(nodes) memory.
std::vector<int64_t> reachable_weights(const Graph& graph, const std::vector<int64_t>& weights);

}  // namespace leoflow
