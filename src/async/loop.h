// SPDX-License-Identifier: Apache-2.0
// An event loop that one thread runs: the strand of the component that owns it. Posted functions, timers and
// descriptor watches all run on that thread, one at a time. Asio is behind it, in loop.cc only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/time.h"

namespace leoflow {

class Loop {
 public:
  using Task = std::move_only_function<void()>;
  using TimerId = uint64_t;   // 0 is never handed out

  Loop();
  ~Loop();                    // Requires: run() has returned or was never called
  Loop(const Loop&) = delete;

  // Runs until stop(); the calling thread becomes the loop's thread. Exceptions from tasks abort the program.
  void run();
  // Any thread. run() returns after the task in progress; what is still queued is dropped with the loop.
  void stop();
  // Any thread: runs task on the loop's thread, in the order of posts from one thread.
  void post(Task task);

  // The rest: loop's thread only (or before run()).
  // Runs task once after at least `delay` on the monotonic clock.
  TimerId after(Duration delay, Task task);
  void cancel(TimerId timer);   // an unknown or fired timer is ignored

  enum class Ready { read, write };
  // Runs callback each time fd is ready (level-triggered) until unwatch(fd, ready). The caller keeps fd open and
  // unwatches before closing it. The callback may unwatch itself.
  void watch(int fd, Ready ready, std::function<void()> callback);
  void unwatch(int fd, Ready ready);

 private:
  friend struct LoopAccess;  // async/loop_access.h
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A Loop with its own thread. The thread starts in the constructor; stop_and_join() (or the destructor) ends it.
class LoopThread {
 public:
  explicit LoopThread(const char* name);  // thread name, at most 15 characters
  ~LoopThread();
  Loop& loop();
  void stop_and_join();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The host's wall clock: the only implementation of Clock outside tests.
class SystemClock : public Clock {
 public:
  Time now() const override;
};

}  // namespace leoflow
