// SPDX-License-Identifier: Apache-2.0
#include "main/home.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/crypto.h"
#include "base/json.h"
#include "main/embedded.h"
#include "main/host.h"

namespace leoflow {
namespace {

constexpr size_t kSocketPathMax = 100;  // sun_path holds 108 bytes
constexpr int kLockTriesMax = 200;
constexpr int kLockTryEveryMs = 10;

// A server that was killed while it started a process has its lock until that process has begun.
Result<Fd> lock_of_dead_server(const Home& home, int64_t pid) {
  Fd lock(open(home.server_lock().c_str(), O_RDWR | O_CLOEXEC));
  for (int tries = 0; lock && tries < kLockTriesMax && !process_runs(pid); ++tries) {
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    poll(nullptr, 0, kLockTryEveryMs);
  }
  return lock_file(home.server_lock());
}

}  // namespace

Result<Home> open_home(const fs::path& root) {
  std::error_code error;
  Home home{fs::weakly_canonical(fs::absolute(root, error), error)};
  if (home.agent_socket().string().size() > kSocketPathMax) {
    return fail(Code::invalid,
                "the home " + home.root.string() + " is too long a path for a socket below it",
                "choose a home of at most " + std::to_string(kSocketPathMax - 16) + " characters");
  }
  auto hint = [&](Error failed) {
    return fail(
        failed.code(), failed.message(),
        failed.hint().empty() ? "choose a folder you may write to with --home" : failed.hint());
  };
  if (auto made = make_folder(home.root, 0700); !made) return hint(made.error());
  if (access(home.root.c_str(), W_OK) != 0) return hint(from_errno("write to", home.root.string()));
  for (const fs::path& part : {home.run_folder(), home.logs(), home.bundles(), home.staging(),
                               home.xcoms(), home.agent_folder(), home.python()}) {
    if (auto made = make_folder(part, 0700); !made) return hint(made.error());
  }
  return home;
}

Result<Fd> lock_home(const Home& home) {
  auto lock = lock_file(home.server_lock());
  if (lock || lock.error().code() != Code::conflict) return lock;
  std::string who = "another server";
  if (auto text = read_file(home.server_info())) {
    if (auto info = json::parse(*text); info && info->is_object()) {
      int64_t pid = json::int_or(info->as_object(), "pid");
      lock = lock_of_dead_server(home, pid);
      if (lock || lock.error().code() != Code::conflict) return lock;
      who = "the server at " + json::string_or(info->as_object(), "url") + " (pid " +
            std::to_string(pid) + ")";
    }
  }
  return fail(Code::conflict, "the home " + home.root.string() + " is in use by " + who,
              "stop it, or give this one its own --home");
}

Result<fs::path> unpack_python(const fs::path& folder) {
  std::string_view archive = python_archive();
  fs::path target = folder / sha256_hex(archive).substr(0, 16);
  std::error_code error;
  if (fs::exists(target / ".complete", error)) return target;
  auto files = read_archive(archive);
  if (!files) return fail(files);
  for (const ArchiveFile& packed : *files) {
    fs::path file = target / packed.path;
    if (auto made = make_folder(file.parent_path()); !made) return fail(made);
    if (auto written = write_file(file, packed.content); !written) return fail(written);
  }
  if (auto written = write_file(target / ".complete", ""); !written) return fail(written);
  return target;
}

}  // namespace leoflow
