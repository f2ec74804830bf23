// SPDX-License-Identifier: Apache-2.0
#include "authoring/interpreter.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "async/child.h"
#include "authoring/listing.h"

namespace leoflow {
namespace {

constexpr Duration kProbeTime = std::chrono::seconds(10);
constexpr const char* kProbe =
    "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)";

// What a candidate says its own path is; nothing when it does not run or is another version.
std::optional<fs::path> probe(const fs::path& candidate, const std::string& version) {
  ChildSpec spec;
  spec.program = candidate.string();
  spec.arguments = {"-I", "-S", "-c", kProbe};
  spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  RunLimits limits;
  limits.timeout = kProbeTime;
  const auto result = run_child(std::move(spec), {}, limits);
  if (!result || !result->ok()) return std::nullopt;
  const std::string& text = result->stdout_text;
  const auto line = text.find('\n');
  if (line == std::string::npos || text.substr(0, line) != version) return std::nullopt;
  fs::path executable = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  if (!executable.is_absolute()) return std::nullopt;
  return executable;
}

// A program, as opposed to a shim, that is called after the version: it need not be asked, which
// takes as long as starting the server.
bool is_plainly(const fs::path& candidate, const std::string& name) {
  std::error_code error;
  const fs::path real = fs::canonical(candidate, error);
  if (error || real.filename() != name) return false;
  std::ifstream file(real, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "\177ELF";
}

// FOLDER/*/bin/NAME, newest name first.
void add_versions(const fs::path& folder, const std::string& name, std::vector<fs::path>& into) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : list_folder(folder, error)) {
    fs::path path = entry.path() / "bin" / name;
    if (fs::exists(path, error)) found.push_back(std::move(path));
  }
  std::ranges::sort(found, std::greater<>());
  into.insert(into.end(), found.begin(), found.end());
}

}  // namespace

std::vector<fs::path> Interpreters::candidates(const std::string& version) const {
  const std::string name = "python" + version;
  std::vector<fs::path> paths;
  std::error_code error;
  for (const fs::path& folder : places_.folders) {
    if (fs::exists(folder / name, error)) paths.push_back(folder / name);
  }
  if (!places_.home.empty()) {
    add_versions(places_.home / ".local/share/uv/python", name, paths);
    add_versions(places_.home / ".pyenv/versions", name, paths);
  }
  return paths;
}

Result<fs::path> Interpreters::find(const std::string& version) {
  std::error_code error;
  const auto known = found_.with([&](auto& found) {
    auto place = found.find(version);
    return place == found.end() ? fs::path() : place->second;
  });
  if (!known.empty() && fs::exists(known, error)) return known;
  for (const fs::path& candidate : candidates(version)) {
    auto path = is_plainly(candidate, "python" + version) ? std::optional(candidate)
                                                          : probe(candidate, version);
    if (path) {
      found_.with([&](auto& found) { found[version] = *path; });
      return *path;
    }
  }
  return fail(Code::not_found, "Python " + version + " is not installed",
              "install python" + version + " (apt install python" + version +
                  ", or: uv python install " + version +
                  "), or set python_version: in leoflow.yaml to one that is");
}

std::string Interpreters::default_version() {
  for (std::string_view version : kPythonVersions) {
    if (find(std::string(version))) return std::string(version);
  }
  return std::string(kPythonDefault);
}

}  // namespace leoflow
