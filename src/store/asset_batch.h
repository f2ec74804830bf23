// SPDX-License-Identifier: Apache-2.0
// What one engine step changes of assets; part of its Batch, written in the order of the members.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/asset.h"

namespace leoflow {

struct AssetBatch {
  // An asset that a task told of; made if it is not there.
  struct Told {
    AssetSpec asset;
    std::vector<std::string> aliases;  // linked to it, made if they are not there
    Time at{};
  };
  // An event with the aliases it was told under. Its asset is there, or told.
  struct Event {
    AssetEvent event;
    std::vector<std::string> aliases;
  };
  // Of the queue of a DAG: an asset that was updated (at), or forgotten; without a key all are.
  struct Queue {
    std::string dag_id;
    std::optional<AssetKey> asset;
    std::optional<Time> at;
  };
  // A run consumes the events of its DAG's schedule since the run before, kConsumedEventsMax at
  // most, up to this one.
  struct Consumption {
    RunKey run;
    std::string dag_id;
    int64_t last_event = 0;
  };

  std::vector<Told> told;
  std::vector<Event> events;
  std::vector<Queue> queue;
  std::vector<Consumption> consumed;

  bool empty() const { return rows() == 0; }
  size_t rows() const { return told.size() + events.size() + queue.size() + consumed.size(); }
};

}  // namespace leoflow
