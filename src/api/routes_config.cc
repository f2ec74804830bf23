// SPDX-License-Identifier: Apache-2.0
// /config: the configuration in Airflow's form. Hidden unless the server was started to show it;
// secrets never are. In Leoflow's own form it is at /api/leoflow/v1/configuration.
#include <algorithm>
#include <map>

#include "api/call.h"
#include "api/routes_config.h"

namespace leoflow::api {
namespace {

using Expose = ApiOptions::ExposeConfig;
constexpr std::string_view kHidden = "< hidden >";

using Sections = std::map<std::string, std::vector<ConfigValue>>;

// The sections that may be shown, or why none may.
Result<Sections> shown_sections(const Call& call) {
  Expose expose = call.services.options.expose_config;
  if (expose == Expose::no) {
    return fail(Code::denied, "Your administrator chose not to expose the configuration",
                "LEOFLOW_EXPOSE_CONFIG=true shows it");
  }
  Sections sections;
  for (ConfigValue& value : call.services.host.configuration()) {
    if (value.secret && expose == Expose::non_sensitive_only) continue;
    sections[value.section].push_back(std::move(value));
  }
  return sections;
}

std::string_view text_of(const ConfigValue& value) {
  return value.secret ? kHidden : std::string_view(value.value);
}

Response answer(const Call& call, const Sections& sections) {
  if (call.content_type == "text/plain") {
    Response response;
    response.content_type = "text/plain; charset=utf-8";
    for (const auto& [name, values] : sections) {
      response.body += "[" + name + "]\n";
      for (const ConfigValue& value : values)
        response.body.append(value.key).append(" = ").append(text_of(value)).append("\n");
      response.body += "\n";
    }
    return response;
  }
  json::Writer w;
  w.begin_object().key("sections").begin_array();
  for (const auto& [name, values] : sections) {
    w.begin_object().member("name", name).key("options").begin_array();
    for (const ConfigValue& value : values) {
      w.begin_object().member("key", value.key).member("value", text_of(value)).end_object();
    }
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return json_response(w);
}

Result<Response> get_config(Call& call) {
  auto sections = shown_sections(call);
  if (!sections) return fail(sections);
  if (auto wanted = call.query_text("section")) {
    if (!sections->contains(*wanted))
      return fail(Code::not_found, "Section " + wanted->substr(0, 250) + " not found.");
    std::erase_if(*sections, [&](const auto& one) { return one.first != *wanted; });
  }
  return answer(call, *sections);
}

Result<Response> get_config_value(Call& call) {
  auto sections = shown_sections(call);
  if (!sections) return fail(sections);
  const std::string& section = call.path("section");
  const std::string& option = call.path("option");
  std::vector<ConfigValue>& values = (*sections)[section];
  auto found = std::ranges::find(values, option, &ConfigValue::key);
  if (found == values.end())
    return fail(Code::not_found, "Option [" + section + "/" + option + "] not found.");
  return answer(call, {{section, {*found}}});
}

}  // namespace

void add_config_routes(Router& router) {
  router.tag("Config");
  router.shape("ConfigOption", "key:str value:str");
  router.shape("ConfigSection", "name:str options:[ConfigOption]");
  router.shape("Config", "sections:[ConfigSection]");
  router.add(Method::get, "/api/v2/config", "get_config", get_config)
      .about(
          "The configuration in force, secrets masked; 403 unless the server was started with "
          "LEOFLOW_EXPOSE_CONFIG=true or non-sensitive-only")
      .takes({{.name = "section"}})
      .answers_with(200, "Config")
      .answers_with(200, "", "text/plain");
  router
      .add(Method::get, "/api/v2/config/section/{section}/option/{option}", "get_config_value",
           get_config_value)
      .about("One setting, in the same form")
      .answers_with(200, "Config")
      .answers_with(200, "", "text/plain");
}

}  // namespace leoflow::api
