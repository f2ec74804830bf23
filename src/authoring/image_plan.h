// SPDX-License-Identifier: Apache-2.0
// The container image of one version of a project: its name, its container file, and what a build
// sees. What changes seldom comes first, so that a change of dag.py rebuilds one small layer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "authoring/compiler.h"
#include "authoring/origin.h"
#include "base/error.h"
#include "base/json.h"

namespace leoflow {

constexpr std::string_view kBaseImage = "docker.io/library/python:{python}-slim";
constexpr size_t kImageNameMax = 255, kImageTagMax = 128;  // limits of registries

// What outweighs leoflow.yaml; empty = what it says.
struct ImageChoice {
  std::string registry;  // "registry.example.org/flows"
  std::string tag;
};

struct ImagePlan {
  std::string name;         // "registry.example.org/flows/etl:v1.2"
  std::string registry;     // "registry.example.org"; empty = the image stays on this machine
  bool plain_http = false;  // the registry was named with http://
  bool login = false;       // with the credentials of two variables (registry.auth_method: env)
  std::string python_version, base_image;
  std::vector<std::string> system_packages, requirements, platforms;
  json::object labels;
  std::string bundle_hash, environment;  // environment_key(); what the image will hold
  fs::path bundle;                       // folder of its files
  // A container file of the project's own, and the folder that the build sees; then nothing is
  // known of what the image holds.
  fs::path own_file, own_context;
};

// `invalid` when leoflow.yaml asks for what cannot be: a tag from git where there is none, a
// dockerfile that is not there. Requires: compiled without failure, its bundle is on disk.
Result<ImagePlan> plan_image(const CompiledFile& compiled, const Origin& origin,
                             const ImageChoice& choice);

// Of this machine's pip, mounted while packages are installed: it stays out of the image.
struct PipSecrets {
  std::string config;  // pip.conf; empty = none
  fs::path cert;       // certificates to trust; empty = the image's own
};
constexpr std::string_view kPipCertMount = "/run/leoflow-pip-cert.pem";

// The generated container file. Requires: no own_file.
std::string container_file(const ImagePlan& plan, const PipSecrets& pip);

// Writes what the generated build sees into an empty folder: the container file, requirements.txt,
// the bundle, and image.json (model/pod_image.h) that tells agents what they need not fetch.
Status write_build_context(const ImagePlan& plan, const PipSecrets& pip, const fs::path& folder);

// "Data/ETL" as a repository's name: "data/etl".
std::string repository_name(std::string_view text);

}  // namespace leoflow
