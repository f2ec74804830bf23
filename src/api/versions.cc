// SPDX-License-Identifier: Apache-2.0
#include "api/versions.h"

namespace leoflow::api {

VersionPtr VersionCache::find(DagVersionId id) {
  std::lock_guard lock(mutex_);
  auto found = index_.find(id);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->info;
}

void VersionCache::keep(Entry entry) {
  std::lock_guard lock(mutex_);
  if (index_.contains(entry.id)) return;
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  index_[entries_.front().id] = entries_.begin();
  while (bytes_ > kVersionCacheBytesMax && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    index_.erase(entries_.back().id);
    entries_.pop_back();
  }
}

Result<VersionPtr> VersionCache::get(DagVersionId id) {
  if (VersionPtr known = find(id)) return known;
  auto row = dags_.get_version(id);
  if (!row) return fail(row);
  if (!*row)
    return fail(Code::not_found, "no DAG version with the key " + std::to_string(id.value));
  auto spec = parse_dag_spec((*row)->dag_json);
  if (!spec) {
    return fail(Code::internal, "version " + std::to_string((*row)->version_number) + " of DAG " +
                                    (*row)->dag_id + " cannot be read: " + spec.error().message());
  }
  size_t bytes = (*row)->dag_json.size() + 1024;
  auto info = std::make_shared<VersionInfo>(std::move(**row), std::move(*spec));
  info->version.dag_json.clear();
  info->version.dag_json.shrink_to_fit();
  info->version.source.clear();
  info->version.source.shrink_to_fit();
  keep({id, info, bytes});
  return VersionPtr(std::move(info));
}

}  // namespace leoflow::api
