// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/watch_cache.h"

#include <charconv>

#include "base/log.h"

namespace leoflow::kube {
namespace {

uint64_t as_number(std::string_view version) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  return error == std::errc() && end == version.data() + version.size() ? number : 0;
}

struct Identity {
  std::string name, uid, version;
};

Identity identity_of(const json::object& object) {
  auto* metadata = json::object_or_null(object, "metadata");
  if (!metadata) return {};
  return {json::string_or(*metadata, "name"), json::string_or(*metadata, "uid"),
          json::string_or(*metadata, "resourceVersion")};
}

}  // namespace

WatchCache::WatchCache(Loop& loop, ApiClient& api, Resource resource, ListQuery query,
                       CacheHandlers handlers, Options options)
    : loop_(loop),
      api_(api),
      resource_(resource),
      query_(std::move(query)),
      handlers_(std::move(handlers)),
      options_(options),
      alive_(std::make_shared<bool>(true)) {}

WatchCache::~WatchCache() {
  *alive_ = false;
  if (watch_) api_.cancel(watch_);
  if (retry_) loop_.cancel(retry_);
  if (silence_) loop_.cancel(silence_);
}

void WatchCache::start() { list(); }

void WatchCache::list() {
  ++list_number_;
  auto page = [this, still = alive_](json::array items) {
    if (!*still) return;
    for (const auto& item : items) {
      if (item.is_object()) told(item.as_object());
      if (!*still) return;
    }
  };
  api_.list(resource_, query_, page, [this, still = alive_](ApiResult<std::string> version) {
    if (*still) listed(std::move(version));
  });
}

void WatchCache::listed(ApiResult<std::string> version) {
  if (!version) return try_again(version.error(), true);
  version_ = std::move(*version);
  std::vector<std::string> missing;
  for (const auto& [name, known] : known_) {
    if (known.listed != list_number_) missing.push_back(name);
  }
  for (const std::string& name : missing) {
    known_.erase(name);
    handlers_.on_gone(name, nullptr);
  }
  bool first = !std::exchange(synced_, true);
  if (first) handlers_.on_synced();
  watch();
}

void WatchCache::recovered() {
  if (std::exchange(troubled_, false) && handlers_.on_recovered) handlers_.on_recovered();
}

void WatchCache::watch() {
  watch_ =
      api_.watch(resource_, query_, version_, options_.watch_length,
                 {.on_event = [this](std::string_view type,
                                     json::object object) { on_event(type, std::move(object)); },
                  .on_end = [this](ApiResult<void> end) { on_end(std::move(end)); },
                  .on_open = [this] { recovered(); }});
  arm_silence();
}

// A server that is gone without a word never ends a watch.
void WatchCache::arm_silence() {
  if (silence_) loop_.cancel(silence_);
  silence_ = loop_.after(options_.silence_max, [this] {
    silence_ = 0;
    api_.cancel(std::exchange(watch_, 0));
    watch();
  });
}

void WatchCache::on_event(std::string_view type, json::object object) {
  arm_silence();
  wait_ = Duration(0);
  Identity identity = identity_of(object);
  auto still = alive_;
  if (type == "DELETED") {
    gone(object);
  } else if (type == "ADDED" || type == "MODIFIED") {
    told(object);
  }
  // Never backwards: events may come late.
  if (*still && as_number(identity.version) >= as_number(version_) && !identity.version.empty())
    version_ = identity.version;
}

void WatchCache::told(const json::object& object) {
  Identity identity = identity_of(object);
  if (identity.name.empty()) return;
  auto found = known_.find(identity.name);
  if (found == known_.end() && known_.size() >= kCachedObjectsMax) {
    return log::error("too many objects to watch; one is passed over", {{"name", identity.name}});
  }
  Known& known = found == known_.end() ? known_[identity.name] : found->second;
  known.listed = list_number_;
  uint64_t version = as_number(identity.version);
  bool same = known.uid == identity.uid && version != 0;
  if (same && version <= known.version) return;
  bool replaced = !known.uid.empty() && known.uid != identity.uid;
  // Of two objects of one name the one with the later version is the one that lives.
  if (replaced && version != 0 && version < known.version) return;
  known.uid = identity.uid;
  known.version = version;
  auto still = alive_;
  if (replaced) handlers_.on_gone(identity.name, nullptr);
  if (*still) handlers_.on_object(identity.name, object);
}

void WatchCache::gone(const json::object& object) {
  Identity identity = identity_of(object);
  auto found = known_.find(identity.name);
  if (found == known_.end() || found->second.uid != identity.uid) return;
  known_.erase(found);
  handlers_.on_gone(identity.name, &object);
}

void WatchCache::on_end(ApiResult<void> end) {
  watch_ = 0;
  if (silence_) loop_.cancel(std::exchange(silence_, 0));
  if (!end) return try_again(end.error(), end.error().expired());
  wait_ = Duration(0);
  retry_ = loop_.after(options_.relist_first, [this] {
    retry_ = 0;
    watch();
  });
}

void WatchCache::try_again(const ApiFailure& failure, bool relist) {
  wait_ = std::clamp(wait_ * 2, options_.relist_first, options_.relist_max);
  if (failure.retry_after) wait_ = std::max(wait_, std::min(*failure.retry_after, kRelistMax));
  bool news = !failure.expired() && !std::exchange(troubled_, true);
  retry_ = loop_.after(wait_, [this, relist] {
    retry_ = 0;
    relist ? list() : watch();
  });
  if (news) handlers_.on_trouble(failure.error);
}

}  // namespace leoflow::kube
