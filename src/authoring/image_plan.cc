// SPDX-License-Identifier: Apache-2.0
#include "authoring/image_plan.h"

#include <algorithm>

#include "model/pod_image.h"

namespace leoflow {
namespace {

constexpr int kImageUser = 65532;  // "nonroot" of many images; what pods run as by default

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  if (const json::array* list = json::array_or_null(object, key)) {
    for (const json::value& item : *list) {
      if (item.is_string()) texts.emplace_back(item.get_string());
    }
  }
  return texts;
}

json::object section(const json::object& deploy, std::string_view key) {
  const json::object* found = json::object_or_null(deploy, key);
  return found ? *found : json::object();
}

// The part of leoflow.yaml that is about deploying: it is with every DAG that the file applies to.
json::object deploy_of(const CompiledFile& compiled) {
  for (const CompiledDag& dag : compiled.dags) {
    if (!dag.spec.deploy.empty()) return dag.spec.deploy;
  }
  return {};
}

// As one word of a shell.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// As a value of LABEL: nothing in it is expanded.
std::string label_text(std::string_view text) {
  std::string value = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') value += '\\';
    if (c != '\n' && c != '\r') value += c;
  }
  return value + "\"";
}

std::string tag_text(std::string_view text) {
  std::string tag;
  for (const char c : text.substr(0, kImageTagMax)) {
    const bool fits = isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
    tag += fits ? c : '-';
  }
  if (tag.starts_with('.') || tag.starts_with('-')) tag[0] = '_';
  return tag;
}

// "v1.2" of "v1.2"; nothing of "v1.2-3-gabc", "abc" and "v1.2-dirty".
bool is_exact_tag(const Origin& origin) {
  if (origin.commit.empty() || origin.label.ends_with("-dirty")) return false;
  const auto hash = origin.label.rfind("-g");
  const std::string_view tail = hash == std::string::npos
                                    ? std::string_view(origin.label)
                                    : std::string_view(origin.label).substr(hash + 2);
  return !origin.commit.starts_with(tail);
}

Result<std::string> tag_of(const json::object& registry, const Origin& origin,
                           const ImageChoice& choice) {
  if (!choice.tag.empty()) return tag_text(choice.tag);
  const std::string strategy = json::string_or(registry, "tag_strategy", "version");
  if (strategy == "version") return tag_text(origin.label);
  if (strategy == "git_sha") {
    const bool dirty = origin.label.ends_with("-dirty");
    if (!origin.commit.empty()) return tag_text(origin.commit + (dirty ? "-dirty" : ""));
    return fail(Code::invalid, "registry.tag_strategy is git_sha, but the project is in no commit",
                "commit it, or name a tag with --tag");
  }
  if (strategy == "git_tag" && is_exact_tag(origin)) return tag_text(origin.label);
  return fail(Code::invalid,
              strategy == "custom" ? "registry.tag_strategy is custom: the tag must be named"
                                   : "registry.tag_strategy is git_tag, but the commit has no tag "
                                     "or files have changed since",
              "name a tag with --tag");
}

std::string default_repository(const CompiledFile& compiled) {
  return compiled.dags.size() == 1 ? compiled.dags[0].spec.dag_id
                                   : compiled.file.project.filename().string();
}

std::string without_scheme(std::string url) {
  const auto scheme = url.find("://");
  if (scheme != std::string::npos) url.erase(0, scheme + 3);
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Status name_image(const CompiledFile& compiled, const Origin& origin, const ImageChoice& choice,
                  const json::object& registry, ImagePlan& plan) {
  const std::string url =
      choice.registry.empty() ? json::string_or(registry, "url") : choice.registry;
  const std::string place = without_scheme(url);
  const std::string given = json::string_or(registry, "image_name");
  const std::string repository =
      repository_name(given.empty() ? default_repository(compiled) : given);
  auto tag = tag_of(registry, origin, choice);
  if (!tag) return fail(tag);
  plan.registry = place.substr(0, place.find('/'));
  plan.plain_http = url.starts_with("http://");
  plan.name = (place.empty() ? "localhost" : place) + "/" + repository;
  if (plan.name.size() > kImageNameMax)
    return fail(Code::invalid, "the image's name is too long: " + plan.name,
                "shorten registry.url or registry.image_name in leoflow.yaml");
  plan.name += ":" + *tag;
  plan.login = json::string_or(registry, "auth_method") == "env";
  return {};
}

Status take_own_file(const CompiledFile& compiled, const json::object& build, ImagePlan& plan) {
  const std::string file = json::string_or(build, "dockerfile");
  if (file.empty()) return {};
  plan.own_file = compiled.file.project / file;
  plan.own_context = compiled.file.project / json::string_or(build, "context", ".");
  std::error_code error;
  if (fs::is_regular_file(plan.own_file, error) && fs::is_directory(plan.own_context, error))
    return {};
  return fail(Code::invalid,
              "leoflow.yaml: build.dockerfile or build.context is not there: " + file,
              "paths are relative to the project's folder");
}

json::object labels_of(const json::object& build, const Origin& origin, const ImagePlan& plan) {
  json::object labels = section(build, "labels");
  labels["org.opencontainers.image.version"] = origin.label;
  if (!origin.commit.empty()) labels["org.opencontainers.image.revision"] = origin.commit;
  if (!origin.url.empty()) labels["org.opencontainers.image.source"] = origin.url;
  if (!plan.own_file.empty()) return labels;
  labels["io.leoflow.bundle"] = plan.bundle_hash;
  labels["io.leoflow.environment"] = plan.environment;
  return labels;
}

std::string packages_step(const std::vector<std::string>& packages) {
  if (packages.empty()) return {};
  std::string step =
      "RUN apt-get update \\\n && DEBIAN_FRONTEND=noninteractive apt-get install -y "
      "--no-install-recommends";
  for (const std::string& package : packages) step += " " + shell_word(package);
  return step + " \\\n && rm -rf /var/lib/apt/lists/*\n";
}

std::string environment_step(const ImagePlan& plan, const PipSecrets& pip) {
  if (plan.requirements.empty()) return {};
  const std::string folder(pod::kImageEnvironment);
  const std::string list = std::string(pod::kImageRoot) + "/requirements.txt";
  return "COPY requirements.txt " + list + "\n" + "RUN " +
         (pip.config.empty() ? "" : "--mount=type=secret,id=pip,target=/etc/pip.conf ") +
         (pip.cert.empty()
              ? ""
              : "--mount=type=secret,id=pip-cert,target=" + std::string(kPipCertMount) + " ") +
         "python" + plan.python_version + " -m venv " + folder + " \\\n && " + folder +
         "/bin/python -m pip install --no-cache-dir --no-input --disable-pip-version-check -r " +
         list + "\n";
}

Status copy_tree(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return fail(from_errno("copy", from.string(), error.value()));
  return {};
}

}  // namespace

