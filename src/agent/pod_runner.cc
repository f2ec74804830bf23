// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_runner.h"

#include <poll.h>

#include <algorithm>

#include "base/log.h"

namespace leoflow {

PodRunner::PodRunner(Loop& loop, const Clock& clock, LocalRunner& inner, Options options)
    : loop_(loop),
      clock_(clock),
      inner_(inner),
      options_(std::move(options)),
      cache_(options_.cache, options_.cache_bytes_max, clock),
      thread_("agent-fetch") {}

PodRunner::~PodRunner() = default;

// One after the other on its thread.
void PodRunner::fetch(const std::string& environment_json, const LaunchSources& sources,
                      Fetched done) {
  std::string environment = environment_name(environment_json);
  thread_.loop().post([this, environment, sources, done = std::move(done),
                       alive = alive_]() mutable {
    auto paths = std::make_shared<Result<FetchedPaths>>(fetch_now(environment, sources));
    loop_.post([this, environment, sources, done = std::move(done), paths,
                weak = std::weak_ptr<bool>(alive)] {
      if (!weak.lock()) return;
      if (*paths) ready_ = Ready{environment, sources, **paths};
      done(std::move(*paths));
    });
  });
}

Result<FetchedPaths> PodRunner::fetch_now(const std::string& environment,
                                          const LaunchSources& sources) {
  const pod::ImageContent& image = options_.content;
  FetchedPaths paths;
  auto runtime = get(sources.runtime);
  if (!runtime) return fail(runtime.error().within("the task runtime"));
  paths.runtime = std::move(*runtime);
  paths.bytecode = bytecode_folder();
  if (!image.bundle.empty() && image.bundle == fs::path(sources.bundle_path).filename()) {
    paths.bundle = pod::kImageBundle;
  } else {
    auto bundle = get(sources.bundle);
    if (!bundle) return fail(bundle.error().within("the DAG's files"));
    paths.bundle = std::move(*bundle);
  }
  if (sources.environment.empty()) return paths;
  if (!image.environment.empty() && image.environment == environment) {
    paths.environment = image.site_packages;
    return paths;
  }
  auto packages = get(sources.environment);
  if (!packages) return fail(packages.error().within("the DAG's environment"));
  paths.environment = std::move(*packages);
  return paths;
}

// Small images have a standard library that is not compiled, on a disk that nobody may write to.
fs::path PodRunner::bytecode_folder() {
  if (!options_.cache_shared || options_.image.empty()) return {};
  auto folder = cache_.shared_folder("bytecode of " + options_.image, kBytecodeBytes);
  if (folder) return *folder;
  log::info("what is compiled is not kept", {{"reason", folder.error().message()}});
  return {};
}

Result<fs::path> PodRunner::get(const std::string& hash) {
  auto delay = kFetchRetryMin;
  for (int tries = 1;; ++tries) {
    auto path = cache_.get(hash, options_.fetch);
    bool again =
        !path && (path.error().code() == Code::unavailable || path.error().code() == Code::timeout);
    if (!again || tries >= kFetchTriesMax) return path;
    if (tries == 1) log::warning(path.error().message(), {{"archive", hash}});
    poll(nullptr, 0, int(delay.count()));
    delay = std::min<std::chrono::milliseconds>(delay * 2, kFetchRetryMax);
  }
}

void PodRunner::prepare(const std::string& environment_json, const LaunchSources& sources) {
  fetch(environment_json, sources, [this, environment_json, sources](Result<FetchedPaths> paths) {
    if (!paths) return log::warning(paths.error().message());
    auto python = find_interpreter(sources.python_version, options_.folders, options_.image);
    if (!python) return log::warning(python.error().message());
    auto environment = environment_in_pod(environment_json, *python, paths->environment);
    if (!environment) return log::warning(environment.error().message());
    inner_.set_python_dir(paths->runtime, paths->bytecode);
    inner_.warm(*environment);
    log::info("prepared", {{"python", python->string()}});
  });
}

void PodRunner::launch(Launch launch) {
  AttemptId attempt = launch.attempt;
  if (!launch.sources) return refuse(attempt, "the server did not say what the pod is to fetch");
  LaunchSources sources = *launch.sources;
  std::string environment_json = launch.environment_json;
  // A place that held has it all and waits for nothing.
  if (ready_ && ready_->sources == sources &&
      ready_->environment == environment_name(environment_json)) {
    return start(std::move(launch), ready_->paths);
  }
  fetching_.insert_or_assign(attempt, std::move(launch));
  fetch(environment_json, sources, [this, attempt](Result<FetchedPaths> paths) {
    auto found = fetching_.find(attempt);
    if (found == fetching_.end()) return;  // ended meanwhile
    Launch launch = std::move(found->second);
    fetching_.erase(found);
    start(std::move(launch), paths);
  });
}

void PodRunner::refuse(AttemptId attempt, std::string reason) {
  loop_.post(
      [this, attempt, reason = std::move(reason)] { listener_->on_refused(attempt, reason); });
}

void PodRunner::start(Launch launch, const Result<FetchedPaths>& paths) {
  AttemptId attempt = launch.attempt;
  auto started = paths ? start_in(std::move(launch), *paths) : Status(fail(paths));
  if (!started) refuse(attempt, started.error().text());
}

Status PodRunner::start_in(Launch launch, const FetchedPaths& paths) {
  auto python = find_interpreter(launch.sources->python_version, options_.folders, options_.image);
  if (!python) return fail(python);
  auto environment = environment_in_pod(launch.environment_json, *python, paths.environment);
  if (!environment) return fail(environment);
  auto start = start_in_pod(launch.start_json, launch.sources->bundle_path, paths.bundle);
  if (!start) return fail(start);
  launch.environment_json = std::move(*environment);
  launch.start_json = std::move(*start);
  launch.spill_folder.clear();
  started_.push_back(launch.attempt);
  inner_.set_python_dir(paths.runtime, paths.bytecode);
  inner_.launch(std::move(launch));
  return {};
}

void PodRunner::end(AttemptId attempt, const std::string& kind, const std::string& reason) {
  if (fetching_.erase(attempt) == 0) return inner_.end(attempt, kind, reason);
  FinishedRecord record{.kind = kind, .reason = reason, .ended_at_us = to_micros(clock_.now())};
  auto durable = listener_->on_outcome(attempt, record);
  if (!durable) log::error(durable.error().message(), {{"attempt", attempt.value}});
  listener_->on_ended(attempt);
}

void PodRunner::end_all(const std::string& kind, const std::string& reason) {
  std::vector<AttemptId> all = started_;
  for (auto& [attempt, launch] : fetching_) all.push_back(attempt);
  for (AttemptId attempt : all) end(attempt, kind, reason);
}

void PodRunner::answer(AttemptId attempt, const std::string& frame,
                       const std::vector<std::string>& masked) {
  inner_.answer(attempt, frame, masked);
}

void PodRunner::warm(const std::string&) {}

}  // namespace leoflow
