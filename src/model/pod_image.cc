// SPDX-License-Identifier: Apache-2.0
#include "model/pod_image.h"

#include "base/json.h"

namespace leoflow::pod {

std::string write_image_content(const ImageContent& content) {
  json::Writer out;
  out.begin_object().member("bundle", content.bundle).member("environment", content.environment);
  out.member("site_packages", content.site_packages).end_object();
  return out.take() + "\n";
}

Result<ImageContent> read_image_content(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed) return fail(parsed);
  if (!parsed->is_object()) return fail(Code::invalid, "image.json is not an object");
  const json::object& object = parsed->get_object();
  return ImageContent{json::string_or(object, "bundle"), json::string_or(object, "environment"),
                      json::string_or(object, "site_packages")};
}

}  // namespace leoflow::pod
