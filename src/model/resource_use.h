// SPDX-License-Identifier: Apache-2.0
// What the processes of one attempt took of their machine.
#pragma once

#include <cstdint>

#include "base/json.h"
#include "base/time.h"

namespace leoflow {

// As the kernel counts it (getrusage(2)): the task's own process and the children it waited for.
// Taken when the outcome is told, or when the process ends without telling one.
struct ResourceUse {
  Duration cpu{0};                // user and system time of all of them
  int64_t memory_peak_bytes = 0;  // largest resident size of any one of them

  // A process that ran had memory; without any nobody looked.
  bool known() const { return memory_peak_bytes > 0; }
  bool operator==(const ResourceUse&) const = default;
};

// As members "cpu_us" and "memory_peak_bytes" of an object; none of what is not known.
void write_use(json::Writer& out, const ResourceUse& use);
ResourceUse read_use(const json::object& from);

}  // namespace leoflow
