// SPDX-License-Identifier: Apache-2.0
// A project on its way to a server: what is sent, what becomes of it. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace leoflow {

// Files are sent as one archive (base/tree_archive.h), named by its hash, in parts.
constexpr size_t kUploadPartBytesMax = size_t(8) << 20;
constexpr uint64_t kUploadBytesMax = uint64_t(112) << 20;  // a bundle of full size and its names

// How much of an archive the server has.
struct UploadState {
  std::string sha256;
  uint64_t bytes = 0;     // of the whole archive
  uint64_t received = 0;  // of them, from the beginning
  bool complete = false;  // all is there and has that hash
};

struct DeploymentRequest {
  std::string project;  // its name at the server: [A-Za-z0-9_][A-Za-z0-9_.-]*, 100 at most
  std::string archive;  // SHA-256 of its files' archive
  std::string file;     // that defines the DAGs, relative to the files' folder
  bool flat = false;    // one of several files of a plain dags folder
  std::string label, commit, url;  // where the files come from; model/entities.h
  std::string image;               // of the tasks; empty = none
  // What a generated image holds, to be compared: the hash of its files, environment_key() of its
  // environment. Empty = not known (an image of the project's own making).
  std::string image_bundle, image_environment;
  bool activate = true;
  bool dry_run = false;           // only says what would change
  std::string username, address;  // who asks, from where
};

// How one version differs from another: a task, a param, a dependency or a setting that came, went
// or changed.
struct SpecChange {
  std::string what;      // task, param, dependency, setting, files, image
  std::string name;      // empty for files and image
  std::string change;    // added, removed, changed
  std::string from, to;  // of settings and images; members that differ, of tasks
  bool operator==(const SpecChange&) const = default;
};

struct DeployedDag {
  std::string dag_id;
  int version_number = 0;  // 0 = there is none yet (dry run)
  std::string label;
  bool created = false;     // false: its content was known
  bool current = false;     // new runs take it
  bool removed = false;     // the project defines it no more: no new runs
  int previous_number = 0;  // of the version that was current before; 0 = none
  std::string previous_label;
  std::vector<SpecChange> changes;  // against that version
  std::vector<std::string> warnings;
};

// Why nothing was registered.
struct DeploymentFailure {
  std::string message, hint;
  std::string file;  // as the project calls it; empty = no file's fault
  int line = 0;      // 0 = unknown
  std::string trace;
};

enum class DeploymentState { waiting, preparing, done, failed };

struct Deployment {
  std::string id;
  DeploymentRequest request;
  DeploymentState state = DeploymentState::waiting;
  std::vector<std::string> progress;  // the last lines of the environment's build
  int64_t lines = 0;                  // that there were in all
  std::vector<DeployedDag> dags;
  DeploymentFailure failure;  // of a failed one
};

constexpr std::string_view to_string(DeploymentState state) {
  switch (state) {
    case DeploymentState::waiting: return "waiting";
    case DeploymentState::preparing: return "preparing";
    case DeploymentState::done: return "done";
    case DeploymentState::failed: break;
  }
  return "failed";
}

}  // namespace leoflow
