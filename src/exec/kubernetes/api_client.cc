// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/api_client.h"

#include <algorithm>
#include <map>

#include "async/http_client.h"
#include "async/http_url.h"

namespace leoflow::kube {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr const char* kFieldManager = "leoflow";
constexpr size_t kFailureBytesMax = 64 * 1024;  // of a watch that was refused

std::string collection(const Resource& resource, const std::string& namespace_name) {
  std::string path = resource.group_version.contains('/') ? "/apis/" : "/api/";
  path += resource.group_version;
  if (!namespace_name.empty()) path += "/namespaces/" + url_encode(namespace_name);
  return path + "/" + std::string(resource.plural);
}

std::string object_path(const Resource& resource, const std::string& namespace_name,
                        const std::string& name) {
  return collection(resource, namespace_name) + "/" + url_encode(name);
}

void add(std::string& path, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  path += path.contains('?') ? '&' : '?';
  path += std::string(name) + "=" + url_encode(value);
}

std::string selected(const Resource& resource, const ListQuery& query) {
  std::string path = collection(resource, query.namespace_name);
  add(path, "labelSelector", query.label_selector);
  add(path, "fieldSelector", query.field_selector);
  return path;
}

std::string delete_body(const DeleteOptions& options) {
  json::Writer out;
  out.begin_object().member("kind", "DeleteOptions").member("apiVersion", "v1");
  if (options.grace_seconds) out.member("gracePeriodSeconds", *options.grace_seconds);
  if (!options.propagation.empty()) out.member("propagationPolicy", options.propagation);
  if (!options.uid.empty())
    out.key("preconditions").begin_object().member("uid", options.uid).end_object();
  return out.end_object().take();
}

ApiFailure no_answer(const Error& error) { return {error, 0, {}, std::nullopt}; }

}  // namespace

struct ApiClient::Impl {
  // One call with all its tries.
  struct Call {
    std::string method, path, body;
    std::string_view content_type = kJson;
    Reply reply;
    int tries = 0;
    bool reads() const { return method == "GET"; }
    // Doing it twice is as good as once.
    bool repeatable() const { return method != "POST"; }
  };
  struct Watch {
    HttpClient::Id http = 0;
    WatchHandlers handlers;
    int status = 0;
    std::string pending;  // begin of a line, or what a failure says
  };
  using SharedCall = std::shared_ptr<Call>;  // held by whatever the call waits for

  Impl(Loop& loop, ClusterAccess access, const Clock& clock, Options given)
      : loop(loop),
        options(std::move(given)),
        access(access),
        credentials(loop, std::move(access), clock, options.environment) {}

  HttpTls tls(const Credential& credential) const;
  HttpRequest request(const std::string& method, const std::string& path,
                      const Credential& credential);
  void begin(Call call);
  void attempt(SharedCall call);
  void authenticated(SharedCall call, Result<Credential> credential);
  void answered(SharedCall call, Result<HttpResponse> answer);
  void finish(SharedCall call, ApiResult<json::object> result);
  bool again(SharedCall& call, const ApiFailure& failure);
  void list_page(const Resource& resource, ListQuery query, std::string token,
                 std::function<void(json::array)> on_page, ListReply reply);
  void open_watch(WatchId id, const std::string& path, Result<Credential> credential);
  void on_watch_data(WatchId id, std::string_view bytes);
  bool on_watch_line(WatchId id, std::string_view line);
  void on_watch_end(WatchId id, Status end);
  void end_watch(WatchId id, ApiResult<void> end);

  Loop& loop;
  const Options options;
  const ClusterAccess access;
  Credentials credentials;
  std::string certificate;  // the client certificate that http has
  std::unique_ptr<HttpClient> http;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  std::map<WatchId, Watch> watches;
  WatchId last_watch = 0;
};

HttpTls ApiClient::Impl::tls(const Credential& credential) const {
  return {.ca_pem = access.ca_pem,
          .certificate_pem = credential.certificate_pem,
          .key_pem = credential.key_pem,
          .server_name = access.tls_server_name,
          .verify = !access.insecure};
}

