// SPDX-License-Identifier: Apache-2.0
// Messages on their way into a stream that takes one write at a time: what gathers during a write
// goes out together with the next one.
#pragma once

#include <cstddef>
#include <deque>

#include "base/check.h"

namespace leoflow {

constexpr size_t kBatchBytesMax = 1 << 20;  // a batch above it takes no more messages

// Batch is a protobuf message whose repeated field `messages` holds Message. Not thread-safe.
template <typename Batch, typename Message>
class BatchQueue {
 public:
  void push(const Message& message) {
    size_t bytes = message.ByteSizeLong();
    bool open = batches_.size() > (writing_ ? 1 : 0) && batches_.back().bytes < kBatchBytesMax;
    if (!open) batches_.emplace_back();
    *batches_.back().batch.add_messages() = message;
    batches_.back().bytes += bytes;
    bytes_ += bytes;
    ++messages_;
  }
  // The batch to write now, null when there is none or one is being written. It stays valid until
  // written().
  const Batch* begin() {
    if (writing_ || batches_.empty()) return nullptr;
    writing_ = true;
    return &batches_.front().batch;
  }
  // The write of the batch has ended.
  void written() {
    CHECK(writing_);
    writing_ = false;
    bytes_ -= batches_.front().bytes;
    messages_ -= size_t(batches_.front().batch.messages_size());
    batches_.pop_front();
  }
  void clear() { *this = BatchQueue(); }
  size_t bytes() const { return bytes_; }        // what is being written included
  size_t messages() const { return messages_; }  // the same

 private:
  struct Entry {
    Batch batch;
    size_t bytes = 0;
  };
  std::deque<Entry> batches_;  // references stay valid
  size_t bytes_ = 0, messages_ = 0;
  bool writing_ = false;
};

}  // namespace leoflow
