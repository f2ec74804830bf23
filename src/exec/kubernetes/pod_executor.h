// SPDX-License-Identifier: Apache-2.0
// Executor "kubernetes": one bare pod per attempt. Two sources tell how an attempt goes, the
// agent's session and the cluster's view of the pod; they meet here, on one thread, and become
// exactly one outcome. Nothing here is durable: after a restart the cluster's pods, the agents'
// hellos and the engine's open attempts are put together again, and nobody is judged before the
// view is complete.
//
// A place may be started ahead: its pod is made, its agent connects, prepares and holds. It is
// bound by place(), to a held place of the same task instance, try and version if there is one.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/guarded.h"
#include "exec/agent_gateway.h"
#include "exec/kubernetes/cluster.h"
#include "exec/kubernetes/pod_spec.h"
#include "exec/kubernetes/pod_status.h"
#include "exec/kubernetes/pvc_staging.h"
#include "exec/kubernetes/watch_cache.h"
#include "exec/pod_admission.h"

namespace leoflow::kube {

constexpr size_t kCreationsInFlightMax = 48;  // the rest of the connections is for everything else
constexpr size_t kCollectedAtOnceMax = 100;   // pods that one call deletes
constexpr Duration kCollectEvery = std::chrono::milliseconds(500);
constexpr Duration kCollectLateMax = std::chrono::seconds(30);  // while other pods start
constexpr Duration kTickEvery = std::chrono::seconds(5);
constexpr Duration kOrphanGrace = std::chrono::seconds(60);  // of pods nobody asked for
constexpr Duration kPullTimeMax = std::chrono::minutes(10);  // with an image that cannot be pulled
constexpr Duration kEndTimeMax = std::chrono::seconds(60);  // of an agent that heard "acknowledged"
constexpr Duration kCancelTimeMax = std::chrono::seconds(60);    // on top of the pod's own grace
constexpr Duration kNodeSilenceMax = std::chrono::seconds(120);  // of a pod that is to end
constexpr Duration kRoomWaitFirst = std::chrono::milliseconds(500);
constexpr Duration kRoomBackoffMax = std::chrono::seconds(15);
constexpr size_t kAheadInFlightMax = 8;                     // creations of pods nobody is bound to
constexpr Duration kAheadPause = std::chrono::seconds(30);  // after the cluster had no room
constexpr Duration kHeldUnscheduledMax = std::chrono::seconds(5);  // no node takes it: no room
constexpr Duration kMarkAfter = std::chrono::seconds(2);           // a bound pod with its attempt
constexpr int kHeldGraceSeconds = 1;  // of a pod that holds and is not needed: nothing runs in it

// What is known of a work item besides itself.
struct PodPlan {
  std::shared_ptr<const DagSpec> dag;
  const TaskSpec* task = nullptr;    // of dag; null for a DAG callback
  std::optional<PvcRequest> volume;  // of the run's staging
  std::string image;                 // of the DAG version; empty = the installation's
};
class PodPlanner {
 public:
  virtual ~PodPlanner() = default;
  // The cluster's thread; reads the store. `not_found` when run or version are gone.
  virtual Result<PodPlan> plan(const WorkItem& item) = 0;
};

class PodExecutor final : public Executor,
                          public ExecutorListener,
                          public PodPlaces,
                          private AgentObserver {
 public:
  struct Timing {
    Duration tick = kTickEvery, orphan_grace = kOrphanGrace;
    Duration collect = kCollectEvery, collect_late_max = kCollectLateMax;
    Duration room_wait_first = kRoomWaitFirst, room_backoff_max = kRoomBackoffMax;
    Duration pull_time_max = kPullTimeMax, end_time_max = kEndTimeMax;
    Duration cancel_time_max = kCancelTimeMax, node_silence_max = kNodeSilenceMax;
    Duration ahead_pause = kAheadPause, held_unscheduled_max = kHeldUnscheduledMax;
    Duration mark_after = kMarkAfter;
    WatchCache::Options watch;
  };
  // Collaborators outlive stop(). place() and friends may be called at once; they wait for start().
  PodExecutor(Cluster& cluster, PvcStaging& staging, PodPlanner& planner, const Clock& clock,
              PodSettings settings, int slots_max)
      : PodExecutor(cluster, staging, planner, clock, std::move(settings), slots_max, Timing()) {}
  PodExecutor(Cluster& cluster, PvcStaging& staging, PodPlanner& planner, const Clock& clock,
              PodSettings settings, int slots_max, Timing timing);
  ~PodExecutor() override;  // stop()

  // The engine, which is told what is decided here. Before the first listener call.
  void set_listener(ExecutorListener& engine) { engine_ = &engine; }
  // What is known only once the agent service listens.
  void set_server(std::string address, std::string ca_pem);
  // Pods that are made from now on share it. The cluster's thread.
  void set_cache_claim(std::string claim);
  void start(AgentGateway& gateway);
  // Pods go on. Requires: the cluster is not stopped yet. Idempotent.
  void stop();

  // Executor.
  std::string_view name() const override { return "kubernetes"; }
  void place(const WorkItem& item) override;
  void cancel(AttemptId attempt, CancelReason reason) override;
  void acknowledge(AttemptId attempt) override;
  void resync() override;
  void recall(const std::vector<WorkItem>& items) override;
  void expect(const WorkItem& item) override;
  void forget(TaskInstanceKey task_instance, int try_number) override;
  int slots_max() const override { return slots_max_; }

  // ExecutorListener: what agents say, on its way to the engine.
  void on_claimed(AttemptId attempt, const std::string& agent,
                  const std::string& hostname) override;
  void on_running(AttemptId attempt, int64_t pid, Time started_at) override;
  void on_outcome(Outcome outcome) override;
  void on_xcom(AttemptId attempt, XCom xcom, std::function<void(Status)> on_committed) override;
  void on_agent_connected(const std::string& agent, std::vector<HeldAttempt> held) override;
  void on_agent_lost(const std::string& agent, const std::string& reason) override;
  void on_dispatch_failed(AttemptId attempt, Error error) override;

  Result<PodPlace> find(const std::string& place) override;
  // Pods of attempts that were made and have not ended; those that hold. The cluster's thread.
  size_t live_pods() const;
  size_t held_pods() const;

 private:
  struct Place {
    std::string id;                    // place_of(), place_ahead_of()
    std::optional<WorkItem> item;      // unset: held, or of nobody
    std::optional<WorkItem> expected;  // it holds for this, which has no attempt yet
    enum class Pod { none, waiting, asked, made, ended, gone } pod = Pod::none;
    bool seen = false;          // by the cache
    bool assigned = false;      // the attempt was sent to its agent
    bool claimed = false;       // the agent has it
    bool reported = false;      // the engine was told an outcome
    bool acknowledged = false;  // and has committed it
    bool deleting = false;      // we asked for its deletion
    bool made_here = false;     // in this life of the server
    bool opening = false;       // its Secret is being made, or its gate taken away
    std::optional<CancelReason> cancelled;
    std::string uid, account;
    std::string told;  // last reason for waiting
    PodVerdict verdict;
    Time begun{};  // when its pod was first asked for
    Time since{};  // of what it waits for: made, orphaned, cancelled, acknowledged
    std::optional<Time> deletion_seen;
  };

  std::vector<AttemptId> waiting_for(const std::string&) override { return {}; }
  void on_session_open(const std::string& agent) override;
  void on_session_closed(const std::string& agent) override;

  void post(std::function<void()> task);
  Place* of_attempt(AttemptId attempt);
  std::string agent_of(const Place& place) const;
  bool connected(const Place& place) const { return sessions_.contains(agent_of(place)); }
  std::string place_of_pod(const std::string& pod) const;
  Place& add(const std::string& id);
  void erase(Place& place);
  void publish(const Place& place);

  // pod_executor.cc: attempts
  void take(const WorkItem& item);
  void bind(Place& place, const WorkItem& item);
  void hand_over(Place& place);
  void do_cancel(AttemptId attempt, CancelReason reason);
  void do_acknowledge(AttemptId attempt);
  void report(Place& place, Outcome outcome);
  void report_lost(Place& place, std::string reason);
  void settle_recalled();
  void settle_unjudged();

  // pod_ahead.cc: places started ahead
  void do_expect(const WorkItem& item);
  void do_forget(const std::string& id);
  Place* held_for(const WorkItem& item);
  void drop(Place& place);
  void drop_held();
  void settle_expected();
  void check_held(Place& place, Duration waited);
  void refused_ahead(Place& place, const ApiFailure& failure);
  void mark_bound_later(const Place& place);
  void mark_bound(Place& place);
  void compare_with_agent(Place& place, const std::vector<HeldAttempt>& held);

  // pod_creation.cc: pods come
  void want(Place& place);
  void create_more();
  bool create_next(std::deque<std::string>& queue);
  void create(const std::string& id);
  void with_volume(const std::string& id, const PodPlan& plan, Status made);
  void send(const std::string& id, std::string body);
  void created(const std::string& id, ApiResult<json::object> answer);
  void refused(Place& place, const ApiFailure& failure);
  void look_at_existing(const std::string& id);
  void open(Place& place);
  void opened(const std::string& id, bool secret, ApiResult<json::object> answer);
  void wait_for_room(Place& place, const std::string& reason, Duration wait);
  void on_recovered();

  // pod_watch.cc: pods go
  void on_object(const std::string& name, const json::object& pod);
  void on_gone(const std::string& name, const json::object* last);
  void on_synced();
  void on_ended(Place& place);
  void tell_waiting(Place& place);
  void collect(Place& place);
  void collect_soon();
  void collect_now();
  bool pods_start() const;
  void remove(Place& place, std::optional<int> grace);
  void tick();
  void check(Place& place, Time now);

  Cluster& cluster_;
  PvcStaging& staging_;
  PodPlanner& planner_;
  const Clock& clock_;
  PodSettings settings_;
  const int slots_max_;
  const Timing timing_;
  ExecutorListener* engine_ = nullptr;
  AgentGateway* gateway_ = nullptr;
  std::atomic<bool> stopped_ = false;
  std::shared_ptr<std::atomic<bool>> alive_;  // asked by what is posted and by replies
  // For find(); unset: a pod of which it is not known yet whether somebody wants it.
  Guarded<std::unordered_map<std::string, std::optional<PodPlace>>> wanted_;
  // The rest: the cluster's thread.
  bool started_ = false;
  std::atomic<bool> synced_ = false;  // also read by find()
  std::set<std::string> sessions_;    // agents of pods that are connected
  std::unordered_map<std::string, std::unique_ptr<Place>> places_;
  std::unordered_map<AttemptId, std::string> by_attempt_;
  std::vector<WorkItem> unjudged_;  // placed before the cache was synced
  std::vector<std::pair<AttemptId, CancelReason>> early_cancels_;
  std::vector<WorkItem> recalled_;
  std::vector<WorkItem> expected_;  // told before the cache was synced
  std::deque<std::string> creations_, creations_ahead_;
  size_t creating_ = 0;
  Time ahead_paused_until_{};
  Duration room_wait_{0};
  Loop::TimerId room_timer_ = 0, collect_timer_ = 0, tick_timer_ = 0;
  std::vector<std::string> collected_;  // ids of places whose pods can go
  Time collected_since_{};              // the first of them
  std::unique_ptr<WatchCache> cache_;
};

}  // namespace leoflow::kube
