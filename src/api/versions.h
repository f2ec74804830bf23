// SPDX-License-Identifier: Apache-2.0
// Parsed DAG versions. They never change, so what was parsed once is kept, up to a bound.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "model/dag_spec.h"
#include "model/entities.h"
#include "store/dag_store.h"

namespace leoflow::api {

constexpr size_t kVersionCacheBytesMax =
    32 * 1024 * 1024;  // sum of dag.json texts whose specs are kept

// A version without its long texts, and its spec.
struct VersionInfo {
  DagVersion version;  // dag_json and source are empty
  DagSpec spec;
};
// Shared with requests in progress: an entry may leave the cache while it is used.
using VersionPtr = std::shared_ptr<const VersionInfo>;

// Any thread.
class VersionCache {
 public:
  explicit VersionCache(DagStore& dags) : dags_(dags) {}

  // `not_found` when there is no such version; `internal` when its document cannot be read.
  Result<VersionPtr> get(DagVersionId id);

 private:
  struct Entry {
    DagVersionId id;
    VersionPtr info;
    size_t bytes;
  };
  VersionPtr find(DagVersionId id);
  void keep(Entry entry);

  DagStore& dags_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // latest use first; guarded by mutex_
  std::unordered_map<DagVersionId, std::list<Entry>::iterator> index_;  // guarded by mutex_
  size_t bytes_ = 0;                                                    // guarded by mutex_
};

}  // namespace leoflow::api