HttpRequest ApiClient::Impl::request(const std::string& method, const std::string& path,
                                     const Credential& credential) {
  if (certificate != credential.certificate_pem && http->set_tls(tls(credential)))
    certificate = credential.certificate_pem;
  HttpRequest request{.method = method, .url = access.server + path, .timeout = options.timeout};
  request.headers = {{"Accept", std::string(kJson)}, {"User-Agent", options.user_agent}};
  if (!credential.token.empty())
    request.headers.push_back({"Authorization", "Bearer " + credential.token});
  request.body_bytes_max = kApiAnswerBytesMax;
  return request;
}

void ApiClient::Impl::begin(Call call) {
  auto shared = std::make_shared<Call>(std::move(call));
  // Later, so that no reply comes within the call.
  loop.post([this, still = alive, shared] {
    if (*still) attempt(shared);
  });
}

void ApiClient::Impl::attempt(SharedCall call) {
  ++call->tries;
  credentials.get(
      [this, call](Result<Credential> credential) { authenticated(call, std::move(credential)); });
}

void ApiClient::Impl::authenticated(SharedCall call, Result<Credential> credential) {
  if (!credential) return finish(call, std::unexpected(no_answer(credential.error())));
  HttpRequest http_request = request(call->method, call->path, *credential);
  http_request.body = call->body;
  if (!call->body.empty())
    http_request.headers.push_back({"Content-Type", std::string(call->content_type)});
  http->send(std::move(http_request),
             [this, call](Result<HttpResponse> answer) { answered(call, std::move(answer)); });
}

void ApiClient::Impl::answered(SharedCall call, Result<HttpResponse> answer) {
  if (!answer) {
    ApiFailure failure = no_answer(answer.error());
    if (!again(call, failure)) finish(call, std::unexpected(std::move(failure)));
    return;
  }
  if (answer->status < 200 || answer->status >= 300) {
    ApiFailure failure = api_failure(answer->status, answer->body, call->reads());
    if (auto after = answer->retry_after()) failure.retry_after = after;
    if (!again(call, failure)) finish(call, std::unexpected(std::move(failure)));
    return;
  }
  auto parsed = json::parse(answer->body);
  if (parsed && parsed->is_object()) return finish(call, std::move(parsed->as_object()));
  Error error(Code::internal, "the Kubernetes API answered something that is no JSON object");
  finish(call, std::unexpected(ApiFailure{error, answer->status, {}, std::nullopt}));
}

void ApiClient::Impl::finish(SharedCall call, ApiResult<json::object> result) {
  call->reply(std::move(result));
}

// Whether the call is tried once more, after a wait.
bool ApiClient::Impl::again(SharedCall& call, const ApiFailure& failure) {
  if (call->tries >= kApiTriesMax) return false;
  Duration wait = std::min(kApiBackoffFirst * (1 << call->tries), kApiBackoffMax);
  bool refused = failure.status == 401 && call->tries == 1;
  if (refused) {
    credentials.refused();
    wait = Duration(0);
  }
  // The server says that it did nothing.
  bool untaken = failure.status == 429 || (failure.status == 503 && failure.retry_after);
  bool lost = failure.error.code() == Code::unavailable ||
              failure.error.code() == Code::outcome_unknown ||
              failure.error.code() == Code::timeout;
  bool unsent = failure.status == 0 && failure.error.code() != Code::outcome_unknown;
  if (!refused && !untaken && !(lost && (unsent || call->repeatable()))) return false;
  if (failure.retry_after) wait = std::clamp(*failure.retry_after, wait, kApiRetryAfterMax);
  loop.after(wait, [this, still = alive, call] {
    if (*still) attempt(call);
  });
  return true;
}

