// SPDX-License-Identifier: Apache-2.0
#include "authoring/compiler.h"

#include <algorithm>
#include <chrono>

#include "authoring/nearest.h"
#include "authoring/source_closure.h"
#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr std::string_view kNoDag = "DagNotFound";  // the extractor's name for a file without DAGs

CompileFailure failure_of(const Error& error, std::string file = {}) {
  return {.type = {},
          .message = error.message(),
          .file = std::move(file),
          .line = 0,
          .trace = {},
          .hint = error.hint()};
}

// " at line 7" at the end of a message about leoflow.yaml.
int line_in(const std::string& message) {
  const auto at = message.rfind(" at line ");
  return at == std::string::npos ? 0 : std::atoi(message.c_str() + at + 9);
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool declares(const DagSpec& dag, std::optional<std::vector<std::string>> TaskSpec::* scope,
              const std::optional<std::vector<std::string>>& of_dag) {
  return of_dag || std::ranges::any_of(
                       dag.tasks, [&](const TaskSpec& task) { return (task.*scope).has_value(); });
}

// A DAG whose code reads connections or variables without declaring any gets all of them.
void warn_undeclared(std::string_view source, DagSpec& dag) {
  if (!declares(dag, &TaskSpec::connections, dag.connections) &&
      mentions(source, {"conn_id", "BaseHook", "Connection", "AIRFLOW_CONN_"})) {
    dag.warnings.emplace_back("no connections: declared; tasks see all");
  }
  if (!declares(dag, &TaskSpec::variables, dag.variables) &&
      mentions(source, {"Variable", "AIRFLOW_VAR_", "var.value", "var.json"})) {
    dag.warnings.emplace_back("no variables: declared; tasks see all");
  }
}

}  // namespace

// One compilation: each step sets `out.failure` and returns false when it cannot go on.
struct Compiler::Job {
  Compiler& compiler;
  const CompileOptions& options;
  CompiledFile out;
  std::optional<LeoflowYaml> yaml;
  std::string yaml_name;  // as messages call it, relative like the DAG file's name
  std::string source;
  EnvironmentSpec wanted;
  Environment environment;
  Extraction extraction;

  bool fail_with(const Error& error, std::string file = {}) {
    if (error.code() == Code::cancelled) out.cancelled = true;
    out.failure = failure_of(error, std::move(file));
    return false;
  }

  bool read_files() {
    auto text = read_file(out.file.path, kBundleBytesMax);
    if (!text) return fail_with(text.error());
    source = std::move(*text);
    if (out.file.yaml.empty()) return true;
    const auto slash = out.file.name.rfind('/');
    yaml_name =
        (slash == std::string::npos || !out.file.flat ? "" : out.file.name.substr(0, slash + 1)) +
        std::string(kLeoflowYaml);
    auto yaml_text = read_file(out.file.yaml, kYamlBytesMax);
    if (!yaml_text) return fail_with(yaml_text.error(), yaml_name);
    auto parsed = parse_leoflow_yaml(*yaml_text);
    if (!parsed) return fail_yaml(parsed.error());
    yaml = std::move(*parsed);
    if (!out.file.alone && !yaml->dag_id && !yaml->tasks.empty()) {
      return fail_yaml(Error(Code::invalid,
                             "leoflow.yaml: tasks needs dag_id: several DAG files are beside it"));
    }
    return true;
  }

  bool fail_yaml(const Error& error) {
    fail_with(error, yaml_name);
    out.failure->line = line_in(error.message());
    return false;
  }

  bool find_environment() {
    wanted.python_version = yaml && yaml->python_version ? *yaml->python_version
                                                         : compiler.interpreters_.default_version();
    if (yaml) wanted.dependencies = yaml->dependencies;
    auto found = provide(wanted);
    if (!found) return false;
    environment = std::move(*found);
    if (options.on_environment) {
      auto preload = yaml ? yaml->preload : std::vector<std::string>();
      options.on_environment({environment, wanted.python_version, std::move(preload)});
    }
    return true;
  }

  // The environment of a spec, built when that is allowed; nothing after a failure or when it must
  // be built first.
  std::optional<Environment> provide(const EnvironmentSpec& spec) {
    if (!options.build_environments) {
      auto found = compiler.environments_.find(spec);
      if (!found)
        fail_with(found.error(), yaml_name);
      else if (!*found)
        out.needs_environment = true;
      return found ? *found : std::nullopt;
    }
    auto built = compiler.environments_.ensure(spec, {options.on_progress, options.cancel_fd});
    if (built) return std::move(*built);
    fail_with(built.error(), yaml_name);
    return std::nullopt;
  }

  bool extract() {
    auto extracted = compiler.extractor_.extract({.file = out.file.path,
                                                  .project = out.file.project,
                                                  .environment = environment,
                                                  .cancel_fd = options.cancel_fd});
    if (!extracted && out.file.flat && extracted.error().type == kNoDag) {
      // In a plain dags folder a helper may well contain both words that make a file be looked at.
      extracted = Extraction{};
    }
    if (!extracted) {
      out.failure = extracted.error();
      return false;
    }
    extraction = std::move(*extracted);
    if (extraction.dags.size() > kDagsPerFileMax) {
      return fail_with(Error(Code::exhausted,
                             "more than " + std::to_string(kDagsPerFileMax) + " DAGs in one file"));
    }
    if (extraction.needs.empty()) return true;
    wanted.dependencies.insert(wanted.dependencies.end(), extraction.needs.begin(),
                               extraction.needs.end());
    auto found = provide(wanted);
    if (!found) return false;
    environment = std::move(*found);
    return true;
  }

