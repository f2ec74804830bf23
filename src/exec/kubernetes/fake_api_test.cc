// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/fake_api_test.h"

namespace leoflow::kube {
namespace {

std::string decode(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += char(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == by && depth == 0) {
      parts.push_back(std::exchange(part, {}));
    } else {
      part += c;
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string label(const json::object& object, const std::string& name) {
  auto* metadata = json::object_or_null(object, "metadata");
  auto* labels = metadata ? json::object_or_null(*metadata, "labels") : nullptr;
  return labels ? json::string_or(*labels, name) : "";
}

// "a=b,c in (1,2)"
bool selects(const std::string& selector, const json::object& object) {
  for (const std::string& term : split(selector, ',')) {
    size_t in = term.find(" in (");
    if (in != term.npos) {
      auto values = split(term.substr(in + 5, term.size() - in - 6), ',');
      if (std::ranges::find(values, label(object, term.substr(0, in))) == values.end())
        return false;
    } else if (size_t at = term.find('='); at != term.npos) {
      if (label(object, term.substr(0, at)) != term.substr(at + 1)) return false;
    } else if (label(object, term).empty()) {
      return false;
    }
  }
  return true;
}

json::object& member(json::object& of, std::string_view name) {
  json::value& value = of[name];
  return value.is_object() ? value.as_object() : value.emplace_object();
}

void merge(json::object& into, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      into.erase(key);
    } else if (value.is_object()) {
      merge(member(into, key), value.as_object());
    } else {
      into[key] = value;
    }
  }
}

std::string name_of(const json::object& object) {
  return json::string_or(*json::object_or_null(object, "metadata"), "name");
}

}  // namespace

FakeApi::FakeApi()
    : server_(std::make_unique<TestHttpServer>([this](Call& call) { serve(call); })) {}

FakeApi::~FakeApi() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  server_->stop();
}

ClusterAccess FakeApi::access() const {
  ClusterAccess access;
  access.context = "fake";
  access.server = "http://127.0.0.1:" + std::to_string(server_->port());
  access.namespace_name = "flows";
  access.insecure = true;
  return access;
}

void FakeApi::forgive() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

void FakeApi::inject(ApiFault fault) {
  std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FakeApi::set_away(bool away) {
  {
    std::lock_guard lock(mutex_);
    away_ = away;
    if (away) ++watches_closed_;
  }
  changed_.notify_all();
}

void FakeApi::close_watches() {
  {
    std::lock_guard lock(mutex_);
    ++watches_closed_;
  }
  changed_.notify_all();
}

void FakeApi::forget_history() {
  {
    std::lock_guard lock(mutex_);
    oldest_ = ++version_;
    history_.clear();
    ++watches_closed_;
  }
  changed_.notify_all();
}

void FakeApi::repeat_events() {
  {
    std::lock_guard lock(mutex_);
    auto old = history_;
    history_.insert(history_.end(), old.begin(), old.end());
  }
  changed_.notify_all();
}

void FakeApi::wait_for_watch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return watches_open_ > 0; });
}

std::vector<std::string> FakeApi::names(const std::string& plural) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [key, object] : objects_) {
    if (key.starts_with(plural + "/")) names.push_back(key.substr(plural.size() + 1));
  }
  return names;
}

bool FakeApi::has(const std::string& name, const std::string& plural) const {
  std::lock_guard lock(mutex_);
  return objects_.contains(plural + "/" + name);
}

json::object FakeApi::object(const std::string& name, const std::string& plural) const {
  std::lock_guard lock(mutex_);
  auto found = objects_.find(plural + "/" + name);
  return found == objects_.end() ? json::object() : found->second;
}

// Gives the object its next version and tells the watches. Requires: mutex_ is held.
void FakeApi::publish(const std::string& plural, const std::string& type, json::object& object) {
  member(object, "metadata")["resourceVersion"] = std::to_string(++version_);
  history_.push_back({version_, plural, type, object});
  changed_.notify_all();
}

void FakeApi::put(const std::string& plural, json::object object) {
  std::lock_guard lock(mutex_);
  json::object& metadata = member(object, "metadata");
  if (!metadata.contains("uid")) metadata["uid"] = "uid-" + std::to_string(++uids_);
  publish(plural, "ADDED", object);
  objects_[plural + "/" + name_of(object)] = std::move(object);
}

void FakeApi::change(const std::string& name, const std::function<void(json::object&)>& how,
                     const std::string& plural) {
  std::lock_guard lock(mutex_);
  auto found = objects_.find(plural + "/" + name);
  if (found == objects_.end()) return;
  how(found->second);
  publish(plural, "MODIFIED", found->second);
}

