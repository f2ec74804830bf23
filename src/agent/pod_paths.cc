// SPDX-License-Identifier: Apache-2.0
#include "agent/pod_paths.h"

#include <unistd.h>

#include "agent/frame.h"
#include "agent/template_process.h"
#include "base/log.h"

namespace leoflow {
namespace {

constexpr const char* kImageFolders[] = {"/usr/local/bin", "/usr/bin", "/bin", "/opt/conda/bin",
                                         "/opt/venv/bin"};

}  // namespace

fs::path usable_cache(const fs::path& wanted, const fs::path& own) {
  auto made = make_folder(wanted);
  if (made && access(wanted.c_str(), W_OK) != 0)
    made = fail(from_errno("write to", wanted.string()));
  if (made) return wanted;
  log::warning("pods share nothing that they fetch", {{"reason", made.error().message()}});
  return own;
}

std::vector<fs::path> interpreter_folders(std::string_view path_variable) {
  std::vector<fs::path> folders;
  while (!path_variable.empty()) {
    auto colon = std::min(path_variable.find(':'), path_variable.size());
    fs::path folder(path_variable.substr(0, colon));
    if (folder.is_absolute()) folders.push_back(std::move(folder));
    path_variable.remove_prefix(std::min(colon + 1, path_variable.size()));
  }
  for (const char* folder : kImageFolders) folders.emplace_back(folder);
  return folders;
}

Result<fs::path> find_interpreter(const std::string& python_version,
                                  const std::vector<fs::path>& folders, const std::string& image) {
  std::string program = "python" + python_version;
  for (const fs::path& folder : folders) {
    fs::path path = folder / program;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(Code::not_found,
              (image.empty() ? "the pod's image" : "the image " + image) + " has no " + program,
              "give the task an image with Python " + python_version +
                  ", or name the image's version with python_version: in leoflow.yaml");
}

std::string environment_name(const std::string& environment_json) {
  auto parsed = json::parse(environment_json);
  return parsed && parsed->is_object() ? json::string_or(parsed->get_object(), "hash") : "";
}

Result<std::string> environment_in_pod(const std::string& environment_json, const fs::path& python,
                                       const fs::path& environment) {
  auto parsed = json::parse(environment_json);
  if (!parsed) return fail(parsed.error().within("environment of the attempt"));
  if (!parsed->is_object())
    return fail(Code::invalid, "the environment of the attempt is not a JSON object");
  const auto& object = parsed->as_object();
  json::Writer out;
  out.begin_object().member("hash", json::string_or(object, "hash"));
  out.member("python", python.string()).key("site_packages").begin_array();
  if (!environment.empty()) out.string(environment.string());
  out.end_array().key("preload").begin_array();
  if (auto* preload = json::array_or_null(object, "preload")) {
    for (const auto& module : *preload) out.value(module);
  }
  return out.end_array().end_object().take();
}

Result<std::string> start_in_pod(const std::string& start_json, const std::string& bundle_path,
                                 const fs::path& bundle) {
  std::string text = start_json, added;
  for (const char* name : {"file", "bundle", "project"}) {
    auto taken = take_member(text, name);
    if (!taken) return fail(taken);
    if (taken->value.empty()) continue;
    auto value = json::parse(taken->value);
    if (!value) return fail(value.error().within("start frame of the attempt"));
    if (!value->is_string()) return fail(Code::invalid, "a path of the start frame is no text");
    std::string path(value->as_string());
    bool below = path.starts_with(bundle_path) &&
                 (path.size() == bundle_path.size() || path[bundle_path.size()] == '/');
    if (bundle_path.empty() || !below)
      return fail(Code::invalid, "the start frame names a path outside its bundle");
    json::Writer moved;
    moved.string(bundle.string() + path.substr(bundle_path.size()));
    added += "\"" + std::string(name) + "\":" + moved.take() + ",";
    text = std::move(taken->rest);
  }
  auto taken = take_member(text, "spill_folder");
  if (!taken) return fail(taken);
  return append_members(taken->rest, added + "\"spill_folder\":null");
}

}  // namespace leoflow
