// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "authoring/compiler.h"

namespace leoflow {
namespace {

constexpr std::array<std::string_view, 18> kFlatExtensions{
    ".py",   ".sql", ".hql",  ".sh",   ".bash", ".j2",  ".jinja", ".jinja2", ".html",
    ".yaml", ".yml", ".json", ".toml", ".ini",  ".cfg", ".txt",   ".md",     ".xml"};

std::string folder_rule_name(const fs::path& folder, const fs::path& root) {
  const std::string name = folder.lexically_relative(root).generic_string();
  return name == "." ? "" : name;
}

bool is_project_folder(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / kDagSourceDefault, error);
}

// Adds the .airflowignore files of the tree, from the root down.
void add_airflow_ignores(const fs::path& root, const fs::path& folder, size_t depth,
                         IgnoreRules& rules) {
  const std::string name = folder_rule_name(folder, root);
  if (auto text = read_file(folder / ".airflowignore", kIgnoreBytesMax)) rules.add(*text, name);
  if (depth >= kFolderDepthMax) return;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (!at->is_directory(ignored) || at->is_symlink(ignored) || is_skipped_folder(at->path()))
      continue;
    add_airflow_ignores(root, at->path(), depth + 1, rules);
  }
}

Result<SourceFiles> flat_files(const DagFile& file) {
  SourceFilter filter;
  filter.ignore = bundle_ignore_rules({});
  add_airflow_ignores(file.project, file.project, 0, filter.ignore);
  const fs::path root = file.project;
  filter.wants_folder = [root](const std::string& name) {
    return !is_skipped_folder(root / name) && !is_project_folder(root / name);
  };
  filter.wants_file = [](const std::string& name) {
    return std::ranges::find(kFlatExtensions, fs::path(name).extension().string()) !=
           kFlatExtensions.end();
  };
  return list_source_files(root, filter);
}

// Whether a name lies at or below one of the paths, or above one (a folder to walk through).
bool below(const std::string& name, const std::vector<std::string>& paths, bool or_above) {
  return std::ranges::any_of(paths, [&](const std::string& given) {
    const std::string path = fs::path(given).lexically_normal().generic_string();
    if (path == "." || path == "./" || name == path) return true;
    const std::string folder = path.ends_with('/') ? path : path + "/";
    return (name + "/").starts_with(folder) || (or_above && folder.starts_with(name + "/"));
  });
}

Result<SourceFiles> project_files(const DagFile& file, const LeoflowYaml* yaml) {
  SourceFilter filter;
  filter.ignore = bundle_ignore_rules(yaml ? yaml->exclude_paths : std::vector<std::string>());
  if (yaml && !yaml->include_paths.empty()) {
    std::vector<std::string> paths = yaml->include_paths;
    paths.push_back(yaml->dag_source);
    paths.emplace_back(kLeoflowYaml);
    filter.wants_file = [paths](const std::string& name) { return below(name, paths, false); };
    filter.wants_folder = [paths](const std::string& name) { return below(name, paths, true); };
  }
  auto files = list_source_files(file.project, filter);
  if (!files) return fail(files);
  const std::string source = folder_rule_name(file.path, file.project);
  if (std::ranges::find(*files, source) == files->end()) {
    return fail(Code::invalid, "exclude_paths: in leoflow.yaml leaves out " + source + " itself");
  }
  return files;
}

}  // namespace

Result<SourceFiles> bundle_files(const DagFile& file, const LeoflowYaml* yaml) {
  return file.flat ? flat_files(file) : project_files(file, yaml);
}

Result<DagFile> dag_file_at(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error == std::errc::no_such_file_or_directory) {
    return fail(Code::not_found, "there is no " + path.string(),
                "name a project folder or a Python file; `leoflow init DIR` makes a project");
  }
  if (error) return fail(from_errno("read", path.string(), error.value()));
  const bool is_folder = fs::is_directory(real, error);
  const fs::path folder = is_folder ? real : real.parent_path();
  DagFile file{.name = {}, .path = real, .project = folder};
  if (fs::exists(folder / kLeoflowYaml, error)) file.yaml = folder / kLeoflowYaml;
  if (is_folder) {
    std::string source(kDagSourceDefault);
    if (auto text = read_file(folder / kLeoflowYaml, kYamlBytesMax)) {
      if (auto yaml = parse_leoflow_yaml(*text)) source = yaml->dag_source;
    }
    file.path = folder / source;
    if (!fs::is_regular_file(file.path, error)) {
      return fail(Code::not_found, "there is no " + source + " in " + folder.string(),
                  "name a project folder or a Python file");
    }
  }
  file.flat = file.path.filename() != kDagSourceDefault && !is_folder;
  file.name = folder_rule_name(file.path, folder);
  return file;
}

}  // namespace leoflow
