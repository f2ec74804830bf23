// SPDX-License-Identifier: Apache-2.0
// Waiting for a run: its state as JSON lines until it has ended.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/services.h"

namespace leoflow::api {

// Tells {"state"} at once, after every change of the state and every `interval`; the last line has
// "results" too: the return values of the named tasks (a list for a mapped task, null for none).
// Ends with the run, also when it is deleted.
class RunWait : public StreamSource {
 public:
  struct Wanted {
    std::string dag_id, run_id;
    std::vector<std::string> tasks;
    Duration interval{};
  };
  // services outlives this.
  RunWait(const Services& services, Wanted wanted)
      : services_(services), wanted_(std::move(wanted)) {}

  void start(std::function<void()> wake) override;
  Next pull(std::string& out) override;
  Duration interval() const override { return wanted_.interval; }

 private:
  Status write_line(const DagRun& run, std::string& out);
  Status write_result(json::Writer& w, const DagRun& run, const std::string& task_id) const;

  const Services& services_;
  const Wanted wanted_;
  std::shared_ptr<void> subscription_;
  std::optional<RunState> told_;
  Time told_at_{};
};

}  // namespace leoflow::api
