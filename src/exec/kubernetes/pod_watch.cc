// SPDX-License-Identifier: Apache-2.0
// What the cluster's view of the pods says, and how pods are removed.
#include <algorithm>

#include "base/log.h"
#include "exec/kubernetes/pod_executor.h"

namespace leoflow::kube {

void PodExecutor::on_object(const std::string& name, const json::object& pod) {
  std::string id = place_of_pod(name);
  if (id.empty()) return;
  Place& place = add(id);
  place.verdict = judge_pod(pod);
  place.seen = true;
  place.uid = place.verdict.uid;
  place.account = place.verdict.service_account;
  if (place.begun == Time{}) place.begun = place.verdict.created_at.value_or(clock_.now());
  if (place.verdict.deleting && !place.deletion_seen) place.deletion_seen = clock_.now();
  if (place.verdict.phase == PodPhase::ended) return on_ended(place);
  place.pod = Place::Pod::made;
  publish(place);
  open(place);
  hand_over(place);
  if (place.verdict.phase == PodPhase::pending) tell_waiting(place);
}

void PodExecutor::tell_waiting(Place& place) {
  const PodVerdict& verdict = place.verdict;
  if (!place.item || place.reported || verdict.reason == place.told) return;
  place.told = verdict.reason;
  engine_->on_waiting(place.item->attempt, verdict.reason);
  if (verdict.no_room) drop_held();
  if (!verdict.hopeless) return;
  Outcome outcome{.attempt = place.item->attempt, .kind = OutcomeKind::failed, .retryable = false};
  outcome.reason = verdict.reason;
  outcome.ended_at = clock_.now();
  report(place, std::move(outcome));
  remove(place, 0);
}

void PodExecutor::on_ended(Place& place) {
  place.pod = Place::Pod::ended;
  publish(place);
  if (place.item && !place.reported)
    report(place, outcome_of(place.verdict, place.item->attempt, clock_.now()));
  // A pod without attempt may still get it: after a restart the engine speaks later than the pods.
  // Not one whose outcome an earlier server has committed.
  const auto& record = place.verdict.record;
  bool committed = !place.item && record && record->acknowledged;
  if (place.acknowledged || committed) collect(place);
}

void PodExecutor::on_gone(const std::string& name, const json::object* last) {
  auto found = places_.find(place_of_pod(name));
  if (found == places_.end()) return;
  Place& place = *found->second;
  if (last) place.verdict = judge_pod(*last);
  if (place.verdict.cause == PodCause::none && !place.verdict.record) {
    place.verdict.cause = PodCause::deleted;
    place.verdict.reason = "the pod was deleted";
  }
  place.pod = Place::Pod::gone;
  publish(place);
  if (place.item && !place.reported)
    report(place, outcome_of(place.verdict, place.item->attempt, clock_.now()));
  if (!place.item || place.acknowledged) erase(place);
  // There is room now.
  if (creations_.empty() || !room_timer_) return;
  cluster_.loop().cancel(std::exchange(room_timer_, 0));
  create_more();
}

// The view is complete: what was placed before a restart is here or nowhere.
void PodExecutor::on_synced() {
  synced_ = true;
  settle_recalled();
  settle_unjudged();
  for (auto& [id, place] : places_) place->since = clock_.now();
  settle_expected();
}

// Ended pods go together, many with one call, and when no task waits for its pod: what removing
// them costs the nodes would be taken from the starts.
void PodExecutor::collect(Place& place) {
  if (place.deleting) return;
  place.deleting = true;
  if (collected_.empty()) collected_since_ = clock_.now();
  collected_.push_back(place.id);
  if (collected_.size() >= kCollectedAtOnceMax) return collect_now();
  if (!collect_timer_) collect_soon();
}

void PodExecutor::collect_soon() {
  collect_timer_ = cluster_.loop().after(timing_.collect, [this] {
    collect_timer_ = 0;
    bool late = clock_.now() - collected_since_ >= timing_.collect_late_max;
    if (collected_.empty()) return;
    pods_start() && !late ? collect_soon() : collect_now();
  });
}

bool PodExecutor::pods_start() const {
  return std::ranges::any_of(places_, [](const auto& entry) {
    const Place& place = *entry.second;
    bool comes = place.pod == Place::Pod::asked || place.pod == Place::Pod::made;
    return comes && place.item && !place.claimed && !place.reported && !place.deleting;
  });
}

void PodExecutor::collect_now() {
  if (collected_.empty()) return;
  std::string ids;
  for (const std::string& id : collected_) ids += (ids.empty() ? "" : ",") + id;
  ListQuery query{.namespace_name = settings_.namespace_name,
                  .label_selector = std::string(kInstanceLabel) + "=" + settings_.instance + "," +
                                    kPlaceLabel + " in (" + ids + ")"};
  auto gone = [this, alive = alive_,
               again = std::exchange(collected_, {})](ApiResult<json::object> answer) {
    if (answer || !*alive) return;
    log::warning("ended pods not removed; tried again later",
                 {{"error", answer.error().error.message()}});
    for (const std::string& id : again) {
      if (auto found = places_.find(id); found != places_.end()) found->second->deleting = false;
    }
  };
  cluster_.api().remove_all(kPods, query, {.grace_seconds = 0}, std::move(gone));
}

void PodExecutor::remove(Place& place, std::optional<int> grace) {
  place.deleting = true;
  publish(place);
  if (place.pod == Place::Pod::none || place.pod == Place::Pod::waiting) return;
  cluster_.api().remove(kPods, settings_.namespace_name, pod_name(settings_.instance, place.id),
                        {.grace_seconds = grace, .uid = place.uid},
                        [this, alive = alive_, id = place.id](ApiResult<json::object> gone) {
                          auto found = *alive ? places_.find(id) : places_.end();
                          if (!*alive || gone || found == places_.end()) return;
                          // The next tick tries again, unless there is nothing to remove.
                          bool none = gone.error().error.code() == Code::not_found;
                          if (!none) found->second->deleting = false;
                          bool nobodys = !found->second->item && !found->second->seen;
                          if (none && nobodys) erase(*found->second);
                        });
}

void PodExecutor::tick() {
  tick_timer_ = cluster_.loop().after(timing_.tick, [this] { tick(); });
  if (!synced_) return;
  Time now = clock_.now();
  std::vector<std::string> ids;
  for (const auto& [id, place] : places_) ids.push_back(id);
  for (const std::string& id : ids) {
    if (auto found = places_.find(id); found != places_.end()) check(*found->second, now);
  }
}

// What has waited for too long.
void PodExecutor::check(Place& place, Time now) {
  Duration waited = now - place.since;
  using Pod = Place::Pod;
  if (place.pod == Pod::ended) {
    if (place.acknowledged || (!place.item && waited > timing_.orphan_grace)) collect(place);
    return;
  }
  if (place.pod != Pod::made) return;
  open(place);
  // Made, but no watch ever showed it: it went while nobody looked, perhaps.
  if (!place.seen && waited > timing_.orphan_grace && place.item) {
    place.pod = Pod::asked;
    return look_at_existing(place.id);
  }
  bool silent = place.deletion_seen && now - *place.deletion_seen > timing_.node_silence_max;
  const PodCause cause = place.verdict.cause;
  bool stuck = cause == PodCause::image_pull || cause == PodCause::container_config ||
               cause == PodCause::start_error;
  if (!place.item) {
    check_held(place, waited);
  } else if (place.acknowledged) {
    if (waited > timing_.end_time_max && !place.deleting) remove(place, std::nullopt);
  } else if (place.cancelled) {
    if (waited > timing_.cancel_time_max && !place.deleting) remove(place, std::nullopt);
  } else if (place.verdict.phase == PodPhase::pending && stuck && waited > timing_.pull_time_max) {
    report_lost(place, place.verdict.reason);
    remove(place, 0);
  } else if (silent && !connected(place) && !place.reported) {
    // The node does not answer, so its pod never ends; neither does the agent.
    report_lost(place, "the node of the pod was lost");
    remove(place, 0);
  }
}

}  // namespace leoflow::kube
