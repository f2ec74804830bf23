// SPDX-License-Identifier: Apache-2.0
// The outcome as a pod leaves it in its termination message: what tells it when the agent could not
// report to the server. One JSON object of at most kTerminationBytesMax bytes:
//
//   {"leoflow":1,"attempt":42,"kind":"failed","retryable":true,"reason":"ValueError: x",
//    "exit_code":1,"started_at_us":N,"ended_at_us":N,
//    "cpu_us":N,"memory_peak_bytes":N,"acknowledged":false,
//    "xcoms":[{"key":"return_value","value":...,"map_index":-1}],"xcoms_missing":0,
//    "asset_events":[...]}
//
// Members at their defaults may be absent; unknown members are ignored. The reason is cut, and
// XComs and asset events are left out (and counted), until the rest fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/ids.h"
#include "model/resource_use.h"

namespace leoflow {

constexpr size_t kTerminationBytesMax = 4096;  // what the kubelet keeps of a message

struct TerminationRecord {
  struct XComValue {
    std::string key;
    std::string value_json;
    int map_index = kUnmapped;
    bool operator==(const XComValue&) const = default;
  };
  AttemptId attempt;      // 0 = the agent never had one; `reason` says why it ended
  std::string kind;       // as OutcomeKind: succeeded, failed, skipped, lost, cancelled
  bool retryable = true;  // failed only
  std::string reason;
  int64_t exit_code = 0;
  int64_t started_at_us = 0;  // 0 = user code never began
  int64_t ended_at_us = 0;
  ResourceUse use;
  bool acknowledged = false;     // the server has it: nothing of this record is needed
  std::vector<XComValue> xcoms;  // not acknowledged before, as many as fit
  int64_t xcoms_missing = 0;     // that did not fit: a success without them is not whole
  std::string asset_events;      // JSON list; empty = none. Left out, it counts as one of them

  bool operator==(const TerminationRecord&) const = default;
};

// Text of at most kTerminationBytesMax bytes.
std::string write_termination(const TerminationRecord& record);
// nullopt for a message that is not ours (a sidecar's, a user's, none). `invalid` for one of ours
// that is damaged.
Result<std::optional<TerminationRecord>> read_termination(std::string_view message);

}  // namespace leoflow
