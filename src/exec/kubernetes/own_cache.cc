// SPDX-License-Identifier: Apache-2.0
#include "exec/kubernetes/own_cache.h"

#include "base/log.h"
#include "exec/kubernetes/pod_spec.h"

namespace leoflow::kube {
namespace {

constexpr const char* kVolumeName = "cache";
// By which a claim is placed before a pod wants it (storage.k8s.io, AnnSelectedNode).
constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";

std::string name_of(const json::value& object) {
  auto* metadata =
      object.is_object() ? json::object_or_null(object.as_object(), "metadata") : nullptr;
  return metadata ? json::string_or(*metadata, "name") : "";
}

}  // namespace

json::object make_cache_claim(const OwnCacheSettings& settings, const std::string& node) {
  // Without the label of instances: it is no staging volume that a sweep may take.
  json::object metadata{{"name", claim_name(settings.instance, kVolumeName)},
                        {"namespace", settings.namespace_name},
                        {"labels", json::object{{kManagedBy, "leoflow"}}},
                        {"annotations", json::object{{kSelectedNode, node}}}};
  json::object requests{{"storage", std::to_string(kOwnCacheBytes)}};
  json::object spec{{"accessModes", json::array{"ReadWriteOnce"}},
                    {"resources", json::object{{"requests", std::move(requests)}}}};
  if (!settings.storage_class.empty()) spec["storageClassName"] = settings.storage_class;
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

void OwnCache::start() {
  cluster_.loop().post([this] { find_node(); });
}

void OwnCache::do_without(const std::string& why) {
  log::info("pods share no cache", {{"reason", why}});
}

void OwnCache::find_node() {
  auto nodes = std::make_shared<json::array>();
  auto page = [nodes](json::array items) {
    for (auto& item : items) nodes->push_back(std::move(item));
  };
  cluster_.api().list(kNodes, {}, page, [this, nodes](ApiResult<std::string> listed) {
    if (!listed) return do_without("its nodes: " + listed.error().error.message());
    if (nodes->size() != 1)
      return do_without("the cluster has " + std::to_string(nodes->size()) + " nodes");
    make(name_of(nodes->front()));
  });
}

void OwnCache::make(const std::string& node) {
  std::string body = json::dump(make_cache_claim(settings_, node));
  cluster_.api().create(kVolumeClaims, settings_.namespace_name, std::move(body),
                        [this](ApiResult<json::object> made) {
                          bool there = made || made.error().error.code() == Code::exists;
                          if (!there) return do_without(made.error().error.message());
                          look();
                        });
}

void OwnCache::look() {
  std::string name = claim_name(settings_.instance, kVolumeName);
  cluster_.api().get(kVolumeClaims, settings_.namespace_name, name,
                     [this, name](ApiResult<json::object> claim) {
                       if (!claim) return look_later();
                       auto* status = json::object_or_null(*claim, "status");
                       if (!status || json::string_or(*status, "phase") != "Bound")
                         return look_later();
                       log::info("pods share a cache", {{"claim", name}});
                       ready_(name);
                     });
}

void OwnCache::look_later() {
  if (looked_ >= settings_.look_for)
    return do_without("claim " + claim_name(settings_.instance, kVolumeName) + " is not bound");
  looked_ += settings_.look_every;
  cluster_.loop().after(settings_.look_every, [this] { look(); });
}

}  // namespace leoflow::kube
