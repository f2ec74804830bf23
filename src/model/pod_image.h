// SPDX-License-Identifier: Apache-2.0
// What an image of ours says of itself, so that agents in it fetch nothing that it holds. Who
// builds the image writes it, `leoflow-agent pod` reads it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace leoflow::pod {

// Folders and files in the image.
constexpr std::string_view kImageRoot = "/opt/leoflow";
constexpr std::string_view kImageFile = "/opt/leoflow/image.json";
constexpr std::string_view kImageBundle = "/opt/leoflow/bundle";
constexpr std::string_view kImageEnvironment = "/opt/leoflow/environment";  // a virtual environment
constexpr size_t kImageFileBytesMax = 64 * 1024;

struct ImageContent {
  std::string bundle;         // hash of the files in kImageBundle
  std::string environment;    // what it is called (authoring/environment.h: environment_key)
  std::string site_packages;  // its folder; empty = bare interpreter
};

std::string write_image_content(const ImageContent& content);
// `invalid` for a text that is none.
Result<ImageContent> read_image_content(std::string_view text);

}  // namespace leoflow::pod
