// SPDX-License-Identifier: Apache-2.0
// How a place gets its pod: planned, its volume made, created with a bound on how many at once, and
// created again under the same name for as long as the cluster cannot take or answer it.
#include "base/crypto.h"
#include "base/log.h"
#include "exec/kubernetes/pod_executor.h"

namespace leoflow::kube {
namespace {

constexpr size_t kSecretNameRandom = 10;  // characters: each pod has a Secret of its own

// The pod's name is taken by this very place.
bool ours(const json::object& pod, const PodSettings& settings, const std::string& place) {
  auto* metadata = json::object_or_null(pod, "metadata");
  auto* labels = metadata ? json::object_or_null(*metadata, "labels") : nullptr;
  return labels && json::string_or(*labels, kInstanceLabel) == settings.instance &&
         json::string_or(*labels, kPlaceLabel) == place;
}

std::string fresh_secret_name(const PodSettings& settings, const std::string& place) {
  std::string random = sha256_hex(random_token(kSecretNameRandom)).substr(0, kSecretNameRandom);
  return pod_name(settings.instance, place) + "-" + random;
}

std::string uid_of(const json::object& pod) {
  auto* metadata = json::object_or_null(pod, "metadata");
  return metadata ? json::string_or(*metadata, "uid") : "";
}

}  // namespace

void PodExecutor::want(Place& place) {
  place.pod = Place::Pod::waiting;
  creations_.push_back(place.id);
  create_more();
}

// What is decided comes before what may come.
void PodExecutor::create_more() {
  while (creating_ < kCreationsInFlightMax && !room_timer_ && create_next(creations_)) continue;
  while (creations_.empty() && creating_ < kAheadInFlightMax && !room_timer_ &&
         create_next(creations_ahead_))
    continue;
}

// False when the queue is empty.
bool PodExecutor::create_next(std::deque<std::string>& queue) {
  if (queue.empty()) return false;
  std::string id = std::move(queue.front());
  queue.pop_front();
  auto found = places_.find(id);
  bool wanted = found != places_.end() && found->second->pod == Place::Pod::waiting;
  if (wanted && !found->second->reported) create(id);
  return true;
}

void PodExecutor::create(const std::string& id) {
  Place& place = *places_.at(id);
  auto plan = planner_.plan(place.item ? *place.item : *place.expected);
  if (!plan && !place.item) return erase(place);
  if (!plan) return report_lost(place, plan.error().message());
  place.pod = Place::Pod::asked;
  place.begun = clock_.now();
  place.made_here = true;
  ++creating_;
  if (!plan->volume) return with_volume(id, *plan, {});
  auto then = [this, alive = alive_, id, plan = *plan](Status made) {
    if (*alive) with_volume(id, plan, std::move(made));
  };
  staging_.ensure(*plan->volume, std::move(then));
}

void PodExecutor::with_volume(const std::string& id, const PodPlan& plan, Status made) {
  auto found = places_.find(id);
  if (found == places_.end()) {
    --creating_;
    return create_more();
  }
  Place& place = *found->second;
  if (!made) {
    --creating_;
    const Error& error = made.error();
    bool passes = error.code() != Code::invalid && error.code() != Code::denied;
    ApiFailure failure{error, 0, {}, std::nullopt};
    if (!place.item) return refused_ahead(place, failure);
    return passes ? wait_for_room(place, error.message(), timing_.room_wait_first)
                  : refused(place, failure);
  }
  PodRequest request{.place = id,
                     .item = place.item ? *place.item : *place.expected,
                     .dag = plan.dag.get(),
                     .task = plan.task,
                     .volume = plan.volume ? plan.volume->name : std::string(),
                     .image = plan.image};
  if (place.item) request.attempt = place.item->attempt;
  if (!settings_.place_key.empty()) request.secret = fresh_secret_name(settings_, id);
  auto pod = make_pod(settings_, request);
  if (!pod) {
    --creating_;
    return refused(place, {pod.error(), 0, {}, std::nullopt});
  }
  if (auto* account = pod->at("spec").as_object().if_contains("serviceAccountName")) {
    place.account = std::string(account->as_string());
    publish(place);
  }
  send(id, json::dump(*pod));
}

void PodExecutor::send(const std::string& id, std::string body) {
  cluster_.api().create(kPods, settings_.namespace_name, std::move(body),
                        [this, alive = alive_, id](ApiResult<json::object> answer) {
                          if (*alive) created(id, std::move(answer));
                        });
}

void PodExecutor::created(const std::string& id, ApiResult<json::object> answer) {
  --creating_;
  auto found = places_.find(id);
  if (found != places_.end()) {
    Place& place = *found->second;
    if (answer) {
      room_wait_ = Duration(0);
      if (place.pod == Place::Pod::asked) place.pod = Place::Pod::made;
      place.uid = uid_of(*answer);
      place.verdict.gated_for = judge_pod(*answer).gated_for;
      open(place);
      publish(place);
      if (place.deleting && place.pod == Place::Pod::made) remove(place, 0);
      mark_bound_later(place);
    } else if (place.pod == Place::Pod::asked) {
      refused(place, answer.error());
    }
  }
  create_more();
}

// What the cluster did not take: ours already, not now, or never.
void PodExecutor::refused(Place& place, const ApiFailure& failure) {
  if (place.reported) return erase(place);
  if (!place.item) return refused_ahead(place, failure);
  if (failure.error.code() == Code::exhausted) drop_held();
  switch (failure.error.code()) {
    case Code::exists: return look_at_existing(place.id);
    case Code::exhausted:    // a quota: others have to end first
    case Code::unavailable:  // the API is away or busy
    case Code::timeout:
    case Code::conflict:
    case Code::outcome_unknown:  // perhaps it is there: the same name again will tell
      return wait_for_room(place, failure.error.message(),
                           failure.retry_after.value_or(timing_.room_wait_first));
    case Code::invalid: {
      // What the user asked for in leoflow.yaml is not to be had; trying again cannot help.
      place.pod = Place::Pod::none;
      Outcome outcome{.attempt = place.item->attempt,
                      .kind = OutcomeKind::failed,
                      .retryable = false,
                      .reason = "the pod cannot be made: " + failure.error.text()};
      outcome.ended_at = clock_.now();
      return report(place, std::move(outcome));
    }
    default:
      place.pod = Place::Pod::none;
      return report_lost(place, "the pod cannot be made: " + failure.error.message());
  }
}

void PodExecutor::look_at_existing(const std::string& id) {
  cluster_.api().get(kPods, settings_.namespace_name, pod_name(settings_.instance, id),
                     [this, alive = alive_, id](ApiResult<json::object> pod) {
                       auto found = *alive ? places_.find(id) : places_.end();
                       if (!*alive || found == places_.end()) return;
                       Place& place = *found->second;
                       if (place.pod != Place::Pod::asked) return;
                       if (pod && ours(*pod, settings_, id)) {
                         place.pod = Place::Pod::made;
                         return on_object(pod_name(settings_.instance, id), *pod);
                       }
                       if (!pod && pod.error().error.code() != Code::not_found)
                         return wait_for_room(place, pod.error().error.message(),
                                              timing_.room_wait_first);
                       place.pod = Place::Pod::none;
                       report_lost(place, pod ? "another pod has its name" : "the pod is gone");
                     });
}

// A pod that waits for its Secret gets it, and then may be scheduled. After a failure the next tick
// begins again: the Secret that is there already is the pod's own.
void PodExecutor::open(Place& place) {
  if (place.verdict.gated_for.empty() || place.opening || place.deleting) return;
  if (settings_.place_key.empty() || place.uid.empty()) return;
  place.opening = true;
  auto secret = make_pod_secret(settings_, place.id, place.verdict.gated_for, place.uid);
  cluster_.api().create(kSecrets, settings_.namespace_name, json::dump(secret),
                        [this, alive = alive_, id = place.id](ApiResult<json::object> answer) {
                          if (*alive) opened(id, true, std::move(answer));
                        });
}

void PodExecutor::opened(const std::string& id, bool secret, ApiResult<json::object> answer) {
  auto found = places_.find(id);
  if (found == places_.end()) return;
  Place& place = *found->second;
  bool there = answer || (secret && answer.error().error.code() == Code::exists);
  if (there && !secret) return place.verdict.gated_for.clear(), void();
  if (there) {
    auto then = [this, alive = alive_, id](ApiResult<json::object> patched) {
      if (*alive) opened(id, false, std::move(patched));
    };
    return cluster_.api().merge(kPods, settings_.namespace_name, pod_name(settings_.instance, id),
                                json::dump(open_pod()), then);
  }
  place.opening = false;
  const Error& error = answer.error().error;
  if (error.code() == Code::not_found) return;  // the pod is gone; the watch tells
  std::string reason = "the pod cannot get its secret: " + error.message();
  bool for_good = error.code() == Code::denied || error.code() == Code::invalid;
  if (!for_good && place.item) engine_->on_waiting(place.item->attempt, reason);
  if (!for_good) return;
  report_lost(place, reason);
  remove(place, 0);
}

// Nobody is charged for a cluster that is full or away: everything waits, longer each time.
void PodExecutor::wait_for_room(Place& place, const std::string& reason, Duration wait) {
  place.pod = Place::Pod::waiting;
  creations_.push_front(place.id);
  if (place.told != reason && place.item) {
    place.told = reason;
    engine_->on_waiting(place.item->attempt, "waits for the cluster: " + reason);
  }
  if (room_timer_) return;
  room_wait_ = std::clamp(room_wait_ * 2, std::min(wait, timing_.room_backoff_max),
                          timing_.room_backoff_max);
  room_timer_ = cluster_.loop().after(room_wait_, [this] {
    room_timer_ = 0;
    create_more();
  });
}

// What waited for the API need not wait for the end of its pause, and what was only said once is
// said again.
void PodExecutor::on_recovered() {
  log::info("the Kubernetes API answers again");
  for (auto& [id, place] : places_) mark_bound(*place);
  room_wait_ = Duration(0);
  if (room_timer_) cluster_.loop().cancel(std::exchange(room_timer_, 0));
  create_more();
}

}  // namespace leoflow::kube
