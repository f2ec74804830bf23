// SPDX-License-Identifier: Apache-2.0
// Places that are started ahead. Their pods take what room is left: they are made after all others
// and go first when a quota or the nodes are full. Losing one costs nobody anything.
#include "base/log.h"
#include "exec/kubernetes/pod_executor.h"

namespace leoflow::kube {

void PodExecutor::do_expect(const WorkItem& item) {
  if (!synced_) return expected_.push_back(item);
  std::string id = place_ahead_of(item.task_instance, item.try_number);
  auto known = places_.find(id);
  bool free = known == places_.end() || (!known->second->item && !known->second->deleting);
  if (!free || clock_.now() < ahead_paused_until_) return;
  Place& place = add(id);
  // Made before a restart for a version that the run has no longer.
  if (place.seen && place.verdict.version != item.version) return drop(place);
  place.expected = item;
  place.since = clock_.now();
  publish(place);
  if (place.pod != Place::Pod::none) return;
  place.pod = Place::Pod::waiting;
  creations_ahead_.push_back(id);
  create_more();
}

void PodExecutor::do_forget(const std::string& id) {
  auto waits = [&](const WorkItem& item) {
    return place_ahead_of(item.task_instance, item.try_number) == id;
  };
  std::erase_if(expected_, waits);
  auto found = places_.find(id);
  if (found == places_.end() || found->second->item) return;
  found->second->expected.reset();
  drop(*found->second);
}

void PodExecutor::settle_expected() {
  for (const WorkItem& item : std::exchange(expected_, {})) do_expect(item);
}

// The place that holds for it, if it is good for it. One whose pod was not asked for yet is none:
// it would come no sooner than a fresh one.
PodExecutor::Place* PodExecutor::held_for(const WorkItem& item) {
  auto found = places_.find(place_ahead_of(item.task_instance, item.try_number));
  if (found == places_.end() || found->second->item) return nullptr;
  Place& place = *found->second;
  using Pod = Place::Pod;
  bool alive = (place.pod == Pod::asked || place.pod == Pod::made) && !place.deleting &&
               !place.verdict.deleting && place.verdict.phase != PodPhase::ended;
  DagVersionId version = place.expected ? place.expected->version : place.verdict.version;
  bool another = place.verdict.attempt && place.verdict.attempt != item.attempt;
  if (alive && version == item.version && !another) return &place;
  place.expected.reset();
  drop(place);
  return nullptr;
}

void PodExecutor::drop(Place& place) {
  using Pod = Place::Pod;
  if (place.pod == Pod::none || place.pod == Pod::waiting) return erase(place);
  if (place.deleting) return;
  // One whose creation is under way goes when that is answered.
  if (place.pod == Pod::made) return remove(place, kHeldGraceSeconds);
  place.deleting = true;
  publish(place);
}

// There is no room: what is decided comes first.
void PodExecutor::drop_held() {
  ahead_paused_until_ = clock_.now() + timing_.ahead_pause;
  std::vector<std::string> ids;
  for (const auto& [id, place] : places_) {
    if (place->expected && !place->item) ids.push_back(id);
  }
  if (!ids.empty()) log::info("the cluster is full: pods started ahead go", {{"pods", ids.size()}});
  for (const std::string& id : ids) do_forget(id);
}

void PodExecutor::check_held(Place& place, Duration waited) {
  if (place.deleting) return;
  if (!place.expected || !place.seen) {
    if (waited > timing_.orphan_grace) remove(place, kHeldGraceSeconds);
    return;
  }
  const PodVerdict& verdict = place.verdict;
  bool stuck = verdict.phase == PodPhase::pending && verdict.cause != PodCause::none;
  if (!stuck || waited <= timing_.held_unscheduled_max) return;
  if (verdict.no_room) return drop_held();
  place.expected.reset();
  drop(place);
}

// Nobody waits for it, so nothing is tried again.
void PodExecutor::refused_ahead(Place& place, const ApiFailure& failure) {
  log::info("a pod was not started ahead",
            {{"place", place.id}, {"reason", failure.error.message()}});
  if (failure.error.code() == Code::exhausted)
    ahead_paused_until_ = clock_.now() + timing_.ahead_pause;
  erase(place);
}

// For people, for the next server, and for the task's deadline; nothing here depends on it. Not at
// once: the kubelet would look at the pod again in the moment in which its task begins, and most
// tasks of a chain that is started ahead are over before.
void PodExecutor::mark_bound_later(const Place& place) {
  if (!place.item || place.id == place_of(place.item->attempt)) return;
  cluster_.loop().after(timing_.mark_after, [this, alive = alive_, id = place.id] {
    auto found = *alive ? places_.find(id) : places_.end();
    if (*alive && found != places_.end()) mark_bound(*found->second);
  });
}

void PodExecutor::mark_bound(Place& place) {
  bool ahead = place.item && place.id != place_of(place.item->attempt);
  if (!ahead || place.pod != Place::Pod::made || place.deleting || place.reported) return;
  if (place.verdict.attempt == place.item->attempt) return;
  auto plan = planner_.plan(*place.item);
  const TaskSpec* task = plan ? plan->task : nullptr;
  std::string body = json::dump(bind_pod(place.item->attempt, task, clock_.now() - place.begun));
  cluster_.api().merge(kPods, settings_.namespace_name, pod_name(settings_.instance, place.id),
                       std::move(body), [](ApiResult<json::object> answer) {
                         if (!answer)
                           log::info("a pod was not marked with its attempt",
                                     {{"reason", answer.error().error.message()}});
                       });
}

// Its agent lives and does not have what it had taken: nobody will ever tell how that ended.
void PodExecutor::compare_with_agent(Place& place, const std::vector<HeldAttempt>& held) {
  if (!place.item || !place.claimed || place.reported) return;
  for (const HeldAttempt& one : held) {
    if (one.attempt == place.item->attempt) return;
  }
  report_lost(place, "the agent of the pod does not have the attempt");
  remove(place, 0);
}

}  // namespace leoflow::kube
