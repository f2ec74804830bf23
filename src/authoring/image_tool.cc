// SPDX-License-Identifier: Apache-2.0
#include "authoring/image_tool.h"

#include <unistd.h>

#include <algorithm>

#include "async/child.h"
#include "authoring/image_failure.h"
#include "authoring/line_feed.h"
#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr size_t kDigestBytesMax = 256;
constexpr size_t kDigestLength = 71;  // of "sha256:" and 64 digits

using Words = std::vector<std::string>;

// Of an image tool's family: podman and buildah share their options.
bool is_podman(const ImageTool& tool) { return tool.name == "podman" || tool.name == "buildah"; }

Result<ImageTool> tool_at(const fs::path& program) {
  if (access(program.c_str(), X_OK) == 0) return ImageTool{program.filename().string(), program};
  return fail(from_errno("run", program.string()));
}

fs::path find_program(std::string_view name, std::string_view path_variable) {
  while (!path_variable.empty()) {
    const auto colon = path_variable.find(':');
    const fs::path folder(path_variable.substr(0, colon));
    path_variable =
        colon == std::string_view::npos ? std::string_view() : path_variable.substr(colon + 1);
    if (folder.is_absolute() && access((folder / name).c_str(), X_OK) == 0) return folder / name;
  }
  return {};
}

std::string value_of(const Variables& variables, std::string_view name) {
  const auto found = variables.find(std::string(name));
  return found == variables.end() ? std::string() : found->second;
}