void ApiClient::Impl::list_page(const Resource& resource, ListQuery query, std::string token,
                                std::function<void(json::array)> on_page, ListReply reply) {
  std::string path = selected(resource, query);
  add(path, "limit", std::to_string(kListChunk));
  add(path, "continue", token);
  auto next = [this, resource, query = std::move(query), on_page = std::move(on_page),
               reply = std::move(reply)](ApiResult<json::object> answer) mutable {
    if (!answer) return reply(std::unexpected(answer.error()));
    auto* metadata = json::object_or_null(*answer, "metadata");
    std::string more = metadata ? json::string_or(*metadata, "continue") : "";
    std::string version = metadata ? json::string_or(*metadata, "resourceVersion") : "";
    auto* items = answer->if_contains("items");
    auto still = alive;
    if (items && items->is_array()) on_page(std::move(items->as_array()));
    if (!*still) return;
    if (more.empty()) return reply(std::move(version));
    list_page(resource, std::move(query), more, std::move(on_page), std::move(reply));
  };
  begin({.method = "GET", .path = path, .reply = std::move(next)});
}

void ApiClient::Impl::open_watch(WatchId id, const std::string& path,
                                 Result<Credential> credential) {
  auto found = watches.find(id);
  if (found == watches.end()) return;
  if (!credential) return end_watch(id, std::unexpected(no_answer(credential.error())));
  found->second.http =
      http->open(request("GET", path, *credential),
                 {.on_head =
                      [this, id](const HttpResponse& head) {
                        auto at = watches.find(id);
                        if (at == watches.end()) return;
                        at->second.status = head.status;
                        auto on_open = at->second.handlers.on_open;  // it may cancel the watch
                        if (head.status == 200 && on_open) on_open();
                      },
                  .on_data = [this, id](std::string_view bytes) { on_watch_data(id, bytes); },
                  .on_end = [this, id](Status end) { on_watch_end(id, std::move(end)); }});
}

void ApiClient::Impl::on_watch_data(WatchId id, std::string_view bytes) {
  auto found = watches.find(id);
  if (found == watches.end()) return;
  std::string& pending = found->second.pending;
  if (found->second.status != 200) {
    pending += bytes.substr(0, kFailureBytesMax - std::min(pending.size(), kFailureBytesMax));
    return;
  }
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    if (end == bytes.npos) break;
    std::string line = std::exchange(pending, {});
    line += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!line.empty() && !on_watch_line(id, line)) return;
  }
  pending += bytes;
  if (pending.size() <= kWatchLineBytesMax) return;
  Error error(Code::exhausted, "an event of a watch is too large");
  end_watch(id, std::unexpected(no_answer(error)));
}

// False when the watch is over.
bool ApiClient::Impl::on_watch_line(WatchId id, std::string_view line) {
  auto parsed = json::parse(line);
  auto* event = parsed && parsed->is_object() ? &parsed->as_object() : nullptr;
  auto* object = event ? event->if_contains("object") : nullptr;
  if (!object || !object->is_object()) {
    Error error(Code::internal, "a watch brought something that is no event");
    end_watch(id, std::unexpected(no_answer(error)));
    return false;
  }
  std::string type = json::string_or(*event, "type");
  if (type == "ERROR") {
    int status = int(json::int_or(object->as_object(), "code", 500));
    end_watch(id, std::unexpected(api_failure(status, json::dump(*object), true)));
    return false;
  }
  auto still = alive;
  auto on_event = watches.at(id).handlers.on_event;  // it may cancel the watch
  on_event(type, std::move(object->as_object()));
  return *still && watches.contains(id);
}

void ApiClient::Impl::on_watch_end(WatchId id, Status end) {
  auto found = watches.find(id);
  if (found == watches.end()) return;
  Watch& watch = found->second;
  watch.http = 0;
  if (!end) return end_watch(id, std::unexpected(no_answer(end.error())));
  if (watch.status == 200) return end_watch(id, {});
  if (watch.status == 401) credentials.refused();
  end_watch(id, std::unexpected(api_failure(watch.status, watch.pending, true)));
}

