// SPDX-License-Identifier: Apache-2.0
// Builds and pushes images with whatever container tool is there. Everything the tool needs beside
// its arguments (storage, logins, proxies) it has from its user's own settings.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "authoring/environment.h"
#include "authoring/image_plan.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

constexpr Duration kImageBuildTimeMax = std::chrono::hours(1);
constexpr Duration kImagePushTimeMax = std::chrono::hours(1);
constexpr Duration kRegistryLoginTimeMax = std::chrono::minutes(2);
constexpr Duration kImageLookTimeMax = std::chrono::minutes(1);
// Looked for in this order.
constexpr std::string_view kImageTools[] = {"podman", "buildah", "docker", "nerdctl"};

// With registry.auth_method: env.
constexpr std::string_view kRegistryUser = "LEOFLOW_REGISTRY_USERNAME";
constexpr std::string_view kRegistryPassword = "LEOFLOW_REGISTRY_PASSWORD";

struct ImageTool {
  std::string name;  // one of kImageTools
  fs::path program;
};

// The tool of that name or path, else the first in the folders of a PATH text. `not_found` with the
// way out.
Result<ImageTool> find_image_tool(const std::string& wanted, std::string_view path_variable);

using Variables = std::map<std::string, std::string>;

class ImageBuilder {
 public:
  ImageBuilder(ImageTool tool, Variables variables)
      : tool_(std::move(tool)), variables_(std::move(variables)) {}

  // With plan.login: the tool knows the credentials of the two variables from then on, as after
  // `TOOL login`. Before a build too, whose base image may come from the same registry.
  Status login(const ImagePlan& plan) const;
  // The image is in the tool's storage under plan.name afterwards. Blocks; lines of the tool go to
  // on_progress. Errors as of image_failure().
  Status build(const ImagePlan& plan, const BuildWatch& watch) const;
  // Sends it to its registry: the name that always means this very image, where the tool tells its
  // digest ("registry/etl@sha256:..."), else plan.name.
  Result<std::string> push(const ImagePlan& plan, const BuildWatch& watch) const;

 private:
  struct Call;
  Result<std::string> run(const ImagePlan& plan, Call call, const BuildWatch& watch) const;

  ImageTool tool_;
  Variables variables_;
};

// The tool's arguments; pure. `folder` holds the container file, pip.conf and, below context/, what
// the build sees.
std::vector<std::string> build_arguments(const ImageTool& tool, const ImagePlan& plan,
                                         const fs::path& folder, const PipSecrets& pip);
std::vector<std::string> push_arguments(const ImageTool& tool, const ImagePlan& plan,
                                        const fs::path& digest_file);
std::vector<std::string> login_arguments(const ImageTool& tool, const ImagePlan& plan,
                                         const std::string& user);

// What pip's variables say of where packages come from and whom to trust (PIP_INDEX_URL, PIP_CERT,
// ...): the rest is of this machine.
PipSecrets pip_secrets(const Variables& variables);

}  // namespace leoflow
