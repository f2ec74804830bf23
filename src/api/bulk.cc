// SPDX-License-Identifier: Apache-2.0
#include "api/bulk.h"

#include <map>

#include "model/json_schema.h"

namespace leoflow::api {
namespace {

struct Failure {
  std::string text;
  int status;
};

struct Outcome {
  std::vector<std::string> success;
  std::vector<Failure> errors;
};

class BulkRun {
 public:
  BulkRun(Call& call, const BulkTarget& target) : call_(call), target_(target) {}

  void action(const json::object& action);
  Response answer() const;

 private:
  // What happened to one entity: its key, an empty key when it was skipped, or an error.
  Result<std::string> entity(const std::string& kind, const json::object& action,
                             const json::value& entity);
  Status check(const json::value& entity, std::string_view shape) const;
  std::string key_of(const json::object& entity) const {
    return target_.key_of ? target_.key_of(entity) : json::string_or(entity, target_.key);
  }
  bool supports(std::string_view kind) const {
    if (kind == "create") return bool(target_.put);
    return kind == "update" ? bool(target_.update) : bool(target_.remove);
  }

  Call& call_;
  const BulkTarget& target_;
  std::map<std::string, Outcome> outcomes_;
};

Status BulkRun::check(const json::value& entity, std::string_view shape) const {
  const Router& router = call_.services.router;
  auto violations = check_json_schema(entity, router.shape_of(shape), router.shapes());
  if (violations.empty()) return {};
  std::string place = path_text(violations[0].path);
  return fail(Code::invalid,
              (place.empty() ? "" : place + ": ") + field_problem(violations[0]).message);
}

Result<std::string> BulkRun::entity(const std::string& kind, const json::object& action,
                                    const json::value& entity) {
  bool by_key = kind == "delete" && entity.is_string();
  if (!by_key && !entity.is_object()) return fail(Code::invalid, "an entity must be an object");
  std::string key =
      key_of(by_key ? json::object{{target_.key, entity.get_string()}} : entity.get_object());
  if (key.empty()) return fail(Code::invalid, "an entity needs " + std::string(target_.key));
  auto exists = target_.exists(key);
  if (!exists) return fail(exists);
  if (kind == "create") {
    if (auto status = check(entity, target_.shape); !status) return fail(status);
    std::string policy = json::string_or(action, "action_on_existence", "fail");
    if (*exists && policy == "skip") return std::string();
    if (*exists && policy == "fail") return fail(Code::exists, "`" + key + "` already exists");
    if (auto status = target_.put(entity.get_object()); !status) return fail(status);
    return key;
  }
  if (!*exists) {
    if (json::string_or(action, "action_on_non_existence", "fail") == "skip") return std::string();
    return fail(Code::not_found, "`" + key + "` was not found");
  }
  if (kind == "delete") {
    if (auto status = target_.remove(key); !status) return fail(status);
    return key;
  }
  if (auto status = check(entity, target_.patch_shape); !status) return fail(status);
  std::vector<std::string> mask;
  if (const json::array* names = json::array_or_null(action, "update_mask")) {
    for (const json::value& name : *names) mask.emplace_back(name.as_string());
  }
  if (auto status = target_.update(entity.get_object(), mask); !status) return fail(status);
  return key;
}

void BulkRun::action(const json::object& action) {
  std::string kind = json::string_or(action, "action");
  Outcome& outcome = outcomes_[kind];
  for (const json::value& one : *json::array_or_null(action, "entities")) {
    if (!supports(kind)) {
      outcome.errors.push_back({"Bulk " + kind + " is not supported here", 405});
      continue;
    }
    auto done = entity(kind, action, one);
    if (!done) {
      bool invalid = done.error().code() == Code::invalid;
      outcome.errors.push_back(
          {done.error().message(), invalid ? 422 : http_status(done.error().code())});
    } else if (!done->empty()) {
      outcome.success.push_back(std::move(*done));
    }
  }
}

Response BulkRun::answer() const {
  json::Writer w;
  w.begin_object();
  for (std::string_view kind : {"create", "update", "delete"}) {
    auto found = outcomes_.find(std::string(kind));
    if (found == outcomes_.end()) {
      w.member_null(kind);
      continue;
    }
    w.key(kind).begin_object().key("success").begin_array();
    for (const std::string& key : found->second.success) w.string(key);
    w.end_array().key("errors").begin_array();
    for (const Failure& failure : found->second.errors) {
      w.begin_object()
          .member("error", failure.text)
          .member("status_code", failure.status)
          .end_object();
    }
    w.end_array().end_object();
  }
  w.end_object();
  return json_response(w);
}

}  // namespace

Result<Response> run_bulk(Call& call, const BulkTarget& target) {
  const json::array* actions = json::array_or_null(call.body, "actions");
  size_t count = 0;
  for (const json::value& action : *actions)
    count += json::array_or_null(action.as_object(), "entities")->size();
  if (count > kBulkEntitiesMax) {
    return fail(Code::invalid,
                "at most " + std::to_string(kBulkEntitiesMax) + " entities fit into one request");
  }
  return run_bulk(call, target, *actions);
}

Result<Response> run_bulk(Call& call, const BulkTarget& target, const json::array& actions) {
  BulkRun run(call, target);
  for (const json::value& action : actions) run.action(action.as_object());
  return run.answer();
}

void add_bulk_shapes(Router& router) {
  router.shape(
      "BulkAction",
      "!action:<create|update|delete> entities:[any] action_on_existence?:<fail|skip|overwrite> "
      "action_on_non_existence?:<fail|skip> update_mask?:[str]?");
  router.shape("BulkBody", "!actions:[BulkAction]");
  router.shape("BulkError", "error:str status_code:int");
  router.shape("BulkActionResponse", "success:[str] errors:[BulkError]");
  router.shape("BulkResponse",
               "create:BulkActionResponse? update:BulkActionResponse? delete:BulkActionResponse?");
}

}  // namespace leoflow::api