// Where builds write what they need while they run; goes with its owner.
class Scratch {
 public:
  static Result<Scratch> make(const Variables& variables) {
    const std::string parent = value_of(variables, "TMPDIR");
    fs::path path = fs::path(parent.empty() ? "/tmp" : parent) / ("leoflow-" + random_token(16));
    if (auto made = make_folder(path, 0700); !made) return fail(made);
    return Scratch(std::move(path));
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~Scratch() {
    if (!path_.empty()) static_cast<void>(remove_tree(path_));
  }
  const fs::path& path() const { return path_; }

 private:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string platforms_of(const ImagePlan& plan) {
  std::string list;
  for (const std::string& platform : plan.platforms) list += (list.empty() ? "" : ",") + platform;
  return list;
}

// An image for several platforms is a list of images.
bool is_manifest(const ImageTool& tool, const ImagePlan& plan) {
  return is_podman(tool) && plan.platforms.size() > 1;
}

// What lets a tool speak plain HTTP to the registry, before all other arguments of a step. Docker's
// daemon alone decides that by its own settings.
Words plain_http(const ImageTool& tool, const ImagePlan& plan) {
  if (!plan.plain_http || tool.name == "docker") return {};
  return {is_podman(tool) ? "--tls-verify=false" : "--insecure-registry"};
}

// The option would hold for every registry of the build: only where there is but this one.
bool base_is_plain_http(const ImagePlan& plan) {
  return plan.own_file.empty() && plan.base_image.starts_with(plan.registry + "/");
}

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// "v1: digest: sha256:... size: 1154", as docker says at the end of a push.
std::string digest_told(const std::string& pushed) {
  const auto found = pushed.rfind("digest: sha256:");
  return found == std::string::npos ? std::string() : pushed.substr(found + 8, kDigestLength);
}

// Of lines like "registry/etl@sha256:...", of which an image has one for each place it was pushed
// to.
std::string digest_listed(const std::string& names, const std::string& repository) {
  const auto found = names.find(repository + "@sha256:");
  if (found == std::string::npos) return {};
  return names.substr(found + repository.size() + 1, kDigestLength);
}

}  // namespace

Result<ImageTool> find_image_tool(const std::string& wanted, std::string_view path_variable) {
  if (wanted.contains('/')) return tool_at(wanted);
  for (std::string_view name : kImageTools) {
    if (!wanted.empty() && wanted != name) continue;
    const fs::path program = find_program(name, path_variable);
    if (!program.empty()) return ImageTool{std::string(name), program};
  }
  return fail(Code::not_found,
              wanted.empty() ? "no tool that builds images is installed: neither podman, buildah, "
                               "docker nor nerdctl is in PATH"
                             : "the tool " + wanted + " is not in PATH",
              "install one (apt-get install buildah), or name its path with --tool; "
              "`leoflow build --print` shows the container file for a builder elsewhere");
}

std::vector<std::string> build_arguments(const ImageTool& tool, const ImagePlan& plan,
                                         const fs::path& folder, const PipSecrets& pip) {
  const bool own = !plan.own_file.empty();
  std::vector<std::string> arguments{"build"};
  auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  if (base_is_plain_http(plan)) arguments = std::move(arguments) + plain_http(tool, plan);
  if (tool.name == "buildah") add({"--layers"});
  add({"--file", own ? plan.own_file.string() : (folder / "Containerfile").string()});
  add({is_manifest(tool, plan) ? "--manifest" : "--tag", plan.name});
  if (!plan.platforms.empty()) add({"--platform", platforms_of(plan)});
  if (own) {
    for (const auto& label : plan.labels) {
      if (label.value().is_string())
        add({"--label", std::string(label.key()) + "=" + std::string(label.value().get_string())});
    }
  } else if (!plan.requirements.empty()) {
    if (!pip.config.empty()) add({"--secret", "id=pip,src=" + (folder / "pip.conf").string()});
    if (!pip.cert.empty()) add({"--secret", "id=pip-cert,src=" + pip.cert.string()});
  }
  add({own ? plan.own_context.string() : (folder / "context").string()});
  return arguments;
}

std::vector<std::string> push_arguments(const ImageTool& tool, const ImagePlan& plan,
                                        const fs::path& digest_file) {
  const Words http = plain_http(tool, plan);
  const Words digest{"--digestfile", digest_file.string()};
  if (is_manifest(tool, plan)) {
    return Words{"manifest", "push"} + http + Words{"--all"} + digest +
           Words{plan.name, "docker://" + plan.name};
  }
  if (is_podman(tool)) return Words{"push"} + http + digest + Words{plan.name};
  const bool several = tool.name == "nerdctl" && plan.platforms.size() > 1;
  return Words{"push"} + http + (several ? Words{"--all-platforms"} : Words{}) + Words{plan.name};
}

std::vector<std::string> login_arguments(const ImageTool& tool, const ImagePlan& plan,
                                         const std::string& user) {
  return Words{"login"} + plain_http(tool, plan) +
         Words{"--username", user, "--password-stdin", plan.registry};
}

PipSecrets pip_secrets(const Variables& variables) {
  constexpr std::string_view kKept[] = {"INDEX_URL",    "EXTRA_INDEX_URL", "NO_INDEX",
                                        "TRUSTED_HOST", "TIMEOUT",         "DEFAULT_TIMEOUT"};
  std::string text;
  for (std::string_view name : kKept) {
    const std::string value = value_of(variables, "PIP_" + std::string(name));
    if (value.empty() || value.find_first_of("\r\n") != std::string::npos) continue;
    std::string key(name);
    for (char& c : key) c = c == '_' ? '-' : char(tolower(static_cast<unsigned char>(c)));
    text += key + " = " + value + "\n";
  }
  PipSecrets pip;
  const fs::path cert(value_of(variables, "PIP_CERT"));
  if (cert.is_absolute() && access(cert.c_str(), R_OK) == 0) {
    pip.cert = cert;
    text += "cert = " + std::string(kPipCertMount) + "\n";
  }
  if (!text.empty()) pip.config = "[global]\n" + text;
  return pip;
}

struct ImageBuilder::Call {
  Words arguments;  // the first is the step
  Duration time_max;
  std::string input;
  Variables variables;  // beside those of this machine, which outweigh them
};

Result<std::string> ImageBuilder::run(const ImagePlan& plan, Call call,
                                      const BuildWatch& watch) const {
  const std::string step = call.arguments.at(0);
  call.variables.insert(variables_.begin(), variables_.end());
  ChildSpec spec;
  spec.program = tool_.program.string();
  spec.arguments = std::move(call.arguments);
  for (const auto& [name, value] : call.variables) spec.environment.push_back(name + "=" + value);
  LineFeed feed(watch.on_progress);
  RunLimits limits;
  limits.timeout = call.time_max;
  limits.cancel_fd = watch.cancel_fd;
  limits.on_output = [&feed](std::string_view chunk) { feed.add(chunk); };
  auto result = run_child(std::move(spec), call.input, limits);
  feed.flush();
  if (!result) return fail(result.error().within(tool_.name + " " + step));
  if (result->ok()) return std::move(result->stdout_text);
  return fail(image_failure(
      {.tool = tool_.name,
       .program = tool_.program.string(),
       .step = step,
       .status = describe_wait_status(result->status),
       .said = result->stderr_text.empty() ? result->stdout_text : result->stderr_text},
      plan));
}

Status ImageBuilder::build(const ImagePlan& plan, const BuildWatch& watch) const {
  auto scratch = Scratch::make(variables_);
  if (!scratch) return fail(scratch);
  const PipSecrets pip = pip_secrets(variables_);
  if (plan.own_file.empty()) {
    const fs::path context = scratch->path() / "context";
    if (auto made = make_folder(context); !made) return made;
    if (auto written = write_build_context(plan, pip, context); !written) return written;
    std::error_code error;
    fs::rename(context / "Containerfile", scratch->path() / "Containerfile", error);
    if (error) return fail(from_errno("rename", context.string(), error.value()));
    if (auto written = write_file(scratch->path() / "pip.conf", pip.config, 0600); !written)
      return written;
  }
  Call call{build_arguments(tool_, plan, scratch->path(), pip), kImageBuildTimeMax, {}, {}};
  const bool secrets =
      std::find(call.arguments.begin(), call.arguments.end(), "--secret") != call.arguments.end();
  // Docker before 23 takes secrets only when told to.
  if (tool_.name == "docker" && secrets) call.variables["DOCKER_BUILDKIT"] = "1";
  auto built = run(plan, std::move(call), watch);
  return built ? Status{} : fail(built);
}

Status ImageBuilder::login(const ImagePlan& plan) const {
  if (!plan.login || plan.registry.empty()) return {};
  const std::string user = value_of(variables_, kRegistryUser);
  const std::string password = value_of(variables_, kRegistryPassword);
  if (user.empty() || password.empty()) {
    return fail(Code::unauthenticated,
                "registry.auth_method is env, but " + std::string(kRegistryUser) + " or " +
                    std::string(kRegistryPassword) + " is not set",
                "set both, or log in with `" + tool_.name + " login` and leave auth_method out");
  }
  Call call{login_arguments(tool_, plan, user), kRegistryLoginTimeMax, password + "\n", {}};
  auto done = run(plan, std::move(call), {});
  return done ? Status{} : fail(done);
}

Result<std::string> ImageBuilder::push(const ImagePlan& plan, const BuildWatch& watch) const {
  auto scratch = Scratch::make(variables_);
  if (!scratch) return fail(scratch);
  const fs::path digest_file = scratch->path() / "digest";
  auto pushed =
      run(plan, {push_arguments(tool_, plan, digest_file), kImagePushTimeMax, {}, {}}, watch);
  if (!pushed) return fail(pushed);
  const std::string repository = plan.name.substr(0, plan.name.rfind(':'));
  std::string digest = digest_told(*pushed);
  if (is_podman(tool_)) {
    digest = read_file(digest_file, kDigestBytesMax).value_or("").substr(0, kDigestLength);
  } else if (digest.empty()) {
    const std::string format = "{{range .RepoDigests}}{{println .}}{{end}}";
    Words words{"image", "inspect", "--format", format, plan.name};
    digest =
        digest_listed(run(plan, {words, kImageLookTimeMax, {}, {}}, {}).value_or(""), repository);
  }
  return digest.starts_with("sha256:") ? repository + "@" + digest : plan.name;
}

}  // namespace leoflow
