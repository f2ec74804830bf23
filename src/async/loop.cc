// SPDX-License-Identifier: Apache-2.0
#include "async/loop.h"

#include <pthread.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <thread>
#include <unordered_map>

#include "async/loop_access.h"
#include "base/check.h"

namespace leoflow {

namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using Callback = std::function<void()>;

// An exception that leaves a task is our bug: noexcept turns it into an abort with the stack still
// there.
void run_task(Loop::Task& task) noexcept { task(); }
void run_callback(const Callback& callback) noexcept { callback(); }

// One descriptor with up to two directions. Shared with the pending waits, which outlive an unwatch
// by one turn.
struct Watch {
  Watch(asio::io_context& io, int fd) : descriptor(io, fd) {}
  stream_descriptor descriptor;
  std::array<std::shared_ptr<Callback>, 2> callbacks;
  std::array<bool, 2> waiting{};
};

void arm(const std::shared_ptr<Watch>& watch, size_t direction) {
  if (watch->waiting[direction]) return;
  watch->waiting[direction] = true;
  auto what = direction == 0 ? stream_descriptor::wait_read : stream_descriptor::wait_write;
  watch->descriptor.async_wait(what, [watch, direction](boost::system::error_code error) {
    watch->waiting[direction] = false;
    if (error == asio::error::operation_aborted) return;
    auto callback =
        watch->callbacks[direction];  // kept alive while it runs, even if it unwatches itself
    if (!callback) return;
    run_callback(*callback);
    if (watch->callbacks[direction]) arm(watch, direction);
  });
}

}  // namespace

struct Loop::Impl {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::unordered_map<TimerId, std::unique_ptr<asio::steady_timer>> timers;
  std::unordered_map<int, std::shared_ptr<Watch>> watches;
  TimerId last_timer = 0;

  ~Impl() {
    for (auto& [fd, watch] : watches)
      watch->descriptor.release();  // the callers own the descriptors
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() { impl_->io.run(); }
void Loop::stop() { impl_->io.stop(); }

void Loop::post(Task task) {
  asio::post(impl_->io, [task = std::move(task)]() mutable { run_task(task); });
}

Loop::TimerId Loop::after(Duration delay, Task task) {
  TimerId id = ++impl_->last_timer;
  auto timer = std::make_unique<asio::steady_timer>(impl_->io, delay);
  timer->async_wait([this, id, task = std::move(task)](boost::system::error_code error) mutable {
    if (error || impl_->timers.erase(id) == 0) return;  // cancelled, perhaps after it was due
    run_task(task);
  });
  impl_->timers.emplace(id, std::move(timer));
  return id;
}

void Loop::cancel(TimerId timer) { impl_->timers.erase(timer); }

void Loop::watch(int fd, Ready ready, std::function<void()> callback) {
  auto& watch = impl_->watches[fd];
  if (!watch) watch = std::make_shared<Watch>(impl_->io, fd);
  auto direction = size_t(ready);
  watch->callbacks[direction] = std::make_shared<Callback>(std::move(callback));
  arm(watch, direction);
}

void Loop::unwatch(int fd, Ready ready) {
  auto found = impl_->watches.find(fd);
  if (found == impl_->watches.end()) return;
  auto watch = found->second;
  watch->callbacks[size_t(ready)].reset();
  if (watch->callbacks[0] || watch->callbacks[1]) return;
  watch->descriptor.release();
  impl_->watches.erase(found);
}

boost::asio::io_context& LoopAccess::io(Loop& loop) { return loop.impl_->io; }

struct LoopThread::Impl {
  Loop loop;
  std::thread thread;
};

LoopThread::LoopThread(const char* name) : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this, name = std::string(name)] {
    pthread_setname_np(pthread_self(), name.c_str());
    impl_->loop.run();
  });
}

LoopThread::~LoopThread() { stop_and_join(); }
Loop& LoopThread::loop() { return impl_->loop; }

void LoopThread::stop_and_join() {
  if (!impl_->thread.joinable()) return;
  CHECK(impl_->thread.get_id() != std::this_thread::get_id());
  impl_->loop.stop();
  impl_->thread.join();
}

Time SystemClock::now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

}  // namespace leoflow
