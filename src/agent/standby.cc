// SPDX-License-Identifier: Apache-2.0
#include "agent/standby.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

namespace leoflow {
namespace {

// The number before the next colon, which goes from the text with it; 0 when there is none.
int take_number(std::string_view& text) {
  int number = 0;
  auto colon = std::min(text.find(':'), text.size());
  auto [end, error] = std::from_chars(text.data(), text.data() + colon, number);
  bool whole = error == std::errc() && end == text.data() + colon;
  text.remove_prefix(std::min(colon + 1, text.size()));
  return whole ? number : 0;
}

}  // namespace

std::optional<StandbyInterpreter> read_standby(std::string_view text) {
  StandbyInterpreter standby;
  standby.child.pid = take_number(text);
  int channel = take_number(text);
  if (standby.child.pid <= 1 || channel <= STDERR_FILENO || text.empty()) return std::nullopt;
  if (fcntl(channel, F_SETFD, FD_CLOEXEC) != 0) return std::nullopt;
  standby.channel = Fd(channel);
  standby.child.pidfd = Fd(int(syscall(SYS_pidfd_open, standby.child.pid, 0)));
  if (!standby.child.pidfd) return std::nullopt;
  standby.python = text;
  return standby;
}

bool stands_by_for(const StandbyInterpreter& standby, const std::string& python) {
  pollfd ended{standby.child.pidfd.get(), POLLIN, 0};
  if (poll(&ended, 1, 0) != 0) return false;
  fs::path theirs(standby.python), wanted(python);
  std::error_code error;
  return theirs.parent_path() == wanted.parent_path() && fs::equivalent(theirs, wanted, error);
}

}  // namespace leoflow
