// SPDX-License-Identifier: Apache-2.0
// Between the session and the runner of a pod: fetches what an attempt needs before it is started,
// and translates its paths. Loop's thread only; fetching blocks a thread of its own.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/fetch_cache.h"
#include "agent/launch.h"
#include "agent/local_runner.h"
#include "agent/pod_paths.h"
#include "model/pod_image.h"

namespace leoflow {

constexpr auto kFetchRetryMin = std::chrono::milliseconds(200);
constexpr auto kFetchRetryMax = std::chrono::seconds(5);
// What the standard library of a Python takes when all of it has been compiled.
constexpr uint64_t kBytecodeBytes = uint64_t(32) << 20;
constexpr int kFetchTriesMax = 400;  // half an hour without the server; then the attempt is refused

class PodRunner : public TaskRunner {
 public:
  struct Options {
    fs::path cache;
    bool cache_shared = false;  // with pods that come after
    uint64_t cache_bytes_max = 0;
    std::string image;              // for messages, and whose bytecode is kept
    std::vector<fs::path> folders;  // where interpreters are looked for
    ArchiveBytes fetch;             // called on the fetching thread
    pod::ImageContent content;      // what the image holds: that is not fetched
  };
  // The inner runner outlives it.
  PodRunner(Loop& loop, const Clock& clock, LocalRunner& inner, Options options);
  ~PodRunner() override;

  // Before any launch; outlives it.
  void set_listener(TaskRunnerListener& listener) { listener_ = &listener; }

  // Fetches and starts the interpreter ahead. What fails is told to the attempt.
  void prepare(const std::string& environment_json, const LaunchSources& sources);
  // Ends whatever it has.
  void end_all(const std::string& kind, const std::string& reason);

  void launch(Launch launch) override;
  void end(AttemptId attempt, const std::string& kind, const std::string& reason) override;
  void answer(AttemptId attempt, const std::string& frame,
              const std::vector<std::string>& masked) override;
  // Without sources there is nothing to start it from here.
  void warm(const std::string& environment_json) override;

 private:
  using Fetched = std::function<void(Result<FetchedPaths>)>;
  // What was fetched last; the cache keeps it for as long as we are there.
  struct Ready {
    std::string environment;  // its name
    LaunchSources sources;
    FetchedPaths paths;
  };
  void refuse(AttemptId attempt, std::string reason);
  void fetch(const std::string& environment_json, const LaunchSources& sources, Fetched done);
  Result<FetchedPaths> fetch_now(const std::string& environment, const LaunchSources& sources);
  fs::path bytecode_folder();
  Result<fs::path> get(const std::string& hash);
  void start(Launch launch, const Result<FetchedPaths>& paths);
  Status start_in(Launch launch, const FetchedPaths& paths);

  Loop& loop_;
  const Clock& clock_;
  LocalRunner& inner_;
  TaskRunnerListener* listener_ = nullptr;
  Options options_;
  FetchCache cache_;  // fetching thread only
  std::optional<Ready> ready_;
  std::map<AttemptId, Launch> fetching_;
  std::vector<AttemptId> started_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // asked by results on the loop
  LoopThread thread_;                                           // last: its tasks use the rest
};

}  // namespace leoflow