void ApiClient::Impl::end_watch(WatchId id, ApiResult<void> end) {
  auto found = watches.find(id);
  if (found == watches.end()) return;
  auto on_end = std::move(found->second.handlers.on_end);
  if (found->second.http) http->cancel(found->second.http);
  watches.erase(found);
  on_end(std::move(end));
}

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ApiClient>> ApiClient::create(Loop& loop, ClusterAccess access,
                                                     const Clock& clock, Options options) {
  auto impl = std::make_unique<Impl>(loop, std::move(access), clock, std::move(options));
  Credential own{.certificate_pem = impl->access.certificate_pem, .key_pem = impl->access.key_pem};
  HttpClientOptions http{.tls = impl->tls(own),
                         .connections_per_host_max = impl->options.in_flight_max,
                         .waiting_max = kApiWaitingMax};
  auto made = HttpClient::create(loop, std::move(http));
  if (!made) return fail(made.error().within("cluster " + impl->access.server));
  impl->http = std::move(*made);
  impl->certificate = impl->access.certificate_pem;
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(impl)));
}

ApiClient::~ApiClient() { *impl_->alive = false; }

void ApiClient::get(const Resource& resource, const std::string& namespace_name,
                    const std::string& name, Reply reply) {
  impl_->begin({.method = "GET",
                .path = object_path(resource, namespace_name, name),
                .reply = std::move(reply)});
}

void ApiClient::list(const Resource& resource, ListQuery query,
                     std::function<void(json::array)> on_page, ListReply reply) {
  impl_->list_page(resource, std::move(query), {}, std::move(on_page), std::move(reply));
}

void ApiClient::create(const Resource& resource, const std::string& namespace_name,
                       std::string body, Reply reply) {
  std::string path = collection(resource, namespace_name);
  add(path, "fieldManager", kFieldManager);
  impl_->begin(
      {.method = "POST", .path = path, .body = std::move(body), .reply = std::move(reply)});
}

void ApiClient::remove(const Resource& resource, const std::string& namespace_name,
                       const std::string& name, DeleteOptions options, Reply reply) {
  impl_->begin({.method = "DELETE",
                .path = object_path(resource, namespace_name, name),
                .body = delete_body(options),
                .reply = std::move(reply)});
}

void ApiClient::remove_all(const Resource& resource, ListQuery query, DeleteOptions options,
                           Reply reply) {
  impl_->begin({.method = "DELETE",
                .path = selected(resource, query),
                .body = delete_body(options),
                .reply = std::move(reply)});
}

void ApiClient::apply(const Resource& resource, const std::string& namespace_name,
                      const std::string& name, std::string body, Reply reply) {
  std::string path = object_path(resource, namespace_name, name);
  add(path, "fieldManager", kFieldManager);
  add(path, "force", "true");
  impl_->begin({.method = "PATCH",
                .path = path,
                .body = std::move(body),
                .content_type = "application/apply-patch+yaml",
                .reply = std::move(reply)});
}

void ApiClient::merge(const Resource& resource, const std::string& namespace_name,
                      const std::string& name, std::string body, Reply reply) {
  std::string path = object_path(resource, namespace_name, name);
  add(path, "fieldManager", kFieldManager);
  impl_->begin({.method = "PATCH",
                .path = path,
                .body = std::move(body),
                .content_type = "application/merge-patch+json",
                .reply = std::move(reply)});
}

ApiClient::WatchId ApiClient::watch(const Resource& resource, ListQuery query,
                                    const std::string& resource_version, Duration length,
                                    WatchHandlers handlers) {
  std::string path = selected(resource, query);
  add(path, "watch", "1");
  add(path, "allowWatchBookmarks", "true");
  add(path, "resourceVersion", resource_version);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length).count();
  add(path, "timeoutSeconds", std::to_string(std::max<int64_t>(1, seconds)));
  WatchId id = ++impl_->last_watch;
  impl_->watches[id].handlers = std::move(handlers);
  impl_->loop.post([impl = impl_.get(), still = impl_->alive, id, path] {
    if (!*still) return;
    impl->credentials.get([impl, id, path](Result<Credential> credential) {
      impl->open_watch(id, path, std::move(credential));
    });
  });
  return id;
}

void ApiClient::cancel(WatchId watch) {
  auto found = impl_->watches.find(watch);
  if (found == impl_->watches.end()) return;
  if (found->second.http) impl_->http->cancel(found->second.http);
  impl_->watches.erase(found);
}

size_t ApiClient::in_flight() const { return impl_->http->in_flight(); }
size_t ApiClient::waiting() const { return impl_->http->waiting(); }

}  // namespace leoflow::kube
