// SPDX-License-Identifier: Apache-2.0
// What build, push and deploy need of this machine: a project's image, its files as an archive.
#include "authoring/image_tool.h"
#include "authoring/pack.h"
#include "base/crypto.h"
#include "main/commands.h"
#include "main/local_compiler.h"
#include "main/temporary_folder.h"

namespace leoflow {
namespace {

constexpr size_t kContainerFileMax = 1024 * 1024;

Error refusal_of(const CompiledFile& compiled) {
  CompileFailure failure = seen_from_workspace(*compiled.failure, compiled.file);
  std::string hint = std::exchange(failure.hint, {});
  return Error(Code::invalid, import_error_text(failure, compiled.file.name), std::move(hint));
}

Result<ImagePlan> plan_build(LocalCompiler& local, const CompiledFile& compiled,
                             const cli::BuildOptions& options) {
  if (compiled.failure) return fail(refusal_of(compiled));
  if (compiled.dags.empty())
    return fail(Code::invalid, "no DAG is defined in " + compiled.file.name,
                "an image is built for a project with DAGs");
  if (auto written = local.compiler.write_bundle(compiled); !written) return fail(written);
  const Origin origin = origin_of(compiled.file.project, SystemClock().now());
  return plan_image(compiled, origin, {.registry = options.registry, .tag = options.tag});
}

Result<cli::BuildReport> report_of(const CompiledFile& compiled, const ImagePlan& plan) {
  cli::BuildReport report{.image = plan.name};
  for (const CompiledDag& dag : compiled.dags) {
    report.dag_ids.push_back(dag.spec.dag_id);
    for (const std::string& warning : dag.spec.warnings) report.warnings.push_back(warning);
  }
  if (plan.own_file.empty()) {
    report.bundle = plan.bundle_hash;
    report.environment = plan.environment;
    report.container_file = container_file(plan, {});
    return report;
  }
  auto text = read_file(plan.own_file, kContainerFileMax);
  if (!text) return fail(text);
  report.container_file = std::move(*text);
  return report;
}

}  // namespace

Result<cli::BuildReport> Commands::build(const cli::BuildOptions& options) {
  crypto_init();
  auto file = dag_file_at(options.path);
  if (!file) return fail(file);
  auto local = LocalCompiler::make(options.home);
  if (!local) return fail(local);
  const auto compiled = (*local)->compiler.compile(*file, {.on_progress = options.on_progress});
  auto plan = plan_build(**local, compiled, options);
  if (!plan) return fail(plan);
  auto report = report_of(compiled, *plan);
  if (!report || options.print) return report;
  auto tool = find_image_tool(options.tool, variable_or("PATH"));
  if (!tool) return fail(tool);
  report->tool = tool->name;
  const ImageBuilder builder(*tool, all_variables());
  const BuildWatch watch{.on_progress = options.on_progress};
  if (options.push) {
    if (auto done = builder.login(*plan); !done) return fail(done);
  }
  if (auto built = builder.build(*plan, watch); !built) return fail(built);
  if (!options.push || plan->registry.empty()) return report;
  auto pushed = builder.push(*plan, watch);
  if (!pushed) return fail(pushed);
  report->image = std::move(*pushed);
  report->pushed = true;
  return report;
}

Result<cli::PackedProject> Commands::pack(const cli::PackOptions& options) {
  crypto_init();
  auto file = dag_file_at(options.path);
  if (!file) return fail(file);
  auto folder = TemporaryFolder::make("leoflow-pack");
  if (!folder) return fail(folder);
  auto keep = std::make_shared<TemporaryFolder>(std::move(*folder));
  auto files = pack_files(*file, keep->path());
  if (!files) return fail(files);
  Origin origin = origin_of(file->project, SystemClock().now());
  return cli::PackedProject{
      .name = options.name.empty() ? file->project.filename().string() : options.name,
      .file = file->path.lexically_relative(file->project).generic_string(),
      .flat = file->flat,
      .archive = files->archive,
      .sha256 = std::move(files->sha256),
      .bytes = files->bytes,
      .label = std::move(origin.label),
      .commit = std::move(origin.commit),
      .url = std::move(origin.url),
      .registry = std::move(files->registry),
      .keep = std::move(keep)};
}

}  // namespace leoflow
