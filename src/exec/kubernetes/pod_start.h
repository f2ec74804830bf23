// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace leoflow::kube {

// pod_start.py without its comments: the program of `python3 -c` by which a pod gets its agent.
extern const std::string_view kPodStart;

}  // namespace leoflow::kube
