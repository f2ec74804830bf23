// SPDX-License-Identifier: Apache-2.0
// What a container tool said when it failed, as an Error with the way out. Pure.
#pragma once

#include <string>
#include <string_view>

#include "authoring/image_plan.h"
#include "base/error.h"

namespace leoflow {

struct ToolFailure {
  std::string tool, program;  // "podman", "/usr/bin/podman"
  std::string step;           // "build", "login", "push"
  std::string status;         // "exit code 125"
  std::string said;           // all that it printed
};

// Tools tell why in words only, so these are looked for. What is not known is `invalid`, with the
// last lines and the general way out.
Error image_failure(const ToolFailure& failure, const ImagePlan& plan);

// The last lines of a text, for people who may have seen them pass.
std::string last_lines(std::string_view text);

}  // namespace leoflow
