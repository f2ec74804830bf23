// SPDX-License-Identifier: Apache-2.0
// /jobs: the long-lived processes of the installation, as Airflow lists them. Here it is one: the
// engine of this server, in its present life. Earlier lives are not kept.
#include <algorithm>

#include "api/call.h"
#include "api/engine_pulse.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr std::string_view kSchedulerJob = "SchedulerJob", kRunning = "running";

struct Job {
  EnginePulse engine;
  ServerProcess process;
  std::string executor;
};

Job scheduler_job(const Services& services) {
  Job job{.engine = engine_pulse(services), .process = services.host.process()};
  auto executors = services.host.executors();
  if (!executors.empty()) job.executor = executors.front().name;
  return job;
}

bool within(const Range<Time>& range, Time time) {
  return (!range.gte || time >= *range.gte) && (!range.gt || time > *range.gt) &&
         (!range.lte || time <= *range.lte) && (!range.lt || time < *range.lt);
}

bool wanted(const Call& call, const Job& job) {
  auto differs = [&](std::string_view filter, std::string_view is) {
    return call.query_text(filter).value_or(std::string(is)) != is;
  };
  bool other = differs("job_type", kSchedulerJob) || differs("job_state", kRunning) ||
               differs("hostname", job.process.hostname) || differs("executor_class", job.executor);
  bool ended = !call.time_range("end_date").empty();  // asks for jobs with an end
  return !other && !ended &&
         call.query_bool("is_alive").value_or(job.engine.alive) == job.engine.alive &&
         within(call.time_range("start_date"), job.engine.started_at);
}

void write_job(json::Writer& w, const Job& job) {
  w.begin_object().member("id", 1).member_null("dag_id").member("state", kRunning);
  w.member("job_type", kSchedulerJob).member("start_date", api_time(job.engine.started_at));
  w.member_null("end_date").member("latest_heartbeat", api_time(job.engine.last));
  member_text(w, "executor_class", job.executor);
  member_text(w, "hostname", job.process.hostname);
  member_text(w, "unixname", job.process.user);
  w.member_null("dag_display_name").end_object();
}

Result<Response> get_jobs(Call& call) {
  auto page = call.page(
      "id dag_id state job_type start_date end_date latest_heartbeat executor_class hostname "
      "unixname",
      "id");
  if (!page) return fail(page);
  Job job = scheduler_job(call.services);
  bool listed = wanted(call, job);
  json::Writer w;
  w.begin_object().key("jobs").begin_array();
  if (listed && page->offset == 0 && page->limit > 0) write_job(w, job);
  w.end_array().member("total_entries", int(listed)).end_object();
  return json_response(w);
}

}  // namespace

void add_job_routes(Router& router) {
  router.tag("Job");
  router.shape("JobResponse",
               "id:int dag_id:str? state:str? job_type:str? start_date:time? end_date:time? "
               "latest_heartbeat:time? executor_class:str? hostname:str? unixname:str? "
               "dag_display_name:str?");
  router.shape("JobCollectionResponse", "jobs:[JobResponse] total_entries:int");
  router.add(Method::get, "/api/v2/jobs", "get_jobs", get_jobs)
      .about("The scheduler of this server, alive as /monitor/health says")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(instant_range("start_date"))
      .takes(instant_range("end_date"))
      .takes({{.name = "is_alive", .kind = Param::Kind::boolean},
              {.name = "job_state"},
              {.name = "job_type"},
              {.name = "hostname"},
              {.name = "executor_class"}})
      .answers_with(200, "JobCollectionResponse");
}

}  // namespace leoflow::api
