// SPDX-License-Identifier: Apache-2.0
#include "async/http_client.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <unordered_map>

#include "async/http_connection.h"
#include "async/loop_access.h"

namespace leoflow {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool changes_nothing(std::string_view method) { return method == "GET" || method == "HEAD"; }
bool repeatable(std::string_view method) {
  return changes_nothing(method) || method == "PUT" || method == "DELETE";
}

std::string head_of(const HttpRequest& request, const HttpUrl& url) {
  std::string head = request.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.authority();
  for (const HttpHeader& header : request.headers)
    head += "\r\n" + header.name + ": " + header.value;
  if (!request.body.empty() || !changes_nothing(request.method))
    head += "\r\nContent-Length: " + std::to_string(request.body.size());
  return head + "\r\n\r\n";
}

// Nothing that a request line or header takes for its end.
bool clean(const HttpRequest& request) {
  auto good = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
  };
  return !request.method.empty() && good(request.method) && !request.method.contains(' ') &&
         std::ranges::all_of(request.headers, [&](const HttpHeader& header) {
           return !header.name.empty() && good(header.name) && good(header.value);
         });
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const HttpHeader& one : headers) {
    if (same_name(one.name, name)) return one.value;
  }
  return {};
}

std::optional<Duration> HttpResponse::retry_after() const {
  std::string_view text = header("Retry-After");
  int64_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds < 0)
    return std::nullopt;
  return std::min<Duration>(std::chrono::seconds(std::min<int64_t>(seconds, 1 << 20)),
                            kHttpRetryAfterMax);
}

struct HttpClient::Impl {
  // One request from its call to its last callback.
  struct Exchange : HttpExchangeSink {
    Impl* client = nullptr;
    Id id = 0;
    HttpRequest request;
    HttpUrl url;
    std::string place;  // key of hosts
    Done done;
    std::optional<HttpStreamHandlers> stream;
    HttpResponse response;
    Loop::TimerId timer = 0;
    std::shared_ptr<HttpConnection> connection;  // shared with its pending operations
    bool tried_again = false;

    void on_head(HttpResponse head) override { client->on_head(*this, std::move(head)); }
    void on_body(std::string_view bytes) override {
      stream ? stream->on_data(bytes) : void(response.body += bytes);
    }
    void on_done(Status end) override { client->on_done(*this, std::move(end)); }
  };
  struct Host {
    std::vector<std::shared_ptr<HttpConnection>> idle;
    size_t open = 0;  // with an exchange
    std::deque<Id> waiting;
  };

  Impl(Loop& loop, HttpClientOptions options) : loop(loop), options(std::move(options)) {}

  Id begin(HttpRequest request, Done done, std::optional<HttpStreamHandlers> stream);
  void admit(Exchange& exchange);
  void dispatch(const std::string& place);
  void start(Exchange& exchange, Host& host);
  void on_head(Exchange& exchange, HttpResponse head);
  void on_done(Exchange& exchange, Status end);
  void on_timeout(Id id);
  void release(Exchange& exchange);
  void finish(Id id, Status end);
  void finish_later(Id id, Error error);
  void cancel(Id id);
  void drop_idle();
  void sweep();
  Error lost(const Exchange& exchange, HttpStage stage, Error error) const;

  Loop& loop;
  HttpClientOptions options;
  std::shared_ptr<HttpConnection::Trust> trust;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // asked by what is posted
  std::unordered_map<Id, std::unique_ptr<Exchange>> exchanges;
  std::map<std::string, Host> hosts;
  size_t waiting = 0, in_flight = 0;
  Id last = 0;
  Loop::TimerId sweep_timer = 0;
};

HttpClient::Id HttpClient::Impl::begin(HttpRequest request, Done done,
                                       std::optional<HttpStreamHandlers> stream) {
  auto made = std::make_unique<Exchange>();
  Exchange& exchange = *made;
  exchange.client = this;
  exchange.id = ++last;
  exchange.request = std::move(request);
  exchange.done = std::move(done);
  exchange.stream = std::move(stream);
  exchanges.emplace(exchange.id, std::move(made));
  admit(exchange);
  return exchange.id;
}

