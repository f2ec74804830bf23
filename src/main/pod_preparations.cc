// SPDX-License-Identifier: Apache-2.0
#include "main/pod_preparations.h"

#include <fcntl.h>
#include <unistd.h>

namespace leoflow {

PodPreparations::PodPreparations(Make make, Check there)
    : make_(std::move(make)), there_(std::move(there)), thread_("pod-prepare") {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return;  // then it is only not cancelled
  cancel_read_ = Fd(ends[0]);
  cancel_write_ = Fd(ends[1]);
}

PodPreparations::~PodPreparations() {
  (void)write_all(cancel_write_.get(), "x", "a pipe");
  thread_.stop_and_join();
}

Result<PodPreparation> PodPreparations::get(DagVersionId version) {
  auto made = state_.with([&](State& state) {
    auto found = state.made.find(version);
    return found == state.made.end() ? std::optional<PodPreparation>() : found->second;
  });
  if (made && there_(*made)) return *made;
  std::optional<Error> error;
  bool fresh = state_.with([&](State& state) {
    state.made.erase(version);
    if (auto failed = state.failed.extract(version)) error = failed.mapped();
    return !error && state.begun.insert(version).second;
  });
  if (error) return fail(*error);
  if (fresh) thread_.loop().post([this, version] { make(version); });
  return fail(Code::unavailable, "what the pod fetches is being made");
}

void PodPreparations::make(DagVersionId version) {
  auto made = make_(version, cancel_read_.get());
  state_.with([&](State& state) {
    state.begun.erase(version);
    if (made) {
      if (state.made.size() >= kPreparationsMax) state.made.clear();
      state.made.insert_or_assign(version, *made);
    } else {
      state.failed.insert_or_assign(version, made.error());
    }
  });
}

}  // namespace leoflow
