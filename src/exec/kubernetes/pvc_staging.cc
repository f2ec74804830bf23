// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/pvc_staging.h"

#include <algorithm>

#include "base/log.h"
#include "exec/kubernetes/pod_spec.h"

namespace leoflow::kube {
namespace {

constexpr const char* kDefaultClass = "storageclass.kubernetes.io/is-default-class";
constexpr size_t kMadeMax = 100'000;

std::string volume_of(const json::value& object) {
  auto* metadata =
      object.is_object() ? json::object_or_null(object.as_object(), "metadata") : nullptr;
  auto* labels = metadata ? json::object_or_null(*metadata, "labels") : nullptr;
  return labels ? json::string_or(*labels, kVolumeLabel) : "";
}

std::string name_of(const json::value& object) {
  auto* metadata =
      object.is_object() ? json::object_or_null(object.as_object(), "metadata") : nullptr;
  return metadata ? json::string_or(*metadata, "name") : "";
}

bool is_default(const json::value& object) {
  auto* metadata =
      object.is_object() ? json::object_or_null(object.as_object(), "metadata") : nullptr;
  auto* marks = metadata ? json::object_or_null(*metadata, "annotations") : nullptr;
  return marks && json::string_or(*marks, kDefaultClass) == "true";
}

Status check_name(const std::string& name) {
  if (valid_staging_name(name)) return {};
  return fail(Code::invalid, "'" + name + "' is not the name of a staging volume");
}

bool will_pass(Code code) {
  return code == Code::unavailable || code == Code::timeout || code == Code::outcome_unknown ||
         code == Code::exhausted || code == Code::conflict;
}

}  // namespace

json::object make_claim(const PvcSettings& settings, const PvcRequest& request) {
  json::object labels{{kManagedBy, "leoflow"},
                      {kInstanceLabel, settings.instance},
                      {kVolumeLabel, request.name},
                      {"leoflow.io/dag", label_value(request.dag_id)}};
  json::object marks{{"leoflow.io/dag-id", request.dag_id}, {"leoflow.io/run-id", request.run_id}};
  json::object wanted{{"storage", std::to_string(request.size_bytes)}};
  json::object spec{{"accessModes", json::array{json::value(settings.access_mode)}},
                    {"resources", json::object{{"requests", std::move(wanted)}}}};
  std::string storage_class =
      request.storage_class.empty() ? settings.storage_class : request.storage_class;
  if (!storage_class.empty()) spec["storageClassName"] = storage_class;
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", json::object{{"name", claim_name(settings.instance, request.name)},
                                    {"namespace", settings.namespace_name},
                                    {"labels", std::move(labels)},
                                    {"annotations", std::move(marks)}}},
          {"spec", std::move(spec)}};
}

Status class_fits(const std::string& wanted, const json::array& classes) {
  std::string known;
  for (const json::value& one : classes) {
    if (wanted.empty() ? is_default(one) : name_of(one) == wanted) return {};
    known += (known.empty() ? "" : ", ") + name_of(one);
  }
  if (known.empty()) {
    return fail(Code::invalid, "the cluster has no storage class for staging volumes",
                "install a provisioner, or switch staging off in leoflow.yaml");
  }
  std::string why = wanted.empty() ? "the cluster has no default storage class"
                                   : "the cluster has no storage class '" + wanted + "'";
  return fail(Code::invalid, why + " for staging volumes",
              "set staging.storage_class in leoflow.yaml to one of: " + known);
}

void PvcStaging::ensure(PvcRequest request, Done done) {
  bool known = made_.with([&](const auto& made) { return made.contains(request.name); });
  if (known) return done({});
  if (auto named = check_name(request.name); !named) return done(named);
  std::string wanted =
      request.storage_class.empty() ? settings_.storage_class : request.storage_class;
  classes_checked_.contains(wanted) ? make(std::move(request), std::move(done))
                                    : check_class(std::move(request), std::move(done));
}

void PvcStaging::check_class(PvcRequest request, Done done) {
  auto classes = std::make_shared<json::array>();
  auto page = [classes](json::array items) {
    for (auto& item : items) classes->push_back(std::move(item));
  };
  cluster_.api().list(kStorageClasses, {}, page,
                      [this, classes, request = std::move(request),
                       done = std::move(done)](ApiResult<std::string> listed) mutable {
                        std::string wanted = request.storage_class.empty() ? settings_.storage_class
                                                                           : request.storage_class;
                        // Without the right to look, the claim itself will tell.
                        if (!listed && listed.error().error.code() != Code::denied)
                          return done(fail(listed.error().error));
                        if (listed) {
                          if (auto fits = class_fits(wanted, *classes); !fits) return done(fits);
                        }
                        classes_checked_.insert(wanted);
                        make(std::move(request), std::move(done));
                      });
}

