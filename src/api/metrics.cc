// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include "base/json.h"

namespace leoflow::api {
namespace {

std::string number(double value) { return json::dump(json::value(value)); }

void head(std::string& out, const char* name, const char* type, const char* help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
  out.append(" ").append(type).append("\n");
}

void single(std::string& out, const char* name, const char* type, const char* help, int64_t value) {
  head(out, name, type, help);
  out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

void engine_text(std::string& out, const EngineStats& stats, Time now) {
  single(out, "leoflow_runs_active", "gauge", "Runs that are queued or running.",
         stats.runs_active);
  single(out, "leoflow_task_instances_active", "gauge", "Unfinished task instances of active runs.",
         stats.task_instances_active);
  single(out, "leoflow_attempts_open", "gauge", "Attempts that are neither settled nor lost.",
         stats.attempts_open);
  single(out, "leoflow_engine_batches_total", "counter", "Committed batches.", stats.batches);
  single(out, "leoflow_engine_events_total", "counter", "Events taken in.", stats.events);
  single(out, "leoflow_engine_moves_total", "counter", "Committed state changes.", stats.moves);
  head(out, "leoflow_engine_heartbeat_age_seconds", "gauge",
       "Time since the engine was last seen alive.");
  out += "leoflow_engine_heartbeat_age_seconds " + number(to_seconds(now - stats.heartbeat)) + "\n";
}

}  // namespace

void Metrics::request(const std::string& operation, int status,
                      std::chrono::steady_clock::duration took) {
  double milliseconds = std::chrono::duration<double, std::milli>(took).count();
  size_t bucket = 0;
  while (bucket < kBounds.size() && milliseconds > kBounds[bucket]) ++bucket;
  std::lock_guard lock(mutex_);
  ++requests_[{operation, status}];
  ++buckets_[bucket];
  seconds_ += milliseconds / 1000;
}

std::string Metrics::text(const EngineStats& engine, Time now) const {
  std::string out;
  engine_text(out, engine, now);
  single(out, "leoflow_http_streams", "gauge", "Open streaming responses.", streams_);
  std::lock_guard lock(mutex_);
  head(out, "leoflow_http_requests_total", "counter", "Answered requests.");
  for (const auto& [key, count] : requests_) {
    out += "leoflow_http_requests_total{operation=\"" + key.first + "\",status=\"" +
           std::to_string(key.second) + "\"} " + std::to_string(count) + "\n";
  }
  head(out, "leoflow_http_request_duration_seconds", "histogram", "Time in the handler.");
  uint64_t sum = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    sum += buckets_[i];
    std::string bound = i < kBounds.size() ? number(kBounds[i] / 1000.0) : "+Inf";
    out += "leoflow_http_request_duration_seconds_bucket{le=\"" + bound + "\"} " +
           std::to_string(sum) + "\n";
  }
  out += "leoflow_http_request_duration_seconds_sum " + number(seconds_) + "\n";
  out += "leoflow_http_request_duration_seconds_count " + std::to_string(sum) + "\n";
  return out;
}

}  // namespace leoflow::api
