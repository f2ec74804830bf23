// SPDX-License-Identifier: Apache-2.0
// What pods of a version fetch, made in the background when it is first asked for: compiling and
// packing an environment takes seconds, and those who ask serve everybody.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "async/guarded.h"
#include "async/loop.h"
#include "base/file.h"
#include "rpc/claim_provider.h"

namespace leoflow {

constexpr size_t kPreparationsMax = 1000;  // remembered; past it they are looked for again

// Any thread.
class PodPreparations {
 public:
  // Blocks; ends with an error once cancel_fd is readable.
  using Make = std::function<Result<PodPreparation>(DagVersionId version, int cancel_fd)>;
  // Whether what was made is still there, which is quick to say.
  using Check = std::function<bool(const PodPreparation& made)>;
  PodPreparations(Make make, Check there);
  ~PodPreparations();  // cancels what is being made

  // Never waits: `unavailable` while it is made, or made again because it is not there any more:
  // ask again. The error of making it is told once, the next question makes it anew.
  Result<PodPreparation> get(DagVersionId version);

 private:
  struct State {
    std::set<DagVersionId> begun;
    std::map<DagVersionId, PodPreparation> made;
    std::map<DagVersionId, Error> failed;
  };
  void make(DagVersionId version);

  Make make_;
  Check there_;
  Fd cancel_read_, cancel_write_;
  Guarded<State> state_;
  LoopThread thread_;  // last: its tasks use the rest
};

}  // namespace leoflow
