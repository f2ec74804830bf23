// SPDX-License-Identifier: Apache-2.0
// The control socket of one task process: frames up, frames down. While a call is being answered
// nothing more is read, so a task cannot pile up calls. Loop's thread only.
#pragma once

#include <functional>
#include <string>

#include "agent/frame.h"
#include "async/loop.h"
#include "base/file.h"

namespace leoflow {

class ControlChannel {
 public:
  // on_frame gets the JSON text of each frame; it may call anything here but not destroy the
  // channel.
  ControlChannel(Loop& loop, Fd socket, std::function<void(std::string frame)> on_frame);
  ~ControlChannel();

  void send(std::string_view json);
  void pause();
  void resume();
  // Takes what was already written by the other side, e.g. by a process that has just ended.
  void drain();

 private:
  void on_readable();
  void deliver();
  void flush();
  void close();

  Loop& loop_;
  Fd socket_;
  std::function<void(std::string)> on_frame_;
  FrameReader reader_;
  std::string unsent_;
  bool paused_ = false, delivering_ = false, watching_write_ = false;
};

}  // namespace leoflow
