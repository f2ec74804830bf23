// SPDX-License-Identifier: Apache-2.0
// A small Kubernetes API for tests, on a real socket: objects by kind, watches with history,
// selectors, graceful deletion, and faults on demand. Any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "async/http_server_test.h"
#include "base/json.h"
#include "base/time.h"
#include "exec/kubernetes/cluster_access.h"

namespace leoflow::kube {

// Meets calls whose "METHOD /path" contains `of`.
struct ApiFault {
  std::string of;
  int times = 1;
  int status = 0;  // answered instead; 0 = the connection is dropped
  std::string reason, message;
  int retry_after = 0;  // seconds; 0 = no such header
  bool done = false;    // the call takes effect all the same
};

class FakeApi {
 public:
  FakeApi();
  ~FakeApi();

  ClusterAccess access() const;
  void inject(ApiFault fault);
  void forgive();  // no injected fault is left
  // Nobody answers until it is back.
  void set_away(bool away);
  void set_latency(Duration latency) { latency_ = latency; }
  void close_watches();
  // Watches from versions so far get 410 Gone.
  void forget_history();
  // Sends an old state of an object to every watch, again.
  void repeat_events();
  void wait_for_watch();  // until one is open

  // Objects by plural and name, any namespace.
  std::vector<std::string> names(const std::string& plural = "pods") const;
  bool has(const std::string& name, const std::string& plural = "pods") const;
  json::object object(const std::string& name, const std::string& plural = "pods") const;
  void put(const std::string& plural, json::object object);
  // As a controller or kubelet would change it.
  void change(const std::string& name, const std::function<void(json::object&)>& how,
              const std::string& plural = "pods");
  void erase(const std::string& name, const std::string& plural = "pods");
  // Shorthands for a pod's status.
  void set_phase(const std::string& name, const std::string& phase);
  void terminate(const std::string& name, int exit_code, const std::string& message,
                 const std::string& reason = "");
  // "METHOD /path" of every call so far, watches and lists included.
  std::vector<std::string> calls() const;
  int count(const std::string& contains) const;
  int creations() const { return creations_; }
  int dropped() const { return dropped_; }  // calls while it was away

 private:
  using Call = TestHttpServer::Call;
  struct Event {
    uint64_t version;
    std::string plural, type;
    json::object object;
  };
  struct Path {
    std::string plural, namespace_name, name;
    std::map<std::string, std::string> query;
  };
  static Path parse(const std::string& target);

  void serve(Call& call);
  bool meet_fault(Call& call, const Path& path);
  void answer(Call& call, const Path& path);
  void list(Call& call, const Path& path);
  void watch(Call& call, const Path& path);
  void create(Call& call, const Path& path);
  void patch(Call& call, const Path& path);
  void remove(Call& call, const Path& path);
  bool remove_one(const std::string& key, const json::object& options);
  void publish(const std::string& plural, const std::string& type, json::object& object);
  static void refuse(Call& call, int status, const std::string& reason, const std::string& message,
                     int retry_after = 0);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, json::object> objects_;  // by "plural/name"
  std::vector<Event> history_;
  std::vector<std::string> calls_;
  std::list<ApiFault> faults_;
  uint64_t version_ = 100, oldest_ = 0, watches_closed_ = 0, uids_ = 0;
  int watches_open_ = 0;
  bool away_ = false, stopping_ = false;
  std::atomic<int> creations_ = 0, dropped_ = 0;
  std::atomic<Duration> latency_{Duration(0)};
  std::unique_ptr<TestHttpServer> server_;
};

}  // namespace leoflow::kube
