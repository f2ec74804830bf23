// SPDX-License-Identifier: Apache-2.0
// Keeps up with all objects that a query selects: list, then watch from there, again and again. It
// remembers only names and versions; what is worth keeping of an object is its handlers' choice.
// Loop's thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "exec/kubernetes/api_client.h"

namespace leoflow::kube {

constexpr Duration kWatchLength = std::chrono::minutes(5);      // then the server ends it
constexpr Duration kWatchSilenceMax = std::chrono::minutes(2);  // then it is begun anew
constexpr Duration kRelistFirst = std::chrono::milliseconds(100);
constexpr Duration kRelistMax = std::chrono::seconds(10);
constexpr size_t kCachedObjectsMax = 200'000;

struct CacheHandlers {
  // An object that is new or newer than what was told before. Stale and doubled events are not.
  std::function<void(const std::string& name, const json::object& object)> on_object;
  // It is gone; `last` is its last state where the server told it, else null.
  std::function<void(const std::string& name, const json::object* last)> on_gone;
  // Everything there was at some moment after start() has been told: absence means something now.
  std::function<void()> on_synced;
  // The API cannot be asked at the moment; goes on trying. Once per trouble.
  std::function<void(const Error& error)> on_trouble;
  // It answers again. Once after each trouble; may be empty.
  std::function<void()> on_recovered = {};
};

class WatchCache {
 public:
  struct Options {
    Duration watch_length = kWatchLength, silence_max = kWatchSilenceMax;
    Duration relist_first = kRelistFirst, relist_max = kRelistMax;
  };
  WatchCache(Loop& loop, ApiClient& api, Resource resource, ListQuery query, CacheHandlers handlers)
      : WatchCache(loop, api, resource, std::move(query), std::move(handlers), Options()) {}
  WatchCache(Loop& loop, ApiClient& api, Resource resource, ListQuery query, CacheHandlers handlers,
             Options options);
  ~WatchCache();

  void start();
  bool synced() const { return synced_; }
  size_t size() const { return known_.size(); }

 private:
  struct Known {
    std::string uid;
    uint64_t version = 0;  // 0 = not a number: only equality counts
    uint32_t listed = 0;   // number of the list that had it last
  };

  void list();
  void listed(ApiResult<std::string> version);
  void watch();
  void on_event(std::string_view type, json::object object);
  void on_end(ApiResult<void> end);
  void told(const json::object& object);
  void gone(const json::object& object);
  void try_again(const ApiFailure& failure, bool relist);
  void recovered();
  void arm_silence();

  Loop& loop_;
  ApiClient& api_;
  const Resource resource_;
  const ListQuery query_;
  const CacheHandlers handlers_;
  const Options options_;
  std::unordered_map<std::string, Known> known_;
  std::string version_;  // the watch goes on after it; empty = list first
  uint32_t list_number_ = 0;
  bool synced_ = false, troubled_ = false;
  Duration wait_{0};
  ApiClient::WatchId watch_ = 0;
  Loop::TimerId retry_ = 0, silence_ = 0;
  std::shared_ptr<bool> alive_;  // asked by replies, which cannot be cancelled
};

}  // namespace leoflow::kube
