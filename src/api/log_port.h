// SPDX-License-Identifier: Apache-2.0
// Reading the logs of task tries. A log is a file of JSON lines that only grows; readers keep an
// offset.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/file.h"
#include "model/entities.h"

namespace leoflow::api {

// Which log: one per try of a task instance.
struct LogName {
  TaskInstanceName task_instance;
  int try_number = 1;
  AttemptId attempt;  // the last attempt of the try; 0 when it is not known
};

// One open log. One thread at a time.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // At most bytes_max bytes from offset; empty at the end of what is there so far.
  virtual Result<std::string> read(uint64_t offset, size_t bytes_max) = 0;
  // Bytes that are there so far.
  virtual Result<uint64_t> size() = 0;
  // Where the log comes from, as shown to users.
  virtual std::string source() const = 0;
};

// Any thread.
class LogPort {
 public:
  virtual ~LogPort() = default;
  // `not_found` when nothing was written (yet).
  virtual Result<std::unique_ptr<LogReader>> open(const LogName& name) = 0;
  // Whether all that a try wrote is here; asked once the try has ended. The last lines may come a
  // moment after its state. Waits for nothing and is true at last even when the writer is gone.
  virtual bool complete(const LogName& name) {
    static_cast<void>(name);
    return true;
  }
  // Calls `grown` from any thread after the log has grown, until the token is destroyed. A null
  // token means that the caller has to look by itself.
  virtual std::shared_ptr<void> watch(const LogName& name, std::function<void()> grown) = 0;
};

// Logs as local files. `path_of` says where; `watch` and `complete` (may be null) as above.
class LogFiles : public LogPort {
 public:
  using PathOf = std::function<fs::path(const LogName&)>;
  using Watch = std::function<std::shared_ptr<void>(const LogName&, std::function<void()>)>;
  using Complete = std::function<bool(const LogName&)>;
  explicit LogFiles(PathOf path_of, Watch watch = nullptr, Complete complete = nullptr);

  Result<std::unique_ptr<LogReader>> open(const LogName& name) override;
  bool complete(const LogName& name) override;
  std::shared_ptr<void> watch(const LogName& name, std::function<void()> grown) override;

 private:
  PathOf path_of_;
  Watch watch_;
  Complete complete_;
};

}  // namespace leoflow::api
