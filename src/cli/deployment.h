// SPDX-License-Identifier: Apache-2.0
// A project's way to a server: its archive part by part, then the deployment until it is done.
#pragma once

#include <string>

#include "cli/context.h"

namespace leoflow::cli {

struct DeployRequest {
  PackedProject project;
  std::string image;                            // empty = none
  std::string image_bundle, image_environment;  // of a generated image: what it holds
  bool activate = true, dry_run = false;
};

// Whether the server is there and lets this user deploy: asked before an image is built in vain.
Status check_server(Context& context, const PackedProject& project);

// Sends what the server lacks and waits until the server has compiled and registered it, which may
// take as long as building an environment; progress goes to the console. The deployment as the API
// shows it. A refusal of the project is `invalid`, with file, line and hint.
Result<json::object> deploy_project(Context& context, const DeployRequest& request);

}  // namespace leoflow::cli