void HttpClient::Impl::admit(Exchange& exchange) {
  auto url = parse_http_url(exchange.request.url);
  if (!url) return finish_later(exchange.id, url.error());
  if (!clean(exchange.request))
    return finish_later(exchange.id, Error(Code::invalid, "a header of the request is not valid"));
  if (waiting >= options.waiting_max)
    return finish_later(exchange.id, Error(Code::exhausted, "too many requests wait"));
  exchange.url = std::move(*url);
  exchange.place = (exchange.url.tls ? "s" : "p") + exchange.url.authority();
  exchange.timer =
      loop.after(exchange.request.timeout, [this, id = exchange.id] { on_timeout(id); });
  hosts[exchange.place].waiting.push_back(exchange.id);
  ++waiting;
  dispatch(exchange.place);
}

void HttpClient::Impl::dispatch(const std::string& place) {
  Host& host = hosts[place];
  while (!host.waiting.empty() && host.open < options.connections_per_host_max) {
    auto found = exchanges.find(host.waiting.front());
    host.waiting.pop_front();
    if (found == exchanges.end()) continue;  // cancelled, counted then
    --waiting;
    start(*found->second, host);
  }
  if (host.waiting.empty() && host.idle.empty() && host.open == 0) hosts.erase(place);
}

void HttpClient::Impl::start(Exchange& exchange, Host& host) {
  // A second try is not to meet another connection that the peer is closing.
  while (!exchange.connection && !host.idle.empty() && !exchange.tried_again) {
    auto idle = std::move(host.idle.back());
    host.idle.pop_back();
    idle->fresh(trust) ? void(exchange.connection = std::move(idle)) : idle->close();
  }
  if (!exchange.connection) {
    exchange.connection =
        std::make_shared<HttpConnection>(LoopAccess::io(loop), exchange.url, trust);
  }
  ++host.open;
  ++in_flight;
  HttpConnection::Exchange run{.bytes = head_of(exchange.request, exchange.url),
                               .no_body = exchange.request.method == "HEAD",
                               .sink = &exchange};
  run.bytes += exchange.request.body;
  if (!exchange.stream) run.body_bytes_max = exchange.request.body_bytes_max;
  exchange.connection->run(std::move(run));
}

void HttpClient::Impl::on_head(Exchange& exchange, HttpResponse head) {
  exchange.response = std::move(head);
  if (!exchange.stream) return;
  loop.cancel(std::exchange(exchange.timer, 0));
  exchange.stream->on_head(exchange.response);
}

// Gives the connection back; the exchange has none afterwards.
void HttpClient::Impl::release(Exchange& exchange) {
  auto connection = std::exchange(exchange.connection, nullptr);
  if (!connection) return;
  Host& host = hosts.at(exchange.place);
  --host.open;
  --in_flight;
  if (connection->reusable()) {
    host.idle.push_back(std::move(connection));
    if (!sweep_timer) sweep_timer = loop.after(kHttpIdleMax, [this] { sweep(); });
  } else {
    connection->close();
  }
}

Error HttpClient::Impl::lost(const Exchange& exchange, HttpStage stage, Error error) const {
  bool sent = stage != HttpStage::connecting;
  bool known = error.code() == Code::denied || error.code() == Code::exhausted ||
               error.code() == Code::internal;
  if (!sent || known || changes_nothing(exchange.request.method)) return error;
  return Error(Code::outcome_unknown, error.message());
}

void HttpClient::Impl::on_done(Exchange& exchange, Status end) {
  Id id = exchange.id;
  if (end) return finish(id, {});
  HttpStage stage = exchange.connection->stage();
  bool again = exchange.connection->used_before() && !exchange.tried_again &&
               stage != HttpStage::receiving && repeatable(exchange.request.method);
  if (!again) return finish(id, fail(lost(exchange, stage, end.error())));
  exchange.tried_again = true;
  release(exchange);
  hosts[exchange.place].waiting.push_front(id);
  ++waiting;
  dispatch(exchange.place);
}

