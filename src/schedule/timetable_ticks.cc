// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "schedule/timetable_kinds.h"

namespace leoflow {
namespace {

constexpr Duration kInstant{1};

class CronTicks final : public Ticks {
 public:
  CronTicks(Cron cron, std::string timezone)
      : cron_(std::move(cron)), timezone_(std::move(timezone)) {}

  std::optional<Time> next(Time after) const override { return cron_.next(after, timezone_); }
  std::optional<Time> previous(Time before) const override {
    return cron_.previous(before, timezone_);
  }
  std::optional<Time> align_next(Time at) const override { return next(at - kInstant); }
  std::optional<Time> align_previous(Time at) const override { return previous(at + kInstant); }

  // The last interval that is over by now; one that ends right now counts as over.
  std::optional<Time> latest_interval_start(Time now) const override {
    auto end = align_previous(now);
    auto start = end ? previous(*end) : std::nullopt;
    return start ? start : align_next(now);
  }

  std::optional<Time> first_trigger(const ScheduleSpec& spec, Time now) const override {
    auto past = align_previous(now), coming = align_next(now);
    if (!past || !coming) return past ? past : coming;
    using Immediately = ScheduleSpec::Immediately;
    if (spec.run_immediately == Immediately::yes) return past;
    Duration window = std::max<Duration>((*coming - *past) / 10, std::chrono::minutes(5));
    if (spec.run_immediately == Immediately::window) window = spec.immediately_window;
    return now - *past <= window ? past : coming;
  }

 private:
  Cron cron_;
  std::string timezone_;
};

class DeltaTicks final : public Ticks {
 public:
  explicit DeltaTicks(Duration delta) : delta_(delta) {}

  std::optional<Time> next(Time after) const override { return after + delta_; }
  std::optional<Time> previous(Time before) const override { return before - delta_; }
  std::optional<Time> align_next(Time at) const override { return at; }
  std::optional<Time> align_previous(Time at) const override { return at; }

  // Borders are counted from the epoch, so that they do not drift with the moment of asking.
  std::optional<Time> latest_interval_start(Time now) const override {
    Duration over = now.time_since_epoch() % delta_;
    if (over < Duration(0)) over += delta_;
    return now - over - delta_;
  }
  std::optional<Time> first_trigger(const ScheduleSpec&, Time now) const override { return now; }

 private:
  Duration delta_;
};

}  // namespace

std::shared_ptr<const Ticks> make_cron_ticks(Cron cron, std::string timezone) {
  return std::make_shared<const CronTicks>(std::move(cron), std::move(timezone));
}

std::shared_ptr<const Ticks> make_delta_ticks(Duration delta) {
  return std::make_shared<const DeltaTicks>(delta);
}

}  // namespace leoflow
