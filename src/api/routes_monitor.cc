// SPDX-License-Identifier: Apache-2.0
// /version, /monitor/health, /metrics, and the page at /.
#include "api/call.h"
#include "api/engine_pulse.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

// Clients look here for what they may ask: it is Airflow's API that this server speaks.
constexpr std::string_view kAirflowVersion = "3.3.2";

Result<Response> get_version(Call& call) {
  json::Writer w;
  w.begin_object()
      .member("version", kAirflowVersion)
      .member("git_version", "leoflow " + call.services.options.version)
      .end_object();
  return json_response(w);
}

void health_member(json::Writer& w, std::string_view name, bool healthy,
                   const std::optional<Time>& heartbeat) {
  w.key(name).begin_object().member("status", healthy ? "healthy" : "unhealthy");
  if (name != "metadatabase") {
    std::string key = "latest_" + std::string(name) + "_heartbeat";
    if (heartbeat) {
      w.member(key, format_iso(*heartbeat));
    } else {
      w.member_null(key);
    }
  }
  w.end_object();
}

// Timers of sensors and deferrals live in the engine, so the triggerer is as healthy as the
// scheduler.
Result<Response> get_health(Call& call) {
  EnginePulse engine = engine_pulse(call.services);
  bool database = call.services.store.settings().get_setting("instance_id").has_value();
  WorkspaceState workspace = call.services.workspace.workspace();
  json::Writer w;
  w.begin_object();
  health_member(w, "metadatabase", database, {});
  health_member(w, "scheduler", engine.alive, engine.last);
  health_member(w, "triggerer", engine.alive, engine.last);
  health_member(w, "dag_processor", workspace.path.empty() || workspace.watching,
                workspace.last_scan);
  w.end_object();
  return json_response(w);
}

Result<Response> get_metrics(Call& call) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body =
      call.services.metrics.text(call.services.engine.stats(), call.services.clock.now());
  return response;
}

}  // namespace

void add_monitor_routes(Router& router) {
  router.tag("Monitor");
  router.shape("VersionInfo", "version:str git_version:str?");
  router.shape("BaseInfoResponse", "status:<healthy|unhealthy>?");
  router.shape("SchedulerInfoResponse",
               "status:<healthy|unhealthy>? latest_scheduler_heartbeat:str?");
  router.shape("TriggererInfoResponse",
               "status:<healthy|unhealthy>? latest_triggerer_heartbeat:str?");
  router.shape("DagProcessorInfoResponse",
               "status:<healthy|unhealthy>? latest_dag_processor_heartbeat:str?");
  router.shape("HealthInfoResponse",
               "metadatabase:BaseInfoResponse scheduler:SchedulerInfoResponse "
               "triggerer:TriggererInfoResponse "
               "dag_processor?:DagProcessorInfoResponse");
  router.add(Method::get, "/api/v2/version", "get_version", get_version)
      .about("The version of Airflow's API; git_version names this program and its version")
      .answers_with(200, "VersionInfo");
  router.add(Method::get, "/api/v2/monitor/health", "get_health", get_health)
      .about("Health of the parts")
      .answers_with(200, "HealthInfoResponse");
  router.add(Method::get, "/metrics", "get_metrics", get_metrics)
      .about("Prometheus metrics")
      .answers_with(200, "", "text/plain");
}

}  // namespace leoflow::api