void HttpClient::Impl::on_timeout(Id id) {
  auto found = exchanges.find(id);
  if (found == exchanges.end()) return;
  Exchange& exchange = *found->second;
  exchange.timer = 0;
  Error error(Code::timeout, "no answer in time from " + exchange.url.authority());
  if (!exchange.connection) return finish(id, fail(std::move(error)));
  HttpStage stage = exchange.connection->stage();
  exchange.connection->close();
  finish(id, fail(lost(exchange, stage, std::move(error))));
}

void HttpClient::Impl::finish(Id id, Status end) {
  auto found = exchanges.find(id);
  if (found == exchanges.end()) return;
  auto exchange = std::move(found->second);
  exchanges.erase(found);
  if (exchange->timer) loop.cancel(exchange->timer);
  bool had_connection = exchange->connection != nullptr;
  release(*exchange);
  if (!had_connection && !exchange->place.empty() && waiting > 0) --waiting;
  auto still = alive;
  if (exchange->stream) {
    exchange->stream->on_end(std::move(end));
  } else if (end) {
    exchange->done(std::move(exchange->response));
  } else {
    exchange->done(fail(end));
  }
  if (*still && !exchange->place.empty()) dispatch(exchange->place);
}

void HttpClient::Impl::finish_later(Id id, Error error) {
  loop.post([this, still = alive, id, error = std::move(error)] {
    if (*still) finish(id, fail(error));
  });
}

void HttpClient::Impl::cancel(Id id) {
  auto found = exchanges.find(id);
  if (found == exchanges.end()) return;
  // Handlers may be running further up the stack: they are destroyed afterwards.
  std::shared_ptr<Exchange> exchange = std::move(found->second);
  exchanges.erase(found);
  if (exchange->timer) loop.cancel(exchange->timer);
  if (exchange->connection) {
    exchange->connection->close();
    release(*exchange);
  } else if (!exchange->place.empty()) {
    --waiting;
  }
  loop.post([this, still = alive, exchange] {
    if (*still && !exchange->place.empty()) dispatch(exchange->place);
  });
}

void HttpClient::Impl::drop_idle() {
  for (auto& [place, host] : hosts) {
    for (auto& connection : host.idle) connection->close();
    host.idle.clear();
  }
}

// Connections that were idle for long go, so that peers need not keep them.
void HttpClient::Impl::sweep() {
  sweep_timer = 0;
  bool left = false;
  for (auto& [place, host] : hosts) {
    std::erase_if(host.idle, [&](auto& connection) {
      bool fresh = connection->fresh(trust);
      if (!fresh) connection->close();
      return !fresh;
    });
    left = left || !host.idle.empty();
  }
  std::erase_if(hosts, [](const auto& entry) {
    return entry.second.idle.empty() && entry.second.open == 0 && entry.second.waiting.empty();
  });
  if (left) sweep_timer = loop.after(kHttpIdleMax, [this] { sweep(); });
}

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpClient>> HttpClient::create(Loop& loop, HttpClientOptions options) {
  auto impl = std::make_unique<Impl>(loop, std::move(options));
  auto client = std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
  auto set = client->set_tls(std::exchange(client->impl_->options.tls, {}));
  if (!set) return fail(set);
  return client;
}

HttpClient::~HttpClient() {
  *impl_->alive = false;
  for (auto& [id, exchange] : impl_->exchanges) {
    if (exchange->timer) impl_->loop.cancel(exchange->timer);
    if (exchange->connection) exchange->connection->close();
  }
  impl_->drop_idle();
  if (impl_->sweep_timer) impl_->loop.cancel(impl_->sweep_timer);
}

HttpClient::Id HttpClient::send(HttpRequest request, Done done) {
  return impl_->begin(std::move(request), std::move(done), std::nullopt);
}

HttpClient::Id HttpClient::open(HttpRequest request, HttpStreamHandlers handlers) {
  return impl_->begin(std::move(request), {}, std::move(handlers));
}

void HttpClient::cancel(Id id) { impl_->cancel(id); }

Status HttpClient::set_tls(HttpTls tls) {
  auto trust = HttpConnection::make_trust(tls);
  if (!trust) return fail(trust);
  impl_->trust = std::move(*trust);
  impl_->drop_idle();
  return {};
}

size_t HttpClient::in_flight() const { return impl_->in_flight; }
size_t HttpClient::waiting() const { return impl_->waiting; }

}  // namespace leoflow
