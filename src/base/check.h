// SPDX-License-Identifier: Apache-2.0
// CHECK is for our own bugs only: on in all builds, prints the place and aborts. Input, peers and rows give Errors.
#pragma once

namespace leoflow {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace leoflow

#define CHECK(expression) \
  ((expression) ? (void)0 : ::leoflow::check_failed(#expression, __FILE__, __LINE__))
