// SPDX-License-Identifier: Apache-2.0
// From a DAG file to DAG versions: leoflow.yaml, environment, extraction, checks, bundle. Nothing
// is registered here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "authoring/bundle.h"
#include "authoring/discovery.h"
#include "authoring/environment.h"
#include "authoring/extractor.h"
#include "authoring/leoflow_yaml.h"
#include "model/dag_spec.h"
#include "model/entities.h"

namespace leoflow {

constexpr size_t kDagsPerFileMax = 500;

struct CompiledDag {
  DagSpec spec;
  DagVersion version;  // without id, number, label and created_at
};

// What came out of one file: its DAGs, or an error, or the wish to be compiled again where
// environments may be built.
struct CompiledFile {
  DagFile file;
  std::vector<CompiledDag> dags;  // by dag_id
  std::optional<CompileFailure> failure;
  bool needs_environment = false;  // only when building was not allowed
  bool cancelled = false;
  Bundle bundle;  // of all its DAGs; not yet on disk
  std::vector<std::string>
      depends_on;  // names below file.project: what the DAGs' content hash covers
  Duration took{0};
};

struct CompileOptions {
  bool build_environments = true;
  // Told as soon as leoflow.yaml has said it, before the DAG file is read.
  std::function<void(const EnvironmentUse&)> on_environment = {};
  std::function<void(std::string_view line)> on_progress = {};  // lines of an environment build
  int cancel_fd = -1;  // readable = give up, `cancelled` is set
};

// Stateless but for its caches on disk; any thread, several at once. Blocks. The collaborators
// outlive it.
class Compiler {
 public:
  Compiler(Extractor extractor, Environments& environments, Interpreters& interpreters,
           BundleStore& bundles)
      : extractor_(std::move(extractor)),
        environments_(environments),
        interpreters_(interpreters),
        bundles_(bundles) {}

  CompiledFile compile(const DagFile& file, const CompileOptions& options = {});
  // The bundle of what compile() returned is on disk afterwards; quick when it was already.
  Status write_bundle(const CompiledFile& compiled);

 private:
  struct Job;

  Extractor extractor_;
  Environments& environments_;
  Interpreters& interpreters_;
  BundleStore& bundles_;
};

// The failure with the project's files named from the workspace: of a project's "dag.py" and of the
// places in its trace become "etl/dag.py". For messages about several projects at once.
CompileFailure seen_from_workspace(CompileFailure failure, const DagFile& file);

// The files that a bundle of this DAG file is made of. For a project: the project, as include_paths
// and exclude_paths say. For a flat file: the Python, SQL, shell, template and configuration files
// of the workspace that are not ignored, without the projects in it.
Result<SourceFiles> bundle_files(const DagFile& file, const LeoflowYaml* yaml);

// A project folder or a DAG file by its path, outside of any workspace: for the command line.
// `not_found`.
Result<DagFile> dag_file_at(const fs::path& path);

}  // namespace leoflow
