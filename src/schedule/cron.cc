// SPDX-License-Identifier: Apache-2.0
// Cron ticks as instants. The set of ticks is what Airflow's wall-clock evaluation yields: with "*"
// hours every instant whose wall clock matches (a repeated hour ticks twice, a skipped one not at
// all); otherwise one instant per matching wall time (the later of a repeated one; a skipped one as
// far after the gap as it lies inside).
#include "schedule/cron_fields.h"
#include "schedule/cron_zone.h"
#include "schedule/timetable.h"

namespace leoflow {

struct Cron::Fields : CronFields {};

namespace {

using absl::CivilSecond;

struct Instants {
  std::optional<absl::Time> first, second;
};

Instants instants_of(CivilSecond wall, const absl::TimeZone& zone, bool every_hour) {
  absl::TimeZone::TimeInfo info = zone.At(wall);
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::UNIQUE: return {info.pre, {}};
    case absl::TimeZone::TimeInfo::SKIPPED:
      if (every_hour) return {};
      return {info.pre, {}};
    case absl::TimeZone::TimeInfo::REPEATED:
      if (every_hour) return {info.pre, info.post};
      return {info.post, {}};
  }
  return {};
}

// The tick nearest to `from` on the far side of it. Around a transition instants do not follow the
// order of their wall times, so the walk over wall times starts and ends one shift further out.
class TickSearch {
 public:
  TickSearch(const CronFields& fields, const absl::TimeZone& zone, absl::Time from, int sign)
      : fields_(fields), zone_(zone), from_(from), sign_(sign) {}

  std::optional<absl::Time> run() {
    CivilSecond local = zone_.At(from_).cs;
    bool fraction = zone_.At(from_).subsecond > absl::ZeroDuration();
    int64_t shift = shift_near(zone_, from_);
    CivilSecond start = local - sign_ * shift + (sign_ < 0 && fraction ? 1 : 0);
    CivilSecond least = local + sign_ * shift;
    for (auto wall = step(start); wall; wall = step(*wall)) {
      offer(*wall);
      bool beyond_start = sign_ > 0 ? *wall > least : *wall < least;
      if (best_ && (beyond_start || shift == 0) && beyond_best(*wall)) break;
    }
    return best_;
  }

 private:
  std::optional<CivilSecond> step(CivilSecond wall) const {
    return sign_ > 0 ? next_match(fields_, wall) : previous_match(fields_, wall);
  }

  void offer(CivilSecond wall) {
    Instants instants = instants_of(wall, zone_, fields_.every_hour);
    for (auto instant : {instants.first, instants.second}) {
      if (!instant || (sign_ > 0 ? *instant <= from_ : *instant >= from_)) continue;
      if (!best_ || (sign_ > 0 ? *instant < *best_ : *instant > *best_)) best_ = instant;
    }
  }

  bool beyond_best(CivilSecond wall) const {
    CivilSecond bound = zone_.At(*best_).cs + sign_ * shift_near(zone_, *best_);
    return sign_ > 0 ? wall >= bound : wall <= bound;
  }

  const CronFields& fields_;
  const absl::TimeZone& zone_;
  absl::Time from_;
  int sign_;
  std::optional<absl::Time> best_;
};

std::optional<Time> search(const CronFields& fields, Time from, std::string_view timezone,
                           int sign) {
  auto zone = find_zone(timezone);
  if (!zone) return std::nullopt;
  auto found = TickSearch(fields, *zone, to_absl(from), sign).run();
  if (!found) return std::nullopt;
  return from_absl(*found);
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  auto fields = parse_cron_fields(text);
  if (!fields) return fail(fields);
  Cron cron;
  cron.fields_ = std::make_shared<const Fields>(Fields{*std::move(fields)});
  return cron;
}

std::optional<Time> Cron::next(Time after, std::string_view timezone) const {
  return search(*fields_, after, timezone, 1);
}

std::optional<Time> Cron::previous(Time before, std::string_view timezone) const {
  return search(*fields_, before, timezone, -1);
}

std::string Cron::describe() const { return describe_cron(*fields_); }

bool valid_timezone(std::string_view name) { return find_zone(name).has_value(); }

}  // namespace leoflow
