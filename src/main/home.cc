// SPDX-License-Identifier: Apache-2.0
#include "main/home.h"

#include <unistd.h>

#include "base/crypto.h"
#include "base/json.h"

extern "C" {
// The packed python/ folder (main/python_archive.S.in); format: tools/pack_python.
extern const char leoflow_python_archive[];
extern const char leoflow_python_archive_end[];
}

namespace leoflow {
namespace {

constexpr size_t kSocketPathMax = 100;  // sun_path holds 108 bytes

// Splits a length-prefixed field "N:" off the front of the archive.
Result<std::string_view> take_field(std::string_view& rest) {
  size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon > 12)
    return fail(Code::internal, "the packed Python side is damaged");
  size_t size = std::stoul(std::string(rest.substr(0, colon)));
  rest.remove_prefix(colon + 1);
  if (size > rest.size()) return fail(Code::internal, "the packed Python side is damaged");
  std::string_view field = rest.substr(0, size);
  rest.remove_prefix(size);
  return field;
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
    return fail(failed.code(), failed.message(), "choose a folder you may write to with --home");
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
      who = "the server at " + json::string_or(info->as_object(), "url") + " (pid " +
            std::to_string(json::int_or(info->as_object(), "pid")) + ")";
    }
  }
  return fail(Code::conflict, "the home " + home.root.string() + " is in use by " + who,
              "stop it, or give this one its own --home");
}

Result<fs::path> unpack_python(const fs::path& folder) {
  std::string_view archive(leoflow_python_archive,
                           size_t(leoflow_python_archive_end - leoflow_python_archive));
  fs::path target = folder / sha256_hex(archive).substr(0, 16);
  std::error_code error;
  if (fs::exists(target / ".complete", error)) return target;
  while (!archive.empty()) {
    auto name = take_field(archive);
    auto content = name ? take_field(archive) : name;
    if (!content) return fail(content);
    fs::path file = target / *name;
    if (auto made = make_folder(file.parent_path()); !made) return fail(made);
    if (auto written = write_file(file, *content); !written) return fail(written);
  }
  if (auto written = write_file(target / ".complete", ""); !written) return fail(written);
  return target;
}

}  // namespace leoflow
