// SPDX-License-Identifier: Apache-2.0
// Whether the engine lives: what health, the home page and the jobs tell.
#pragma once

#include "api/services.h"

namespace leoflow::api {

struct EnginePulse {
  Time started_at{}, last{};  // of this life of the server; its last beat
  Duration silence{0};        // since then
  bool alive = false;         // not silent for longer than engine_silence_max
};

inline EnginePulse engine_pulse(const Services& services) {
  EngineStats stats = services.engine.stats();
  EnginePulse pulse{.started_at = stats.started_at, .last = stats.heartbeat};
  pulse.silence = services.clock.now() - stats.heartbeat;
  pulse.alive = pulse.silence <= services.options.engine_silence_max;
  return pulse;
}

}  // namespace leoflow::api