void FakeApi::erase(const std::string& name, const std::string& plural) {
  std::lock_guard lock(mutex_);
  auto found = objects_.find(plural + "/" + name);
  if (found == objects_.end()) return;
  publish(plural, "DELETED", found->second);
  objects_.erase(found);
}

void FakeApi::set_phase(const std::string& name, const std::string& phase) {
  change(name, [&](json::object& pod) { member(pod, "status")["phase"] = phase; });
}

void FakeApi::terminate(const std::string& name, int exit_code, const std::string& message,
                        const std::string& reason) {
  std::string why = !reason.empty() ? reason : exit_code == 0 ? "Completed" : "Error";
  change(name, [&](json::object& pod) {
    json::object& status = member(pod, "status");
    status["phase"] = exit_code == 0 ? "Succeeded" : "Failed";
    json::object ended{{"exitCode", exit_code}, {"reason", why}, {"message", message}};
    status["containerStatuses"] =
        json::array{json::object{{"name", "task"}, {"state", json::object{{"terminated", ended}}}}};
  });
}

std::vector<std::string> FakeApi::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

int FakeApi::count(const std::string& contains) const {
  std::lock_guard lock(mutex_);
  return int(std::ranges::count_if(calls_, [&](auto& one) { return one.contains(contains); }));
}

// "/api/v1/namespaces/NS/PLURAL/NAME?a=b"
FakeApi::Path FakeApi::parse(const std::string& target) {
  Path path;
  size_t question = target.find('?');
  auto parts = split(target.substr(1, question - 1), '/');
  size_t at = parts[0] == "api" ? 2 : 3;
  if (at + 1 < parts.size() && parts[at] == "namespaces") {
    path.namespace_name = decode(parts[at + 1]);
    at += 2;
  }
  if (at < parts.size()) path.plural = parts[at];
  if (at + 1 < parts.size()) path.name = decode(parts[at + 1]);
  if (question == target.npos) return path;
  for (const std::string& pair : split(target.substr(question + 1), '&'))
    path.query[pair.substr(0, pair.find('='))] = decode(pair.substr(pair.find('=') + 1));
  return path;
}

void FakeApi::refuse(Call& call, int status, const std::string& reason, const std::string& message,
                     int retry_after) {
  json::Writer out;
  out.begin_object().member("kind", "Status").member("status", "Failure").member("code", status);
  out.member("reason", reason).member("message", message).end_object();
  std::string header =
      retry_after ? "Retry-After: " + std::to_string(retry_after) + "\r\n" : std::string();
  call.reply(status, out.take(), header);
}

void FakeApi::serve(Call& call) {
  Path path = parse(call.target);
  {
    std::unique_lock lock(mutex_);
    if (away_) {
      ++dropped_;
      return call.drop();
    }
    calls_.push_back(call.method + " " + call.target);
    if (latency_.load() > Duration(0))
      changed_.wait_until(lock, std::chrono::steady_clock::now() + latency_.load(),
                          [this] { return stopping_; });
  }
  if (!meet_fault(call, path)) answer(call, path);
}

bool FakeApi::meet_fault(Call& call, const Path& path) {
  ApiFault fault;
  {
    std::lock_guard lock(mutex_);
    std::string line = call.method + " " + call.target;
    auto found = std::ranges::find_if(faults_, [&](auto& one) { return line.contains(one.of); });
    if (found == faults_.end()) return false;
    fault = *found;
    if (--found->times == 0) faults_.erase(found);
  }
  if (fault.done) {
    Call unheard = call;  // answers into nothing
    unheard.mute();
    answer(unheard, path);
  }
  if (fault.status == 0) {
    call.drop();
  } else {
    refuse(call, fault.status, fault.reason, fault.message, fault.retry_after);
  }
  return true;
}

void FakeApi::answer(Call& call, const Path& path) {
  if (call.method == "POST") return create(call, path);
  if (call.method == "PATCH") return patch(call, path);
  if (call.method == "DELETE") return remove(call, path);
  if (path.query.contains("watch")) return watch(call, path);
  if (path.name.empty()) return list(call, path);
  json::object found = object(path.name, path.plural);
  if (found.empty()) return refuse(call, 404, "NotFound", path.name + " not found");
  call.reply(200, json::dump(found));
}

void FakeApi::list(Call& call, const Path& path) {
  std::unique_lock lock(mutex_);
  auto query = path.query;
  size_t limit = query["limit"].empty() ? SIZE_MAX : std::stoul(query["limit"]);
  std::string after = query["continue"], more;
  json::array items;
  for (const auto& [key, object] : objects_) {
    if (!key.starts_with(path.plural + "/") || !selects(query["labelSelector"], object)) continue;
    if (!after.empty() && key <= after) continue;
    if (items.size() == limit) {
      more = "set";
      break;
    }
    items.push_back(object);
    after = key;
  }
  json::object metadata{{"resourceVersion", std::to_string(version_)}};
  if (!more.empty()) metadata["continue"] = after;
  lock.unlock();
  call.reply(200, json::dump(json::object{{"metadata", metadata}, {"items", items}}));
}