void PvcStaging::make(PvcRequest request, Done done) {
  std::string body = json::dump(make_claim(settings_, request));
  cluster_.api().create(
      kVolumeClaims, settings_.namespace_name, std::move(body),
      [this, name = request.name, done = std::move(done)](ApiResult<json::object> made) mutable {
        if (!made && made.error().error.code() != Code::exists)
          return done(fail(made.error().error.within("staging volume " + name)));
        made_.with([&](auto& known) {
          if (known.size() >= kMadeMax) known.clear();
          known.insert(name);
        });
        left_.erase(name);
        done({});
      });
}

void PvcStaging::remove_later(const std::string& name) {
  made_.with([&](auto& made) { made.erase(name); });
  cluster_.loop().post([this, name] { remove_now(name); });
}

void PvcStaging::remove_now(const std::string& name) {
  cluster_.api().remove(kVolumeClaims, settings_.namespace_name,
                        claim_name(settings_.instance, name), {},
                        [this, name](ApiResult<json::object> gone) { removed(name, gone); });
}

void PvcStaging::removed(const std::string& name, const ApiResult<json::object>& gone) {
  // A run that was cleared meanwhile has it again.
  const bool wanted = made_.with([&](const auto& made) { return made.contains(name); });
  const bool done = wanted || gone || gone.error().error.code() == Code::not_found;
  const bool passes = !done && will_pass(gone.error().error.code());
  if (passes && left_.size() < kRemovalsLeftMax) {
    if (left_.empty()) {
      log::warning("staging volumes not removed; tried again",
                   {{"name", name}, {"error", gone.error().error.message()}});
    }
    left_.insert(name);
    if (removal_timer_) return;
    removal_timer_ = cluster_.loop().after(settings_.removal_pause, [this] {
      removal_timer_ = 0;
      remove_next();
    });
    return;
  }
  if (!done) {
    log::warning("staging volume not removed",
                 {{"name", name}, {"error", gone.error().error.message()}});
  }
  if (left_.erase(name) > 0 && !removal_timer_) remove_next();
}

void PvcStaging::remove_next() {
  if (!left_.empty()) remove_now(std::string(*left_.begin()));
}

Status PvcStaging::remove(const std::string& name) {
  if (auto named = check_name(name); !named) return named;
  made_.with([&](auto& made) { made.erase(name); });
  auto gone = cluster_.call([this, name](ApiClient& api, ApiClient::Reply reply) {
    api.remove(kVolumeClaims, settings_.namespace_name, claim_name(settings_.instance, name), {},
               std::move(reply));
  });
  if (gone || gone.error().error.code() == Code::not_found) return {};
  return fail(gone.error().error);
}

std::vector<StagingFound> PvcStaging::found(const json::array& claims) const {
  std::vector<StagingFound> all;
  for (const json::value& claim : claims) {
    std::string name = volume_of(claim);
    if (name.empty() || !valid_staging_name(name)) continue;
    auto made = parse_time(
        json::string_or(claim.as_object().at("metadata").as_object(), "creationTimestamp"));
    all.push_back({.name = name, .path = {}, .created_at = made.value_or(Time{})});
  }
  return all;
}

Result<std::vector<StagingFound>> PvcStaging::list() {
  auto all = std::make_shared<std::vector<StagingFound>>();
  auto answer = cluster_.call([this, all](ApiClient& api, ApiClient::Reply reply) {
    ListQuery query{.namespace_name = settings_.namespace_name,
                    .label_selector = std::string(kInstanceLabel) + "=" + settings_.instance};
    auto page = [this, all](json::array items) {
      for (StagingFound& one : found(items)) {
        if (all->size() < kStagingListMax) all->push_back(std::move(one));
      }
    };
    api.list(kVolumeClaims, query, page,
             [reply = std::move(reply)](ApiResult<std::string> listed) mutable {
               listed ? reply(json::object()) : reply(std::unexpected(listed.error()));
             });
  });
  if (!answer) return fail(answer.error().error);
  std::ranges::sort(*all, {}, &StagingFound::name);
  return std::move(*all);
}

Result<uint64_t> PvcStaging::size(const std::string& name) {
  if (auto named = check_name(name); !named) return fail(named);
  auto claim = cluster_.call([this, name](ApiClient& api, ApiClient::Reply reply) {
    api.get(kVolumeClaims, settings_.namespace_name, claim_name(settings_.instance, name),
            std::move(reply));
  });
  if (!claim) return fail(claim.error().error);
  return fail(Code::unavailable, "how full the volume '" + name + "' is, only its pods know");
}

}  // namespace leoflow::kube
