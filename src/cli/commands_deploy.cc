// SPDX-License-Identifier: Apache-2.0
// build, push and deploy: a project's image, and its way to a server, here or elsewhere.
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/deployment.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

struct DeployOptions {
  BuildOptions build{.path = "."};
  std::string name;   // of the project at the server
  std::string image;  // that is there already
  bool build_image = false, no_image = false;
  bool activate = true, dry_run = false;
};

std::string version_text(const json::object& dag, std::string_view number, std::string_view label) {
  const int64_t value = json::int_or(dag, number, 0);
  const std::string name = json::string_or(dag, label);
  return value > 0 ? name + " (version " + std::to_string(value) + ")" : name;
}

// "v1.2 (version 3) -> v1.3 (version 4)"
std::string step_text(const json::object& dag) {
  const std::string before = version_text(dag, "previous_version_number", "previous_label");
  const std::string after = version_text(dag, "version_number", "label");
  if (json::bool_or(dag, "removed", false)) return "is defined no more: no new runs";
  if (before.empty()) return "new, " + after;
  return before == after ? after : before + " -> " + after;
}

std::string verdict(const json::object& dag, const DeployOptions& options) {
  if (json::bool_or(dag, "removed", false)) return {};
  const bool created = json::bool_or(dag, "created", false);
  if (options.dry_run) return created ? ", would be deployed" : ", nothing would change";
  const std::string known = created ? "" : ", known already";
  if (json::bool_or(dag, "current", false)) return known + ", is current";
  return known + ", not current: `leoflow versions activate " + json::string_or(dag, "dag_id") +
         " " + std::to_string(json::int_or(dag, "version_number", 0)) + "`";
}

// "task load changed: retries" or "setting catchup changed: false -> true"
std::string change_text(const json::object& change) {
  auto member = [&](std::string_view name) { return json::string_or(change, name); };
  std::string text = member("what");
  if (!member("name").empty()) text += " " + member("name");
  text += " " + member("change");
  const bool both = !member("from").empty() && !member("to").empty();
  const std::string detail =
      both ? member("from") + " -> " + member("to") : member("from") + member("to");
  return detail.empty() ? text : text + ": " + detail;
}

void tell_dag(Context& context, const json::object& dag, const DeployOptions& options) {
  const std::string dag_id = json::string_or(dag, "dag_id");
  if (const json::array* warnings = json::array_or_null(dag, "warnings")) {
    for (const json::value& warning : *warnings) {
      if (warning.is_string())
        context.warn(dag_id + ": " + printable(std::string_view(warning.get_string())));
    }
  }
  if (context.json()) return;
  context.console.out(context.console.paint(Colour::bold, printable(dag_id)) + "  " +
                      printable(step_text(dag) + verdict(dag, options)) + "\n");
  const json::array* changes = json::array_or_null(dag, "changes");
  for (size_t i = 0; changes && i < changes->size(); ++i) {
    if ((*changes)[i].is_object())
      context.console.out("  " + printable(change_text((*changes)[i].get_object())) + "\n");
  }
}

Result<BuildReport> build_image(Context& context, BuildOptions options) {
  options.home = context.globals.home;
  options.on_progress = [&context](std::string_view line) { context.say(printable(line)); };
  auto report = context.local.build(options);
  if (!report) return report;
  for (const std::string& warning : report->warnings) context.warn(printable(warning));
  return report;
}

// Whether the project's tasks get an image of their own now.
bool wants_image(const DeployOptions& options, const PackedProject& project) {
  if (options.no_image || options.dry_run || !options.image.empty()) return false;
  return options.build_image || !options.build.registry.empty() || !project.registry.empty();
}

Status take_image(Context& context, const DeployOptions& options, DeployRequest& request) {
  if (!wants_image(options, request.project)) return {};
  if (auto there = check_server(context, request.project); !there) return there;
  BuildOptions build = options.build;
  build.push = true;
  auto report = build_image(context, std::move(build));
  if (!report) return fail(report);
  request.image = report->image;
  request.image_bundle = report->bundle;
  request.image_environment = report->environment;
  context.say((report->pushed ? "pushed " : "built ") + report->image);
  if (!report->pushed)
    context.warn("no registry is named: the cluster must get this image from elsewhere");
  return {};
}

