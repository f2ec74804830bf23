// SPDX-License-Identifier: Apache-2.0
#include <future>

namespace leoflow {

template <typename T, typename Call>
Result<T> wait_reply(Call call, Duration timeout) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  // The reply owns the promise: if it is dropped unanswered, the future reports a broken promise.
  Reply<T> reply = [promise = std::move(promise)](Result<T> result) { promise->set_value(std::move(result)); };
  call(std::move(reply));
  if (future.wait_for(timeout) != std::future_status::ready) {
    return fail(Code::timeout, "the engine did not answer in time");
  }
  try {
    return future.get();
  } catch (const std::future_error&) {
    return fail(Code::unavailable, "the engine is stopping");
  }
}

}  // namespace leoflow
