// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API as calls on JSON objects. Pace is the server's: 429 and 503 are waited out as
// Retry-After says; the only limit of our own is how many calls are under way. Loop's thread, where
// replies arrive too (never inside the call).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/loop.h"
#include "base/json.h"
#include "exec/kubernetes/credentials.h"

namespace leoflow::kube {

constexpr size_t kApiInFlightMax = 64;
constexpr size_t kApiWaitingMax = 100'000;
constexpr int kApiTriesMax = 6;  // of a call that the server could not take
constexpr Duration kApiBackoffFirst = std::chrono::milliseconds(50);
constexpr Duration kApiBackoffMax = std::chrono::seconds(5);
constexpr Duration kApiRetryAfterMax = std::chrono::seconds(60);
constexpr size_t kApiAnswerBytesMax = size_t(64) << 20;
constexpr size_t kWatchLineBytesMax = size_t(8) << 20;
constexpr int kListChunk = 500;

struct Resource {
  std::string_view group_version;  // "v1", "storage.k8s.io/v1"
  std::string_view plural;
  std::string_view kind;
};
constexpr Resource kPods{"v1", "pods", "Pod"};
constexpr Resource kVolumeClaims{"v1", "persistentvolumeclaims", "PersistentVolumeClaim"};
constexpr Resource kNodes{"v1", "nodes", "Node"};
constexpr Resource kSecrets{"v1", "secrets", "Secret"};
constexpr Resource kStorageClasses{"storage.k8s.io/v1", "storageclasses", "StorageClass"};
constexpr Resource kTokenReviews{"authentication.k8s.io/v1", "tokenreviews", "TokenReview"};

// What went wrong, as the server's Status object tells it.
struct ApiFailure {
  Error error;         // code: see api_code()
  int status = 0;      // HTTP; 0 when there was no answer
  std::string reason;  // "AlreadyExists", "Expired", ...
  std::optional<Duration> retry_after;

  bool expired() const;  // 410: the resourceVersion or continue token is too old
  bool quota() const;    // 403 because a ResourceQuota or LimitRange is used up
};
template <typename T>
using ApiResult = std::expected<T, ApiFailure>;

// 400, 422: invalid; 401: unauthenticated; 403: denied (exhausted when it is the quota); 404:
// not_found; 409: exists or conflict; 410: conflict; 429, 502, 503: unavailable; 500, 504:
// outcome_unknown, for reads unavailable.
Code api_code(int status, std::string_view reason, bool reads);
// From an answer that is no success.
ApiFailure api_failure(int status, std::string_view body, bool reads);

struct ListQuery {
  std::string namespace_name;  // empty = all, or a resource without namespaces
  std::string label_selector, field_selector;
};

struct DeleteOptions {
  std::optional<int> grace_seconds;
  std::string uid;          // only the object with this uid
  std::string propagation;  // "Background", "Foreground"; empty = the server's default
};

struct WatchHandlers {
  // "ADDED", "MODIFIED", "DELETED", "BOOKMARK".
  std::function<void(std::string_view type, json::object object)> on_event;
  // The server ended the watch as asked; or why it ended.
  std::function<void(ApiResult<void> end)> on_end;
  // The server takes it: events may be long in coming.
  std::function<void()> on_open = {};
};

class ApiClient {
 public:
  using Reply = std::move_only_function<void(ApiResult<json::object>)>;
  using ListReply = std::move_only_function<void(ApiResult<std::string> resource_version)>;
  using WatchId = uint64_t;

  struct Options {
    std::string user_agent = "leoflow";
    size_t in_flight_max = kApiInFlightMax;
    Duration timeout = std::chrono::seconds(30);  // of one try
    std::vector<std::string> environment;         // for exec plugins
  };
  // `invalid` for certificates that cannot be read. Loop and clock outlive the client.
  static Result<std::unique_ptr<ApiClient>> create(Loop& loop, ClusterAccess access,
                                                   const Clock& clock, Options options);
  // Ends what is under way; no reply follows.
  ~ApiClient();

  void get(const Resource& resource, const std::string& namespace_name, const std::string& name,
           Reply reply);
  // In chunks; `on_page` sees each chunk's items in order. A failure may come after some pages.
  void list(const Resource& resource, ListQuery query, std::function<void(json::array)> on_page,
            ListReply reply);
  // `exists` when the name is taken, `outcome_unknown` when it may have been made.
  void create(const Resource& resource, const std::string& namespace_name, std::string body,
              Reply reply);
  void remove(const Resource& resource, const std::string& namespace_name, const std::string& name,
              DeleteOptions options, Reply reply);
  // All objects that the query selects. Requires: a selector.
  void remove_all(const Resource& resource, ListQuery query, DeleteOptions options, Reply reply);
  // Server-side apply: we own the fields that `body` has.
  void apply(const Resource& resource, const std::string& namespace_name, const std::string& name,
             std::string body, Reply reply);
  // Merge patch: members of `body` replace, null removes.
  void merge(const Resource& resource, const std::string& namespace_name, const std::string& name,
             std::string body, Reply reply);
  // Changes after a resourceVersion, with bookmarks, for at most `length`.
  WatchId watch(const Resource& resource, ListQuery query, const std::string& resource_version,
                Duration length, WatchHandlers handlers);
  // No callback of it follows.
  void cancel(WatchId watch);

  size_t in_flight() const;
  size_t waiting() const;

 private:
  struct Impl;
  explicit ApiClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leoflow::kube
