// SPDX-License-Identifier: Apache-2.0
// Finding DAG files in a workspace. Two kinds of folder may be mixed in one tree:
// - a project: a folder with dag.py (or a leoflow.yaml whose dag_source: names another file).
// Everything below it
//   belongs to it. A workspace may itself be one project.
// - a plain Airflow dags folder: every *.py that contains "dag" and "airflow" is a DAG file;
// .airflowignore counts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "authoring/ignore_rules.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

constexpr size_t kProjectDepthMax = 5;  // folders below the workspace that may hold a project
constexpr size_t kFolderDepthMax = 16;  // deeper folders are not entered
constexpr size_t kDagFilesMax = 5'000;
constexpr size_t kFoldersMax = 20'000;
constexpr size_t kSafeModeBytesMax =
    4 * 1024 * 1024;  // a longer .py is not looked into and no DAG file

// One file that defines DAGs.
struct DagFile {
  std::string name;  // relative to the workspace: its identity in import errors and rows
  fs::path path;     // absolute
  fs::path project;  // absolute; the project's folder, or the workspace for a flat file
  fs::path yaml;     // leoflow.yaml beside it; empty = none
  bool flat = false;
  bool alone = true;  // no other DAG file shares its leoflow.yaml

  bool operator==(const DagFile&) const = default;
};

struct Discovery {
  std::vector<DagFile> files;  // by name
  std::vector<fs::path>
      folders;  // that were looked into, and all folders of projects: what to watch
  std::vector<std::string>
      problems;  // for the page: limits that were reached, folders that cannot be read
  std::map<std::string, std::string>
      broken;  // file name -> why it cannot be a DAG file (a leoflow.yaml without dag.py)
};

// Remembers which unchanged files passed the look inside; keep one per workspace. One thread.
class Discoverer {
 public:
  explicit Discoverer(fs::path workspace);

  // `not_found` when the workspace is not a folder; unreadable parts are listed as problems.
  Result<Discovery> run();
  const fs::path& workspace() const { return workspace_; }

 private:
  struct Seen {
    int64_t stamp = 0;
    bool is_dag_file = false;
  };
  struct Walk;

  bool looks_like_dag_file(const fs::path& path);

  fs::path workspace_;
  std::map<std::string, Seen> seen_;
};

// A number that changes when the file is written, replaced or touched; 0 when it is gone.
int64_t file_stamp(const fs::path& path);
// Folders that are never looked into: hidden ones, __pycache__, venv, node_modules, virtual
// environments.
bool is_skipped_folder(const fs::path& path);

}  // namespace leoflow
