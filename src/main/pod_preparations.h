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

// Any thread.
class PodPreparations {
 public:
  // Blocks; ends with an error once cancel_fd is readable. Made again it is quick.
  using Make = std::function<Result<PodPreparation>(DagVersionId version, int cancel_fd)>;
  explicit PodPreparations(Make make);
  ~PodPreparations();  // cancels what is being made

  // `unavailable` while it is made for the first time: ask again. The error of making it is told
  // once, the next question makes it anew.
  Result<PodPreparation> get(DagVersionId version);

 private:
  struct State {
    std::set<DagVersionId> begun, made;
    std::map<DagVersionId, Error> failed;
  };
  void make(DagVersionId version);

  Make make_;
  Fd cancel_read_, cancel_write_;
  Guarded<State> state_;
  LoopThread thread_;  // last: its tasks use the rest
};

}  // namespace leoflow
