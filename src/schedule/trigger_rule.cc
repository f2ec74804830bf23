// SPDX-License-Identifier: Apache-2.0
#include "schedule/trigger_rule.h"

namespace leoflow {
namespace {

// What the rules look at, by name.
struct Facts {
  int succeeded, failed, skipped;  // failed includes upstream_failed
  bool done;
};

Verdict all_success(const Facts& is, int total, int removed) {
  if (is.failed > 0) return Verdict::upstream_fail;
  if (is.skipped > 0) return Verdict::skip;
  return is.succeeded + removed == total ? Verdict::run : Verdict::wait;
}

Verdict all_done_min_one_success(const Facts& is) {
  if (is.skipped > 0) return Verdict::skip;
  if (!is.done) return Verdict::wait;
  return is.succeeded > 0 ? Verdict::run : Verdict::upstream_fail;
}

Verdict one_success(const Facts& is) {
  if (is.succeeded > 0) return Verdict::run;
  if (!is.done) return Verdict::wait;
  return is.failed > 0 || is.skipped == 0 ? Verdict::upstream_fail : Verdict::skip;
}

Verdict none_failed(const Facts& is, bool need_success) {
  if (is.failed > 0) return Verdict::upstream_fail;
  if (!is.done) return Verdict::wait;
  return need_success && is.succeeded == 0 && is.skipped > 0 ? Verdict::skip : Verdict::run;
}

Verdict all_done_setup_success(const Facts& is, const UpstreamCounts& counts) {
  if (!is.done) return Verdict::wait;
  if (counts.setups_total == 0 || counts.setups_success > 0) return Verdict::run;
  return counts.setups_skipped == counts.setups_total ? Verdict::skip : Verdict::upstream_fail;
}

}  // namespace

Verdict evaluate(TriggerRule rule, const UpstreamCounts& counts) {
  if (counts.total == 0 || rule == TriggerRule::always) return Verdict::run;
  const Facts is{counts.success, counts.failed + counts.upstream_failed, counts.skipped,
                 counts.done() >= counts.total};
  const Verdict when_done = is.done ? Verdict::run : Verdict::wait;
  switch (rule) {
    case TriggerRule::all_success: return all_success(is, counts.total, counts.removed);
    case TriggerRule::all_failed:
      return is.succeeded > 0 || is.skipped > 0 ? Verdict::skip : when_done;
    case TriggerRule::all_done: return when_done;
    case TriggerRule::all_done_min_one_success: return all_done_min_one_success(is);
    case TriggerRule::all_skipped:
      return is.succeeded > 0 || is.failed > 0 ? Verdict::skip : when_done;
    case TriggerRule::one_success: return one_success(is);
    case TriggerRule::one_failed:
      if (is.failed > 0) return Verdict::run;
      return is.done ? Verdict::skip : Verdict::wait;
    case TriggerRule::one_done:
      if (counts.success > 0 || counts.failed > 0) return Verdict::run;
      return is.done ? Verdict::skip : Verdict::wait;
    case TriggerRule::none_failed: return none_failed(is, false);
    case TriggerRule::none_failed_min_one_success: return none_failed(is, true);
    case TriggerRule::none_skipped: return is.skipped > 0 ? Verdict::skip : when_done;
    case TriggerRule::always: return Verdict::run;
    case TriggerRule::all_done_setup_success: return all_done_setup_success(is, counts);
  }
  return Verdict::wait;
}

}  // namespace leoflow
