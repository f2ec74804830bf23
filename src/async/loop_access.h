// SPDX-License-Identifier: Apache-2.0
// The Asio context behind a loop, for the .cc files of async/ only.
#pragma once

#include <boost/asio/io_context.hpp>

#include "async/loop.h"

namespace leoflow {

struct LoopAccess {
  static boost::asio::io_context& io(Loop& loop);
};

}  // namespace leoflow
