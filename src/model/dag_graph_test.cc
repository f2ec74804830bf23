// SPDX-License-Identifier: Apache-2.0
#include "model/dag_graph.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace leoflow {
namespace {

using Edges = std::vector<std::vector<uint32_t>>;

Graph graph_of(const Edges& rows) {
  Graph graph;
  for (const auto& row : rows) {
    graph.targets.insert(graph.targets.end(), row.begin(), row.end());
    graph.end_row();
  }
  return graph;
}

// Edges point forward; density in percent.
Edges random_edges(std::mt19937& random, uint32_t nodes, uint32_t density) {
  Edges rows(nodes);
  for (uint32_t from = 0; from < nodes; ++from) {
    for (uint32_t to = from + 1; to < nodes; ++to) {
      if (random() % 100 < density) rows[from].push_back(to);
    }
  }
  return rows;
}

// The plain definition, to compare with.
int64_t weight_below(const Edges& rows, const std::vector<int64_t>& weights, uint32_t start) {
  std::set<uint32_t> seen{start};
  std::vector<uint32_t> open{start};
  int64_t total = 0;
  while (!open.empty()) {
    uint32_t node = open.back();
    open.pop_back();
    total += weights[node];
    for (uint32_t next : rows[node]) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return total;
}

TEST(Graph, OrderTakesTheSmallestReadyNode) {
  EXPECT_EQ(topological_order(graph_of({{}, {0}, {}, {0}})), (std::vector<uint32_t>{1, 2, 3, 0}));
  EXPECT_EQ(topological_order(graph_of({})), (std::vector<uint32_t>{}));
}

TEST(Graph, FindsACycleInEdgeDirection) {
  // 4 leads into the cycle 1 -> 3 -> 2 -> 1, 0 hangs behind it.
  Graph graph = graph_of({{}, {3}, {1, 0}, {2}, {1}});
  std::vector<uint32_t> order = topological_order(graph);
  EXPECT_EQ(order, (std::vector<uint32_t>{4}));
  EXPECT_EQ(find_cycle(graph, order), (std::vector<uint32_t>{1, 3, 2}));
  Graph self = graph_of({{0}});
  EXPECT_EQ(find_cycle(self, topological_order(self)), (std::vector<uint32_t>{0}));
}

TEST(Graph, MirrorTurnsEdgesAround) {
  Graph mirrored = mirror(graph_of({{1, 2}, {2}, {}}));
  EXPECT_EQ(mirrored.starts, (std::vector<uint32_t>{0, 2, 3, 3}));
  EXPECT_EQ(mirrored.targets, (std::vector<uint32_t>{1, 2, 2}));
  EXPECT_EQ(mirror(graph_of({})).size(), 0u);
}

TEST(Graph, ReachableWeightsCountEachNodeOnce) {
  // A diamond: the bottom is reached twice.
  EXPECT_EQ(reachable_weights(graph_of({{1, 2}, {3}, {3}, {}}), {1, 10, 100, 1000}),
            (std::vector<int64_t>{1111, 1010, 1100, 1000}));
}

TEST(Graph, ReachableWeightsMatchTheDefinition) {
  std::mt19937 random(11);
  for (uint32_t nodes : {1u, 63u, 64u, 65u, 511u, 512u, 513u, 1100u}) {
    Edges rows = random_edges(random, nodes, nodes > 100 ? 1 : 10);
    std::vector<int64_t> weights(nodes);
    for (int64_t& weight : weights) weight = int64_t(random() % 2001) - 1000;
    std::vector<int64_t> totals = reachable_weights(graph_of(rows), weights);
    for (uint32_t node = 0; node < nodes; node += 1 + nodes / 97) {
      ASSERT_EQ(totals[node], weight_below(rows, weights, node)) << node << " of " << nodes;
    }
  }
}

TEST(Graph, MirroredTwiceIsTheSame) {
  std::mt19937 random(5);
  Graph graph = graph_of(random_edges(random, 80, 20));
  Graph twice = mirror(mirror(graph));
  EXPECT_EQ(twice.starts, graph.starts);
  EXPECT_EQ(twice.targets, graph.targets);
}

}  // namespace
}  // namespace leoflow
