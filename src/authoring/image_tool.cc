// SPDX-License-Identifier: Apache-2.0
#include "authoring/image_tool.h"

#include <unistd.h>

#include <algorithm>

#include "async/child.h"
#include "authoring/line_feed.h"
#include "base/crypto.h"

namespace leoflow {
namespace {

constexpr size_t kSaidMax = 2000;  // of a tool that failed: the end
constexpr size_t kDigestBytesMax = 256;

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

std::string end_of(const std::string& said) {
  return said.size() <= kSaidMax ? said : "..." + said.substr(said.size() - kSaidMax);
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
  if (is_manifest(tool, plan)) {
    return {"manifest",
            "push",
            "--all",
            "--digestfile",
            digest_file.string(),
            plan.name,
            "docker://" + plan.name};
  }
  if (is_podman(tool)) return {"push", "--digestfile", digest_file.string(), plan.name};
  if (tool.name == "nerdctl" && plan.platforms.size() > 1)
    return {"push", "--all-platforms", plan.name};
  return {"push", plan.name};
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

Result<std::string> ImageBuilder::run(std::vector<std::string> arguments, const BuildWatch& watch,
                                      Duration time_max, std::string_view input) const {
  ChildSpec spec;
  spec.program = tool_.program.string();
  spec.arguments = std::move(arguments);
  for (const auto& [name, value] : variables_) spec.environment.push_back(name + "=" + value);
  LineFeed feed(watch.on_progress);
  RunLimits limits;
  limits.timeout = time_max;
  limits.cancel_fd = watch.cancel_fd;
  limits.on_output = [&feed](std::string_view chunk) { feed.add(chunk); };
  const std::string step = tool_.name + " " + spec.arguments.at(0);
  auto result = run_child(std::move(spec), input, limits);
  feed.flush();
  if (!result) return fail(result.error().within(step));
  if (result->ok()) return std::move(result->stdout_text);
  const std::string& said = result->stderr_text.empty() ? result->stdout_text : result->stderr_text;
  return fail(Code::invalid,
              step + ": " + describe_wait_status(result->status) + "\n" + end_of(said),
              "--tool chooses another tool than " + tool_.program.string() +
                  "; `leoflow build --print` shows the container file");
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
  auto built = run(build_arguments(tool_, plan, scratch->path(), pip), watch, kImageBuildTimeMax);
  return built ? Status{} : fail(built);
}

Status ImageBuilder::login(const ImagePlan& plan) const {
  const std::string user = value_of(variables_, kRegistryUser);
  const std::string password = value_of(variables_, kRegistryPassword);
  if (user.empty() || password.empty()) {
    return fail(Code::unauthenticated,
                "registry.auth_method is env, but " + std::string(kRegistryUser) + " or " +
                    std::string(kRegistryPassword) + " is not set",
                "set both, or log in with `" + tool_.name + " login` and leave auth_method out");
  }
  auto done = run({"login", "--username", user, "--password-stdin", plan.registry}, {},
                  std::chrono::minutes(2), password + "\n");
  return done ? Status{} : fail(done);
}

Result<std::string> ImageBuilder::push(const ImagePlan& plan, const BuildWatch& watch) const {
  if (plan.login) {
    if (auto done = login(plan); !done) return fail(done);
  }
  auto scratch = Scratch::make(variables_);
  if (!scratch) return fail(scratch);
  const fs::path digest_file = scratch->path() / "digest";
  auto pushed = run(push_arguments(tool_, plan, digest_file), watch, kImagePushTimeMax);
  if (!pushed) return fail(pushed);
  auto digest = read_file(digest_file, kDigestBytesMax);
  if (digest && digest->starts_with("sha256:")) {
    const std::string hash = digest->substr(0, digest->find_first_of(" \r\n"));
    return plan.name.substr(0, plan.name.rfind(':')) + "@" + hash;
  }
  // docker and nerdctl know the digest by the image from now on.
  auto told = run({"image", "inspect", "--format", "{{index .RepoDigests 0}}", plan.name}, {},
                  std::chrono::minutes(1));
  if (!told || !told->contains("@sha256:")) return plan.name;
  return told->substr(0, told->find_first_of(" \r\n"));
}

}  // namespace leoflow
