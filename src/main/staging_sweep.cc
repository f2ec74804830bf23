// SPDX-License-Identifier: Apache-2.0
#include "main/staging_sweep.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "store/each_row.h"

namespace leoflow {

StagingLeft staging_left(const std::vector<StagingFound>& found,
                         const std::vector<StagingVolume>& rows, Time now) {
  std::map<std::string, const StagingVolume*> by_name;  // the active one, or the last to be freed
  for (const StagingVolume& row : rows) {
    const StagingVolume*& known = by_name[row.name];
    bool later =
        known && known->deleted_at && (!row.deleted_at || *row.deleted_at > *known->deleted_at);
    if (!known || later) known = &row;
  }
  StagingLeft left;
  for (const StagingFound& volume : found) {
    auto known = by_name.find(volume.name);
    if (known == by_name.end()) {
      if (now - volume.created_at > kStagingOrphanKept) left.unnamed.insert(volume.name);
    } else if (known->second->deleted_at && volume.created_at < *known->second->deleted_at) {
      left.freed.push_back(*known->second);
    }
  }
  return left;
}

StagingSweep::StagingSweep(Store& store, StagingBackend& backend, const Clock& clock)
    : store_(store), backend_(backend), clock_(clock), thread_("staging-sweep") {
  thread_.loop().post([this] { thread_.loop().after(kFirstLook, [this] { look(); }); });
}

void StagingSweep::look() {
  auto removed = sweep();
  if (!removed)
    log::warning("staging volumes not looked through; tried again in an hour",
                 {{"error", removed.error().message()}});
  if (removed && *removed > 0)
    log::info("staging volumes left behind removed", {{"volumes", *removed}});
  thread_.loop().after(kInterval, [this] { look(); });
}

// The volumes first: a row is committed before its volume is made.
Result<size_t> StagingSweep::sweep() {
  auto found = backend_.list();
  if (!found) return fail(found);
  if (found->empty()) return 0;
  std::vector<StagingVolume> rows;
  auto list = [&](const Page& page) { return store_.staging().list({.page = page}); };
  auto read = for_each_row(list, [&](const StagingVolume& row) -> Status {
    rows.push_back(row);
    return {};
  });
  if (!read) return fail(read);
  StagingLeft left = staging_left(*found, rows, clock_.now());
  std::vector<std::string> names;
  for (const StagingVolume& row : left.freed) {
    auto again = active(row);
    if (!again) return fail(again);
    if (!*again) names.push_back(row.name);
  }
  std::ranges::set_intersection(left.unnamed, unnamed_, std::back_inserter(names));
  unnamed_ = std::move(left.unnamed);
  for (const std::string& name : names) {
    if (auto removed = backend_.remove(name); !removed) return fail(removed);
  }
  return names.size();
}

// Whether the run has its volume again.
Result<bool> StagingSweep::active(const StagingVolume& row) {
  auto rows =
      store_.staging().list({.dag_id = row.dag_id, .run_id = row.run_id, .state = "active"});
  if (!rows) return fail(rows);
  return !rows->rows.empty();
}

}  // namespace leoflow
