// SPDX-License-Identifier: Apache-2.0
#include "authoring/discovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "authoring/leoflow_yaml.h"
#include "authoring/listing.h"

namespace leoflow {
namespace {

constexpr const char* kAirflowIgnore = ".airflowignore";

bool contains_word(std::string_view text, std::string_view word) {
  auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::ranges::search(text, word, same).begin() != text.end();
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string relative_name(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

}  // namespace

int64_t file_stamp(const fs::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return 0;
  // Mixed, not added: a replaced file with the same time and length must differ by its inode.
  uint64_t stamp = static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'007u;
  stamp = (stamp ^ static_cast<uint64_t>(status.st_mtim.tv_nsec)) * 0x9e3779b97f4a7c15u;
  stamp = (stamp ^ static_cast<uint64_t>(status.st_size)) * 0x9e3779b97f4a7c15u;
  stamp = (stamp ^ status.st_ino) * 0x9e3779b97f4a7c15u;
  return static_cast<int64_t>(stamp | 1);
}

bool is_skipped_folder(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.starts_with('.') || name == "__pycache__" || name == "venv" || name == "node_modules")
    return true;
  // A Leoflow home holds bundles: copies of DAG files.
  return is_file(path / "pyvenv.cfg") || is_file(path / "leoflow.db");
}

Discoverer::Discoverer(fs::path workspace) : workspace_(std::move(workspace)) {
  std::error_code error;
  const fs::path real = fs::canonical(workspace_, error);
  if (!error) workspace_ = real;
}

bool Discoverer::looks_like_dag_file(const fs::path& path) {
  const int64_t stamp = file_stamp(path);
  Seen& seen = seen_[path.string()];
  if (seen.stamp != stamp) {
    const auto text = read_file(path, kSafeModeBytesMax);
    seen = {stamp, text && contains_word(*text, "dag") && contains_word(*text, "airflow")};
  }
  return seen.is_dag_file;
}

// One walk over the workspace.
struct Discoverer::Walk {
  Discoverer& owner;
  Discovery found;
  std::set<std::string> entered;
  bool full = false;

  void problem(std::string text) { found.problems.push_back(std::move(text)); }

  bool add_file(DagFile file) {
    if (found.files.size() >= kDagFilesMax) {
      if (!full)
        problem("more than " + std::to_string(kDagFilesMax) + " DAG files; the rest is left out");
      full = true;
      return false;
    }
    found.files.push_back(std::move(file));
    return true;
  }

  bool enter(const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error) return problem("cannot read " + folder.string() + ": " + error.message()), false;
    if (!entered.insert(real.string()).second) return false;  // reached by a link as well
    if (found.folders.size() >= kFoldersMax) {
      if (!full)
        problem("more than " + std::to_string(kFoldersMax) + " folders; the rest is left out");
      full = true;
      return false;
    }
    found.folders.push_back(folder);
    return true;
  }

  // Name of the file that defines the project's DAGs; empty = not a project.
  std::string project_source(const fs::path& folder) {
    if (is_file(folder / kDagSourceDefault)) {
      const auto yaml = yaml_of(folder);
      return yaml ? yaml->dag_source : std::string(kDagSourceDefault);
    }
    const auto yaml = yaml_of(folder);
    if (yaml && yaml->dag_source != kDagSourceDefault) return yaml->dag_source;
    return {};
  }

  static std::optional<LeoflowYaml> yaml_of(const fs::path& folder) {
    const auto text = read_file(folder / kLeoflowYaml, kYamlBytesMax);
    if (!text) return std::nullopt;
    auto yaml = parse_leoflow_yaml(*text);
    if (!yaml) return std::nullopt;
    return std::move(*yaml);
  }

  void watch_below(const fs::path& folder, size_t depth) {
    std::error_code error;
    for (const auto& entry : list_folder(folder, error)) {
      if (!entry.is_directory(error) || is_skipped_folder(entry.path()) || depth >= kFolderDepthMax)
        continue;
      if (enter(entry.path())) watch_below(entry.path(), depth + 1);
    }
  }

  void add_project(const fs::path& folder, const std::string& name, const std::string& source) {
    DagFile file{.name = relative_name(name, source), .path = folder / source, .project = folder};
    if (is_file(folder / kLeoflowYaml)) file.yaml = folder / kLeoflowYaml;
    if (!is_file(file.path))
      found.broken[file.name] = "leoflow.yaml names dag_source '" + source + "', which is missing";
    else
      add_file(std::move(file));
    watch_below(folder, 0);
  }

  // name: of the folder, relative to the workspace. ignore: rules so far.
  void folder(const fs::path& path, const std::string& name, IgnoreRules ignore, size_t depth) {
    if (!enter(path)) return;
    const std::string source = depth <= kProjectDepthMax ? project_source(path) : "";
    if (!source.empty()) return add_project(path, name, source);
    if (auto rules = read_file(path / kAirflowIgnore, kIgnoreBytesMax)) ignore.add(*rules, name);
    std::vector<fs::path> folders;
    std::vector<DagFile> files;
    std::error_code error;
    for (const auto& entry : list_folder(path, error)) {
      const std::string entry_name = relative_name(name, entry.path().filename().string());
      const bool is_folder = entry.is_directory(error);
      if (ignore.ignores(entry_name, is_folder)) continue;
      if (is_folder && !is_skipped_folder(entry.path())) folders.push_back(entry.path());
      if (!is_folder && entry.path().extension() == ".py" && entry.is_regular_file(error) &&
          owner.looks_like_dag_file(entry.path())) {
        files.push_back(
            {.name = entry_name, .path = entry.path(), .project = owner.workspace_, .flat = true});
      }
    }
    if (error) problem("cannot read " + path.string() + ": " + error.message());
    add_flat_files(path, name, std::move(files));
    std::ranges::sort(folders);
    for (const fs::path& below : folders) {
      if (depth + 1 > kFolderDepthMax)
        return problem(below.string() + " is nested too deeply and left out");
      folder(below, relative_name(name, below.filename().string()), ignore, depth + 1);
    }
  }

  void add_flat_files(const fs::path& path, const std::string& name, std::vector<DagFile> files) {
    const bool has_yaml = is_file(path / kLeoflowYaml);
    if (has_yaml && files.empty()) {
      found.broken[relative_name(name, std::string(kLeoflowYaml))] =
          "leoflow.yaml without a dag.py beside it";
    }
    for (DagFile& file : files) {
      if (has_yaml) file.yaml = path / kLeoflowYaml;
      file.alone = files.size() == 1;
      if (!add_file(std::move(file))) return;
    }
  }
};

Result<Discovery> Discoverer::run() {
  std::error_code error;
  if (!fs::is_directory(workspace_, error)) {
    return fail(Code::not_found, "the workspace " + workspace_.string() + " is not a folder",
                "create it, or name another one");
  }
  Walk walk{.owner = *this, .found = {}, .entered = {}};
  walk.folder(workspace_, "", IgnoreRules(), 0);
  std::ranges::sort(walk.found.files, {}, &DagFile::name);
  std::erase_if(seen_, [](const auto& item) { return file_stamp(item.first) == 0; });
  return std::move(walk.found);
}

}  // namespace leoflow
