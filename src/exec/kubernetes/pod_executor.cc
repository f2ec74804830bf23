// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pod_executor.h"

#include <algorithm>

#include "base/log.h"
#include "model/pod_contract.h"

namespace leoflow::kube {

PodExecutor::PodExecutor(Cluster& cluster, PvcStaging& staging, PodPlanner& planner,
                         const Clock& clock, PodSettings settings, int slots_max, Timing timing)
    : cluster_(cluster),
      staging_(staging),
      planner_(planner),
      clock_(clock),
      settings_(std::move(settings)),
      slots_max_(slots_max),
      timing_(timing),
      alive_(std::make_shared<std::atomic<bool>>(true)) {}

PodExecutor::~PodExecutor() { stop(); }

void PodExecutor::set_server(std::string address, std::string ca_pem) {
  settings_.server = std::move(address);
  settings_.server_ca = std::move(ca_pem);
}

void PodExecutor::set_cache_claim(std::string claim) { settings_.cache_claim = std::move(claim); }

void PodExecutor::start(AgentGateway& gateway) {
  gateway_ = &gateway;
  gateway.observe(this);
  post([this] {
    started_ = true;
    std::string ours = std::string(kInstanceLabel) + "=" + settings_.instance;
    cache_ = std::make_unique<WatchCache>(
        cluster_.loop(), cluster_.api(), kPods,
        ListQuery{.namespace_name = settings_.namespace_name, .label_selector = ours},
        CacheHandlers{.on_object = [this](const std::string& name,
                                          const json::object& pod) { on_object(name, pod); },
                      .on_gone = [this](const std::string& name,
                                        const json::object* last) { on_gone(name, last); },
                      .on_synced = [this] { on_synced(); },
                      .on_trouble =
                          [](const Error& error) {
                            log::warning("the Kubernetes API cannot be asked; going on trying",
                                         {{"error", error.message()}});
                          },
                      .on_recovered = [this] { on_recovered(); }},
        timing_.watch);
    cache_->start();
    for (const std::string& agent : gateway_->connected_agents()) {
      if (pod::is_pod_agent(agent)) sessions_.insert(agent);
    }
    tick_timer_ = cluster_.loop().after(timing_.tick, [this] { tick(); });
  });
}

void PodExecutor::stop() {
  if (stopped_.exchange(true)) return;
  if (gateway_) gateway_->observe(nullptr);
  cluster_.run([this] {
    *alive_ = false;
    cache_.reset();
    for (auto timer : {room_timer_, collect_timer_, tick_timer_}) {
      if (timer) cluster_.loop().cancel(timer);
    }
  });
}

// Runs on the cluster's thread unless we are gone by then.
void PodExecutor::post(std::function<void()> task) {
  cluster_.loop().post([alive = alive_, task = std::move(task)] {
    if (*alive) task();
  });
}

PodExecutor::Place* PodExecutor::of_attempt(AttemptId attempt) {
  auto found = by_attempt_.find(attempt);
  return found == by_attempt_.end() ? nullptr : places_.at(found->second).get();
}

std::string PodExecutor::place_of_pod(const std::string& pod) const {
  std::string prefix = pod_name(settings_.instance, "");
  return pod.starts_with(prefix) ? pod.substr(prefix.size()) : std::string();
}

std::string PodExecutor::agent_of(const Place& place) const {
  return pod::agent_id(pod_name(settings_.instance, place.id));
}

PodExecutor::Place& PodExecutor::add(const std::string& id) {
  auto& place = places_[id];
  if (!place) {
    place = std::make_unique<Place>();
    place->id = id;
    place->since = clock_.now();
  }
  return *place;
}

void PodExecutor::erase(Place& place) {
  if (place.item) by_attempt_.erase(place.item->attempt);
  wanted_.with([&](auto& wanted) { wanted.erase(place.id); });
  std::string id = place.id;
  places_.erase(id);
}

// Tells find() how things are.
void PodExecutor::publish(const Place& place) {
  const auto& work = place.item ? place.item : place.expected;
  bool alive = place.pod != Place::Pod::ended && place.pod != Place::Pod::gone && !place.deleting;
  if (!alive || place.reported) return wanted_.with([&](auto& all) { all.erase(place.id); });
  if (!work) return wanted_.with([&](auto& all) { all[place.id] = std::nullopt; });
  PodPlace known{.namespace_name = settings_.namespace_name,
                 .service_account = place.account,
                 .pod_name = pod_name(settings_.instance, place.id),
                 .pod_uid = place.uid,
                 .version = work->version};
  if (known.service_account.empty()) known.service_account = settings_.service_account;
  if (known.service_account.empty()) known.service_account = "default";
  wanted_.with([&](auto& all) { all[place.id] = std::move(known); });
}

Result<PodPlace> PodExecutor::find(const std::string& id) {
  return wanted_.with([&](const auto& wanted) -> Result<PodPlace> {
    auto found = wanted.find(id);
    if (found != wanted.end() && found->second) return *found->second;
    // After a restart the pods are seen before the engine says what they are for.
    if (!synced_ || found != wanted.end())
      return fail(Code::unavailable, "the pods of the cluster are not known yet");
    return fail(Code::not_found, "no pod is wanted at this place");
  });
}

size_t PodExecutor::live_pods() const {
  return size_t(std::ranges::count_if(places_, [](const auto& entry) {
    return entry.second->pod == Place::Pod::made && entry.second->seen && entry.second->item;
  }));
}

size_t PodExecutor::held_pods() const {
  return size_t(std::ranges::count_if(places_, [](const auto& entry) {
    return entry.second->pod == Place::Pod::made && entry.second->expected;
  }));
}

// -- Executor

void PodExecutor::place(const WorkItem& item) {
  post([this, item] { take(item); });
}
void PodExecutor::cancel(AttemptId attempt, CancelReason reason) {
  post([this, attempt, reason] { do_cancel(attempt, reason); });
}
void PodExecutor::acknowledge(AttemptId attempt) {
  post([this, attempt] { do_acknowledge(attempt); });
}
void PodExecutor::recall(const std::vector<WorkItem>& items) {
  post([this, items] {
    recalled_.insert(recalled_.end(), items.begin(), items.end());
    if (synced_) settle_recalled();
  });
}
// What may come is told anew as well; what is not is ended after a grace.
void PodExecutor::resync() {
  post([this] {
    expected_.clear();
    for (auto& [id, place] : places_) {
      if (!place->expected || place->item) continue;
      place->expected.reset();
      place->since = clock_.now();
      publish(*place);
    }
    if (started_) gateway_->resync();
  });
}
void PodExecutor::expect(const WorkItem& item) {
  post([this, item] { do_expect(item); });
}
void PodExecutor::forget(TaskInstanceKey task_instance, int try_number) {
  post([this, id = place_ahead_of(task_instance, try_number)] { do_forget(id); });
}

void PodExecutor::take(const WorkItem& item) {
  if (!synced_) return unjudged_.push_back(item);
  // Known already, or made before a restart, perhaps.
  Place* known = of_attempt(item.attempt);
  if (!known && !places_.contains(place_of(item.attempt))) known = held_for(item);
  bind(known ? *known : add(place_of(item.attempt)), item);
}

// Also of an attempt that the engine hands over again: what it was told of it is forgotten then.
void PodExecutor::bind(Place& place, const WorkItem& item) {
  place.item = item;
  place.reported = place.acknowledged = false;
  by_attempt_[item.attempt] = place.id;
  place.since = clock_.now();
  place.expected.reset();
  place.told.clear();
  if (place.id != place_of(item.attempt)) engine_->on_held(item.attempt, place.begun);
  publish(place);
  mark_bound_later(place);
  if (place.pod == Place::Pod::none) return want(place);
  if (place.pod != Place::Pod::ended && place.pod != Place::Pod::gone) {
    hand_over(place);
    // Seen before somebody wanted it: after a restart, or while it held.
    if (place.verdict.phase == PodPhase::pending) tell_waiting(place);
    return;
  }
  report(place, outcome_of(place.verdict, item.attempt, clock_.now()));
}

// To its agent, if that is there and does not have it. When it has gone meanwhile, its next session
// gets it.
void PodExecutor::hand_over(Place& place) {
  if (!place.item || place.assigned || place.claimed || place.reported || !connected(place)) return;
  place.assigned = gateway_->assign(agent_of(place), *place.item);
}

void PodExecutor::do_cancel(AttemptId attempt, CancelReason reason) {
  if (!synced_) return early_cancels_.emplace_back(attempt, reason), void();
  Place* place = of_attempt(attempt);
  if (!place || place->reported) return;
  place->cancelled = reason;
  place->since = clock_.now();
  if (connected(*place) && gateway_->cancel(agent_of(*place), attempt, reason)) return;
  if (place->pod != Place::Pod::none && place->pod != Place::Pod::waiting)
    remove(*place, std::nullopt);
  // An agent that never got it cannot have begun; of others, and of those that a server before us
  // talked to, the end is told by the pod.
  bool known = place->made_here || place->pod == Place::Pod::none;
  bool untouched = known && !place->claimed && !place->assigned;
  if (untouched) report_lost(*place, std::string(to_string(reason)));
}

// Its agent is told first of all: until the pods are known, and after a server that died between
// the commit and this answer, no place has the attempt.
void PodExecutor::do_acknowledge(AttemptId attempt) {
  if (gateway_) gateway_->acknowledge(attempt);
  Place* place = of_attempt(attempt);
  if (!place) return;
  place->acknowledged = true;
  place->since = clock_.now();
  using Pod = Place::Pod;
  if (place->pod == Pod::none || place->pod == Pod::waiting || place->pod == Pod::gone)
    return erase(*place);
  if (place->pod == Pod::ended) collect(*place);
}

// The one way to the engine for the end of an attempt.
void PodExecutor::report(Place& place, Outcome outcome) {
  if (place.reported || !place.item) return;
  place.reported = true;
  bool asked = place.cancelled && outcome.kind == OutcomeKind::lost;
  if (asked) {
    outcome.kind = OutcomeKind::cancelled;
    outcome.reason = std::string(to_string(*place.cancelled));
  }
  publish(place);
  engine_->on_outcome(std::move(outcome));
}

void PodExecutor::report_lost(Place& place, std::string reason) {
  if (!place.item) return;
  Outcome outcome{.attempt = place.item->attempt, .kind = OutcomeKind::lost};
  outcome.reason = std::move(reason);
  outcome.ended_at = clock_.now();
  report(place, std::move(outcome));
}

// What was placed before the view was complete: is here, or is made now.
void PodExecutor::settle_unjudged() {
  auto cancels = std::exchange(early_cancels_, {});
  for (const WorkItem& item : std::exchange(unjudged_, {})) {
    bool unwanted = std::ranges::any_of(
        cancels, [&](const auto& cancel) { return cancel.first == item.attempt; });
    bool exists = places_.contains(place_of(item.attempt)) ||
                  places_.contains(place_ahead_of(item.task_instance, item.try_number));
    if (!unwanted || exists) {
      take(item);
    } else {
      add(place_of(item.attempt)).item = item;
      by_attempt_[item.attempt] = place_of(item.attempt);
    }
  }
  for (auto [attempt, reason] : cancels) do_cancel(attempt, reason);
}

// Attempts that agents had before a restart: with their pod, or lost.
void PodExecutor::settle_recalled() {
  for (const WorkItem& item : std::exchange(recalled_, {})) {
    Place* place = of_attempt(item.attempt);
    auto ahead = places_.find(place_ahead_of(item.task_instance, item.try_number));
    // Without a label it was not written any more; its agent will tell.
    if (!place && !places_.contains(place_of(item.attempt)) && ahead != places_.end() &&
        (!ahead->second->verdict.attempt || ahead->second->verdict.attempt == item.attempt))
      place = ahead->second.get();
    if (!place) place = &add(place_of(item.attempt));
    // A pod that the complete view does not have is gone.
    if (place->pod == Place::Pod::none) place->pod = Place::Pod::gone;
    place->claimed = true;
    bind(*place, item);
  }
}

// -- What agents say

void PodExecutor::on_claimed(AttemptId attempt, const std::string& agent,
                             const std::string& hostname) {
  post([this, attempt, agent, hostname] {
    if (Place* place = of_attempt(attempt)) place->claimed = true;
    engine_->on_claimed(attempt, agent, hostname);
  });
}

void PodExecutor::on_running(AttemptId attempt, int64_t pid, Time started_at) {
  post([this, attempt, pid, started_at] { engine_->on_running(attempt, pid, started_at); });
}

void PodExecutor::on_outcome(Outcome outcome) {
  post([this, outcome = std::move(outcome)] {
    Place* place = of_attempt(outcome.attempt);
    if (!place) return engine_->on_outcome(outcome);  // not placed by us, or not yet
    // Told before: the agent wants to hear that it is committed, and what it says counts.
    place->reported = false;
    report(*place, outcome);
  });
}

void PodExecutor::on_xcom(AttemptId attempt, XCom xcom, std::function<void(Status)> on_committed) {
  post([this, attempt, xcom = std::move(xcom), done = std::move(on_committed)] {
    engine_->on_xcom(attempt, xcom, done);
  });
}

void PodExecutor::on_agent_connected(const std::string& agent, std::vector<HeldAttempt> held) {
  post([this, agent, held = std::move(held)] {
    for (const HeldAttempt& one : held) {
      if (Place* place = of_attempt(one.attempt)) place->claimed = true;
    }
    auto found = places_.find(place_of_pod(agent.substr(pod::kAgentPrefix.size())));
    if (pod::is_pod_agent(agent) && found != places_.end())
      compare_with_agent(*found->second, held);
    engine_->on_agent_connected(agent, held);
  });
}

// The end of a lease is no end of a pod: the cluster says when that is gone.
void PodExecutor::on_agent_lost(const std::string& agent, const std::string& reason) {
  log::info("the agent of a pod is silent", {{"agent", agent}, {"reason", reason}});
}

void PodExecutor::on_dispatch_failed(AttemptId attempt, Error error) {
  post([this, attempt, error = std::move(error)] {
    Place* place = of_attempt(attempt);
    if (!place) return engine_->on_dispatch_failed(attempt, error);
    report_lost(*place, error.message());
    remove(*place, std::nullopt);
  });
}

void PodExecutor::on_session_open(const std::string& agent) {
  if (!pod::is_pod_agent(agent)) return;
  post([this, agent] {
    sessions_.insert(agent);
    auto found = places_.find(place_of_pod(agent.substr(pod::kAgentPrefix.size())));
    if (found == places_.end()) return;
    Place& place = *found->second;
    if (place.cancelled && place.item && !place.reported) {
      gateway_->cancel(agent, place.item->attempt, *place.cancelled);
    } else {
      hand_over(place);
    }
  });
}

void PodExecutor::on_session_closed(const std::string& agent) {
  post([this, agent] { sessions_.erase(agent); });
}

}  // namespace leoflow::kube
