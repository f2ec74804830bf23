// SPDX-License-Identifier: Apache-2.0
#include "main/pod_preparations.h"

#include <fcntl.h>
#include <unistd.h>

namespace leoflow {

PodPreparations::PodPreparations(Make make) : make_(std::move(make)), thread_("pod-prepare") {
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
  enum class Found { made, waiting, fresh };
  std::optional<Error> error;
  Found found = state_.with([&](State& state) {
    if (state.made.contains(version)) return Found::made;
    if (auto failed = state.failed.extract(version)) error = failed.mapped();
    if (error) return Found::waiting;
    return state.begun.insert(version).second ? Found::fresh : Found::waiting;
  });
  if (error) return fail(*error);
  if (found == Found::made) return make_(version, cancel_read_.get());
  if (found == Found::fresh) thread_.loop().post([this, version] { make(version); });
  return fail(Code::unavailable, "what the pod fetches is being made");
}

void PodPreparations::make(DagVersionId version) {
  auto made = make_(version, cancel_read_.get());
  state_.with([&](State& state) {
    state.begun.erase(version);
    if (made) {
      state.made.insert(version);
    } else {
      state.failed.insert_or_assign(version, made.error());
    }
  });
}

}  // namespace leoflow