std::string repository_name(std::string_view text) {
  std::string name;
  bool separated = true;  // a separator neither begins a name nor follows another
  for (const char c : text) {
    const bool letter = isalnum(static_cast<unsigned char>(c));
    if (letter) name += char(tolower(static_cast<unsigned char>(c)));
    if (!letter && !separated) name += std::string_view("/._-").contains(c) ? c : '-';
    separated = !letter;
  }
  while (!name.empty() && !isalnum(static_cast<unsigned char>(name.back()))) name.pop_back();
  return name.empty() ? "dag" : name;
}

Result<ImagePlan> plan_image(const CompiledFile& compiled, const Origin& origin,
                             const ImageChoice& choice) {
  const DagSpec& spec = compiled.dags.at(0).spec;
  const json::object deploy = deploy_of(compiled), build = section(deploy, "build");
  ImagePlan plan{
      .python_version = spec.python_version,
      .base_image = json::string_or(deploy, "base_image", kBaseImage),
      .system_packages = texts_of(deploy, "system_packages"),
      .requirements = spec.dependencies,
      .platforms = texts_of(build, "platforms"),
      .bundle_hash = compiled.bundle.hash,
      .environment = environment_key(compiled.dags[0].version.environment, spec.python_version),
      .bundle = compiled.bundle.path};
  const auto python = plan.base_image.find("{python}");
  if (python != std::string::npos) plan.base_image.replace(python, 8, plan.python_version);
  if (auto named = name_image(compiled, origin, choice, section(deploy, "registry"), plan); !named)
    return fail(named);
  if (auto own = take_own_file(compiled, build, plan); !own) return fail(own);
  plan.labels = labels_of(build, origin, plan);
  return plan;
}

std::string container_file(const ImagePlan& plan, const PipSecrets& pip) {
  std::string text = "# Made by `leoflow build`. What changes seldom comes first.\nFROM " +
                     plan.base_image + "\nUSER 0:0\n";
  text += packages_step(plan.system_packages);
  text += environment_step(plan, pip);
  text += "COPY leoflow/ " + std::string(pod::kImageRoot) + "/\n";
  for (const auto& label : plan.labels) {
    if (label.value().is_string())
      text += "LABEL " + label_text(std::string_view(label.key())) + "=" +
              label_text(std::string_view(label.value().get_string())) + "\n";
  }
  const std::string user = std::to_string(kImageUser);
  return text + "USER " + user + ":" + user + "\n";
}

Status write_build_context(const ImagePlan& plan, const PipSecrets& pip, const fs::path& folder) {
  const fs::path inner = folder / "leoflow";
  if (auto made = make_folder(inner); !made) return made;
  if (auto copied = copy_tree(plan.bundle, inner / "bundle"); !copied) return copied;
  pod::ImageContent content{.bundle = plan.bundle_hash, .environment = plan.environment};
  if (!plan.requirements.empty()) {
    content.site_packages = std::string(pod::kImageEnvironment) + "/lib/python" +
                            plan.python_version + "/site-packages";
  }
  auto written =
      write_file(inner / fs::path(pod::kImageFile).filename(), pod::write_image_content(content));
  if (!written) return written;
  std::string lines;
  for (const std::string& line : plan.requirements) lines += line + "\n";
  if (written = write_file(folder / "requirements.txt", lines); !written) return written;
  return write_file(folder / "Containerfile", container_file(plan, pip));
}

}  // namespace leoflow
