// SPDX-License-Identifier: Apache-2.0
// Any text as a cron expression: parsing never crashes, and what is accepted has ticks in order.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "schedule/timetable.h"

namespace {

using leoflow::Cron;
using leoflow::Duration;
using leoflow::Time;

constexpr std::string_view kZones[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe", "+05:30"};

// The hour before a clock change of Berlin in 2024, or an ordinary one.
Time instant_of(uint8_t choice) {
  constexpr int64_t kSeconds[] = {1711846800, 1729990800, 1704067200, 1709251199};
  return leoflow::from_micros((kSeconds[choice % 4] + choice) * 1'000'000);
}

void check_ticks(const Cron& cron, std::string_view zone, Time at) {
  auto next = cron.next(at, zone);
  if (next) {
    CHECK(*next > at);
    auto back = cron.previous(*next, zone);
    CHECK(!back || *back <= at);
  }
  auto previous = cron.previous(at, zone);
  if (previous) {
    CHECK(*previous < at);
    auto forth = cron.next(*previous, zone);
    CHECK(!forth || *forth >= at);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto cron = Cron::parse(text);
  if (!cron) {
    CHECK(!cron.error().message().empty());
    return 0;
  }
  cron->describe();
  check_ticks(*cron, kZones[data[0] / 64], instant_of(data[0]));
  return 0;
}
