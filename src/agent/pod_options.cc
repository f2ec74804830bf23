// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "agent/pod_agent.h"

namespace leoflow {
namespace {

template <typename Number>
Status read_number(const std::string& text, std::string_view name, Number& number) {
  if (text.empty()) return {};
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    return fail(Code::invalid, std::string(name) + " must be a number, not \"" + text + "\"");
  number = Number(value);
  return {};
}

}  // namespace

Result<PodAgentOptions> read_pod_options(
    const std::function<std::string(std::string_view name)>& variable) {
  auto or_default = [&](std::string_view name, std::string_view fallback) {
    std::string text = variable(name);
    return text.empty() ? std::string(fallback) : text;
  };
  for (auto name : {pod::kServer, pod::kTokenFile, pod::kPodName, pod::kPodUid, pod::kPlace}) {
    if (variable(name).empty())
      return fail(Code::invalid, "the variable " + std::string(name) + " is missing",
                  "leoflow-agent pod is started by the server in pods that it makes");
  }
  PodAgentOptions options{.server = variable(pod::kServer),
                          .ca_pem = variable(pod::kCa),
                          .token_file = variable(pod::kTokenFile),
                          .place = variable(pod::kPlace),
                          .pod_name = variable(pod::kPodName),
                          .pod_uid = variable(pod::kPodUid),
                          .image = variable(pod::kImage),
                          .work = or_default(pod::kWork, pod::kWorkDefault)};
  options.cache = or_default(pod::kCache, (options.work / "cache").string());
  options.termination_log = or_default(pod::kTerminationLog, pod::kTerminationLogDefault);
  options.path_variable = variable("PATH");
  options.standby = read_standby(variable(pod::kInterpreter));
  for (auto read :
       {read_number(variable(pod::kCacheBytes), pod::kCacheBytes, options.cache_bytes_max),
        read_number(variable(pod::kGrace), pod::kGrace, options.grace),
        read_number(variable(pod::kLinger), pod::kLinger, options.linger)}) {
    if (!read) return fail(read);
  }
  return options;
}

}  // namespace leoflow
