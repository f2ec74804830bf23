// SPDX-License-Identifier: Apache-2.0
// Watching a run until it ends: states from the event stream, lines from the log streams, one
// thread.
#pragma once

#include <string>

#include "cli/run_view.h"

namespace leoflow::cli {

constexpr size_t kLogStreamsMax = 64;  // open at once; further tries wait for a free one
constexpr int kReconnectsMax =
    120;  // in a row, a second apart: an upgrade of the server is shorter

struct FollowRequest {
  std::string dag_id, run_id;
  bool details = true;  // state changes and log lines; false: only wait
};

// Returns when the run has ended and its logs are shown. Survives a restart of the server. Log
// lines go to stdout (to stderr with -o json), state changes to stderr. Errors: `not_found` when
// the run is gone, `unavailable` when the server stays away.
Result<RunView> follow_run(Context& context, const FollowRequest& request);

// Prints the log of one try; with `follow` until the try ends.
struct LogRequest {
  std::string dag_id, run_id, task_id;
  int64_t map_index = -1;
  int64_t try_number = 1;
  bool follow = false;
};
Status print_log(Context& context, const LogRequest& request);

}  // namespace leoflow::cli
