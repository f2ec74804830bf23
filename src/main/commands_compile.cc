// SPDX-License-Identifier: Apache-2.0
#include "authoring/compiler.h"
#include "authoring/leoflow_yaml.h"
#include "main/commands.h"
#include "main/local_compiler.h"

namespace leoflow {
namespace {

cli::CompileReport report_of(const CompiledFile& compiled) {
  cli::CompileReport report{.file = compiled.file.name};
  for (const CompiledDag& dag : compiled.dags) {
    report.dags.push_back({dag.spec.dag_id, int64_t(dag.spec.tasks.size()),
                           dag.spec.schedule.summary, dump_dag_spec(dag.spec)});
    report.warnings.insert(report.warnings.end(), dag.spec.warnings.begin(),
                           dag.spec.warnings.end());
  }
  if (!compiled.failure) return report;
  CompileFailure failure = seen_from_workspace(*compiled.failure, compiled.file);
  report.hint = std::exchange(failure.hint, {});
  report.error = import_error_text(failure, compiled.file.name);
  return report;
}

// The DAG files of a path: one file or project, or everything in a workspace.
Result<std::vector<DagFile>> files_at(const fs::path& path) {
  if (auto one = dag_file_at(path)) return std::vector{*one};
  if (!fs::is_directory(path)) {
    return fail(Code::not_found, "there is no DAG file at " + path.string(),
                "name a project folder, a Python file or a folder of them");
  }
  auto found = Discoverer(fs::absolute(path)).run();
  if (!found) return fail(found);
  if (found->files.empty()) {
    return fail(Code::not_found, "no DAG file below " + path.string(),
                "leoflow init DIR makes a project with one");
  }
  return found->files;
}

}  // namespace

Result<std::vector<cli::CompileReport>> Commands::compile(const cli::CompileOptions& options) {
  auto files = files_at(options.path);
  if (!files) return fail(files);
  auto setup = LocalCompiler::make(options.home);
  if (!setup) return fail(setup);
  std::vector<cli::CompileReport> reports;
  for (const DagFile& file : *files) {
    reports.push_back(
        report_of((*setup)->compiler.compile(file, {.on_progress = options.on_progress})));
  }
  return reports;
}

std::string Commands::yaml_schema() {
  return json::dump(json::value(leoflow_yaml_schema())) + "\n";
}

}  // namespace leoflow