  bool make_bundle() {
    const auto files = bundle_files(out.file, yaml ? &*yaml : nullptr);
    if (!files) return fail_with(files.error());
    auto described = compiler.bundles_.describe(out.file.project, *files);
    if (!described) return fail_with(described.error());
    out.bundle = std::move(*described);
    const std::string name = out.file.path.lexically_relative(out.file.project).generic_string();
    std::set<std::string> covered(files->begin(), files->end());
    if (out.file.flat) covered = source_closure(out.file.project, *files, name, extraction.files);
    out.depends_on.assign(covered.begin(), covered.end());
    return true;
  }

  bool applies(const DagSpec& dag) const {
    return yaml && (!yaml->dag_id || *yaml->dag_id == dag.dag_id);
  }

  bool check_dag_id(const std::vector<DagSpec>& specs) {
    if (!yaml || !yaml->dag_id || !out.file.alone) return true;
    std::vector<std::string_view> known;
    for (const DagSpec& spec : specs) known.push_back(spec.dag_id);
    if (std::ranges::find(known, *yaml->dag_id) != known.end()) return true;
    return fail_yaml(Error(Code::invalid,
                           "leoflow.yaml: dag_id '" + *yaml->dag_id + "' is not a DAG of " +
                               out.file.name + " at line " + std::to_string(yaml->dag_id_line),
                           did_you_mean(*yaml->dag_id, known)));
  }

  bool make_dags() {
    std::vector<DagSpec> specs;
    for (const json::value& document : extraction.dags) {
      auto spec = parse_dag_spec(document);
      if (!spec) return fail_with(spec.error());
      specs.push_back(std::move(*spec));
    }
    std::ranges::sort(specs, {}, &DagSpec::dag_id);
    const auto twice = std::ranges::adjacent_find(specs, {}, &DagSpec::dag_id);
    if (twice != specs.end()) {
      return fail_with(
          Error(Code::invalid, "dag_id '" + twice->dag_id + "' is defined twice in this file"));
    }
    if (!check_dag_id(specs)) return false;
    return std::ranges::all_of(specs, [&](DagSpec& spec) { return add_dag(std::move(spec)); });
  }

  bool add_dag(DagSpec spec) {
    spec.relative_fileloc = out.file.path.lexically_relative(out.file.project).generic_string();
    spec.python_version = wanted.python_version;
    const std::set<std::string> lines(wanted.dependencies.begin(), wanted.dependencies.end());
    spec.dependencies.assign(lines.begin(), lines.end());
    for (const std::string& warning : extraction.warnings) {
      if (std::ranges::find(spec.warnings, warning) == spec.warnings.end())
        spec.warnings.push_back(warning);
    }
    if (applies(spec)) {
      if (auto applied = apply_leoflow_yaml(*yaml, kLeoflowYaml, spec); !applied)
        return fail_yaml(applied.error());
    }
    warn_undeclared(source, spec);
    CompiledDag dag;
    dag.version.dag_id = spec.dag_id;
    dag.version.dag_json = dump_dag_spec(spec);
    if (dag.version.dag_json.size() > kDagJsonBytesMax) {
      return fail_with(Error(Code::exhausted, "DAG '" + spec.dag_id + "' is larger than " +
                                                  std::to_string(kDagJsonBytesMax >> 20) +
                                                  " MiB as JSON"));
    }
    dag.version.content_hash = content_hash(dag.version.dag_json);
    dag.version.bundle_path = out.bundle.path.string();
    dag.version.environment = environment.hash;
    dag.version.source = source;
    dag.spec = std::move(spec);
    out.dags.push_back(std::move(dag));
    return true;
  }

  std::string content_hash(const std::string& dag_json) const {
    std::string text = sha256_hex(dag_json) + '\n';
    for (const BundleFile& file : out.bundle.files) {
      if (!std::ranges::binary_search(out.depends_on, file.name)) continue;
      text += file.sha256 + ' ' + file.name + '\0';
    }
    return sha256_hex(text);
  }
};

CompiledFile Compiler::compile(const DagFile& file, const CompileOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  Job job{.compiler = *this, .options = options};
  job.out.file = file;
  const bool done = job.read_files() && job.find_environment() && job.extract() &&
                    job.make_bundle() && job.make_dags();
  if (!done) job.out.dags.clear();
  job.out.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
  return std::move(job.out);
}

Status Compiler::write_bundle(const CompiledFile& compiled) {
  return bundles_.write(compiled.file.project, compiled.bundle);
}

CompileFailure seen_from_workspace(CompileFailure failure, const DagFile& file) {
  std::string inside = file.path.lexically_relative(file.project).generic_string();
  if (!file.name.ends_with(inside)) return failure;
  std::string prefix = file.name.substr(0, file.name.size() - inside.size());
  if (prefix.empty()) return failure;
  if (!failure.file.empty() && !failure.file.starts_with('/'))
    failure.file = prefix + failure.file;
  constexpr std::string_view kPlace = "File \"";
  for (size_t at = failure.trace.find(kPlace); at != std::string::npos;
       at = failure.trace.find(kPlace, at)) {
    at += kPlace.size();
    std::string name = failure.trace.substr(at, failure.trace.find('"', at) - at);
    std::error_code error;
    bool ours = !name.starts_with('/') && fs::exists(file.project / name, error);
    if (ours) failure.trace.insert(at, prefix);
  }
  return failure;
}

}  // namespace leoflow