Result<int> deploy(Context& context, const DeployOptions& options) {
  auto project = context.local.pack({options.build.path, options.name});
  if (!project) return fail(project);
  DeployRequest request{.project = std::move(*project),
                        .image = options.image,
                        .activate = options.activate,
                        .dry_run = options.dry_run};
  if (auto taken = take_image(context, options, request); !taken) return fail(taken);
  auto deployment = deploy_project(context, request);
  if (!deployment) return fail(deployment);
  if (const json::array* dags = json::array_or_null(*deployment, "dags")) {
    for (const json::value& dag : *dags) {
      if (dag.is_object()) tell_dag(context, dag.get_object(), options);
    }
  }
  if (context.json()) context.console.out(json::dump(json::value(*deployment)) + "\n");
  return 0;
}

Result<int> build(Context& context, const BuildOptions& options) {
  auto report = build_image(context, options);
  if (!report) return fail(report);
  json::array dag_ids(report->dag_ids.begin(), report->dag_ids.end());
  json::object shown{{"image", report->image},
                     {"dag_ids", std::move(dag_ids)},
                     {"tool", report->tool},
                     {"bundle", report->bundle},
                     {"environment", report->environment}};
  if (context.json()) {
    shown["container_file"] = report->container_file;
    context.console.out(json::dump(json::value(shown)) + "\n");
  } else {
    context.console.out(options.print ? report->container_file : report->image + "\n");
  }
  return 0;
}

void add_build_options(Command& command, BuildOptions& options) {
  command
      .option("--tool", "TOOL", &options.tool,
              "podman, buildah, docker, nerdctl or a path (default: the first that is there)")
      .option("--registry", "URL", &options.registry,
              "Where the image goes (default: registry.url of leoflow.yaml)")
      .option("--tag", "TAG", &options.tag, "Its tag (default: as registry.tag_strategy says)");
}

void add_deploy_options(Command& command, DeployOptions& options) {
  command
      .argument_if_any("PROJECT", &options.build.path,
                       "Project folder or DAG file (default: this folder)")
      .option("--name", "NAME", &options.name,
              "What the server calls the project (default: the folder's name)")
      .option("--image", "IMAGE", &options.image,
              "Image of its tasks that is there already, where they run in pods")
      .flag("--build", &options.build_image, "Build an image also without a registry")
      .flag("--no-image", &options.no_image, "Build none, whatever leoflow.yaml says");
  add_build_options(command, options.build);
}

void add_build(Command& root) {
  auto options = std::make_shared<BuildOptions>(BuildOptions{.path = "."});
  Command& command = root.add("build", "Build the container image of a project's tasks");
  command.group("Deploy").argument_if_any("PROJECT", &options->path,
                                          "Project folder or DAG file (default: this folder)");
  add_build_options(command, *options);
  command.flag("--print", &options->print, "Only show the container file")
      .example("leoflow build my_project --registry registry.example.org/flows")
      .note("Needed only where tasks run in pods, and not even there: docs/deploy.md.")
      .runs([options](Context& context) { return build(context, *options); });
}

}  // namespace

void add_deploy_commands(Command& root) {
  add_build(root);
  auto pushed = std::make_shared<DeployOptions>(DeployOptions{.activate = false});
  Command& push = root.add("push", "Make versions of a project at a server, to be activated later");
  add_deploy_options(push.group("Deploy"), *pushed);
  push.example("leoflow push my_project --server https://flows.example.org")
      .note("The first version of a DAG is current at once. Pushed again, the same is the same.")
      .runs([pushed](Context& context) { return deploy(context, *pushed); });
  auto deployed = std::make_shared<DeployOptions>();
  Command& command = root.add("deploy", "Push a project and make its versions current");
  add_deploy_options(command.group("Deploy"), *deployed);
  command.flag("--dry-run", &deployed->dry_run, "Only show what would change")
      .example("leoflow deploy my_project --server https://flows.example.org --dry-run")
      .note("Runs stay with the version they began with; `leoflow versions activate` goes back.")
      .runs([deployed](Context& context) { return deploy(context, *deployed); });
}

}  // namespace leoflow::cli