void FakeApi::watch(Call& call, const Path& path) {
  auto query = path.query;
  uint64_t from = std::stoull(query["resourceVersion"]);
  std::unique_lock lock(mutex_);
  if (from < oldest_) {
    lock.unlock();
    return refuse(call, 410, "Expired", "too old resource version");
  }
  call.begin_chunks(200);
  size_t next = 0;
  while (next < history_.size() && history_[next].version <= from) ++next;
  uint64_t closed = watches_closed_;
  ++watches_open_;
  changed_.notify_all();
  auto over = [&] { return stopping_ || watches_closed_ != closed; };
  while (!over()) {
    changed_.wait(lock, [&] { return over() || next < history_.size(); });
    if (over()) break;
    Event event = history_[next++];
    if (event.plural != path.plural || !selects(query["labelSelector"], event.object)) continue;
    lock.unlock();
    json::object line{{"type", event.type}, {"object", event.object}};
    bool heard = call.chunk(json::dump(line) + "\n");
    lock.lock();
    if (!heard) break;
  }
  --watches_open_;
  lock.unlock();
  call.end_chunks();
}

void FakeApi::create(Call& call, const Path& path) {
  auto parsed = json::parse(call.body);
  if (!parsed || !parsed->is_object()) return refuse(call, 400, "BadRequest", "no object");
  json::object made = std::move(parsed->as_object());
  if (path.plural == "tokenreviews") return call.reply(201, json::dump(object("any", "reviews")));
  std::string name = name_of(made);
  if (has(name, path.plural)) return refuse(call, 409, "AlreadyExists", name + " already exists");
  member(made, "metadata")["namespace"] = path.namespace_name;
  if (path.plural == "pods") member(made, "status")["phase"] = "Pending";
  put(path.plural, std::move(made));
  ++creations_;
  call.reply(201, json::dump(object(name, path.plural)));
}

void FakeApi::patch(Call& call, const Path& path) {
  auto parsed = json::parse(call.body);
  bool apply = call.headers["content-type"].contains("apply");
  if (!has(path.name, path.plural)) {
    if (!apply) return refuse(call, 404, "NotFound", path.name + " not found");
    put(path.plural, parsed->as_object());
  } else {
    change(path.name, [&](json::object& one) { merge(one, parsed->as_object()); }, path.plural);
  }
  call.reply(200, json::dump(object(path.name, path.plural)));
}

// Requires: mutex_ is held. False when a precondition does not hold.
bool FakeApi::remove_one(const std::string& key, const json::object& options) {
  json::object& object = objects_.at(key);
  auto* wanted = json::object_or_null(options, "preconditions");
  std::string uid = json::string_or(member(object, "metadata"), "uid");
  if (wanted && json::string_or(*wanted, "uid") != uid) return false;
  std::string phase = json::string_or(member(object, "status"), "phase");
  std::string plural = key.substr(0, key.find('/'));
  bool running = plural == "pods" && phase == "Running";
  if (running && json::int_or(options, "gracePeriodSeconds", 30) > 0) {
    member(object, "metadata")["deletionTimestamp"] = "2024-02-29T00:00:00Z";
    publish(plural, "MODIFIED", object);
    return true;
  }
  publish(plural, "DELETED", object);
  objects_.erase(key);
  return true;
}

void FakeApi::remove(Call& call, const Path& path) {
  auto parsed = json::parse(call.body);
  json::object options = parsed && parsed->is_object() ? parsed->as_object() : json::object();
  std::unique_lock lock(mutex_);
  if (!path.name.empty()) {
    std::string key = path.plural + "/" + path.name;
    bool known = objects_.contains(key);
    bool removed = known && remove_one(key, options);
    lock.unlock();
    if (!known) return refuse(call, 404, "NotFound", path.name + " not found");
    if (!removed) return refuse(call, 409, "Conflict", "the uid is another one");
    return call.reply(200, R"({"kind":"Status","status":"Success"})");
  }
  auto query = path.query;
  std::vector<std::string> keys;
  for (const auto& [key, object] : objects_) {
    if (key.starts_with(path.plural + "/") && selects(query["labelSelector"], object))
      keys.push_back(key);
  }
  for (const std::string& key : keys) remove_one(key, options);
  lock.unlock();
  call.reply(200, R"({"kind":"List","items":[]})");
}

}  // namespace leoflow::kube
