// SPDX-License-Identifier: Apache-2.0
// /dagRuns/{dag_run_id}/wait: a run's state as JSON lines until it has ended.
#include <algorithm>

#include "api/lookup.h"
#include "api/params_check.h"
#include "api/routes.h"
#include "api/run_wait.h"

namespace leoflow::api {
namespace {

constexpr size_t kResultTasksMax = 100;
constexpr double kIntervalSecondsMin = 0.1, kIntervalSecondsMax = 60;

Result<Response> wait_for_run(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  double seconds = read_number(call.query_or("interval")).value_or(0);
  if (seconds <= 0) return fail(Code::invalid, "interval must be a number of seconds above 0");
  seconds = std::clamp(seconds, kIntervalSecondsMin, kIntervalSecondsMax);
  RunWait::Wanted wanted{.dag_id = run->dag_id, .run_id = run->run_id};
  wanted.tasks = call.query_all("result");
  if (wanted.tasks.size() > kResultTasksMax)
    return fail(Code::invalid, "at most 100 tasks may be named in result");
  wanted.interval = std::chrono::microseconds(int64_t(seconds * 1e6));
  Response response;
  response.content_type = "application/x-ndjson";
  response.stream = std::make_unique<RunWait>(call.services, std::move(wanted));
  return response;
}

}  // namespace

void add_run_wait_routes(Router& router) {
  router.tag("DagRun");
  router
      .add(Method::get, "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
           "wait_dag_run_until_finished", wait_for_run)
      .about("The state as JSON lines, at each change and each interval, until the run has ended")
      .takes({{.name = "interval",
               .kind = Param::Kind::number,
               .summary = "Seconds between lines (0.1 to 60)",
               .required = true},
              {.name = "result",
               .summary = "Tasks whose return values the last line tells",
               .repeated = true}})
      .answers_with(200, "", "application/x-ndjson");
}

}  // namespace leoflow::api
