// SPDX-License-Identifier: Apache-2.0
#include "cli/deployment.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "cli/format.h"
#include "model/deployment.h"

namespace leoflow::cli {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr Milliseconds kAskEveryMin{50}, kAskEveryMax{1000};
constexpr int kSilentAsksMax = 60;  // without an answer: a server that is restarted

Status send_part(ApiClient& api, const PackedProject& project, int file, uint64_t offset) {
  std::string part(std::min<uint64_t>(kUploadPartBytesMax, project.bytes - offset), '\0');
  const ssize_t count = pread(file, part.data(), part.size(), off_t(offset));
  if (count != ssize_t(part.size())) return fail(from_errno("read", project.archive));
  Query query{{"bytes", std::to_string(project.bytes)}, {"offset", std::to_string(offset)}};
  auto taken = api.put_bytes(with_query(own_path({"uploads", project.sha256}), query), part);
  return taken ? Status{} : fail(taken);
}

struct Received {
  uint64_t bytes = 0;
  bool complete = false;
};

Result<Received> received(ApiClient& api, const PackedProject& project) {
  auto known = api.get_object(own_path({"uploads", project.sha256}));
  if (!known && known.error().code() == Code::not_found) return Received{};
  if (!known) return fail(known);
  return Received{uint64_t(json::int_or(*known, "received", 0)),
                  json::bool_or(*known, "complete", false)};
}

// From where the server has it already: an upload that was cut off goes on.
Status upload(Context& context, ApiClient& api, const PackedProject& project) {
  auto known = received(api, project);
  if (!known) return fail(known);
  if (known->complete) return {};
  const Fd file(open(project.archive.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(from_errno("open", project.archive));
  uint64_t offset = known->bytes;
  while (offset < project.bytes) {
    context.console.status("sending " + project.name + ": " + format_bytes(int64_t(offset)) +
                           " of " + format_bytes(int64_t(project.bytes)));
    if (auto sent = send_part(api, project, file.get(), offset); !sent) return sent;
    offset = std::min(offset + kUploadPartBytesMax, project.bytes);
  }
  context.console.status("");
  return {};
}

json::object body_of(const DeployRequest& request) {
  const PackedProject& project = request.project;
  json::object body{{"project", project.name}, {"archive", project.sha256}, {"file", project.file},
                    {"label", project.label},  {"commit", project.commit},  {"url", project.url},
                    {"image", request.image}};
  body["flat"] = project.flat;
  body["image_bundle"] = request.image_bundle;
  body["image_environment"] = request.image_environment;
  body["activate"] = request.activate;
  body["dry_run"] = request.dry_run;
  return body;
}

// Lines of the environment's build that were not told yet.
void tell_progress(Context& context, const json::object& deployment, int64_t& told) {
  const json::array* lines = json::array_or_null(deployment, "progress");
  const int64_t all = json::int_or(deployment, "lines", 0);
  if (!lines) return;
  const int64_t fresh = std::min(all - told, int64_t(lines->size()));
  for (size_t i = lines->size() - size_t(std::max<int64_t>(fresh, 0)); i < lines->size(); ++i) {
    if ((*lines)[i].is_string()) context.say(printable(std::string_view((*lines)[i].get_string())));
  }
  told = all;
}

bool is_over(const json::object& deployment) {
  const std::string state = json::string_or(deployment, "state");
  return state == "done" || state == "failed";
}

Result<json::object> wait_until_over(Context& context, ApiClient& api, json::object deployment) {
  const std::string path = own_path({"deployments", json::string_or(deployment, "id")});
  Milliseconds pause = kAskEveryMin;
  int64_t told = 0;
  int silent = 0;
  while (true) {
    tell_progress(context, deployment, told);
    if (is_over(deployment)) return deployment;
    poll(nullptr, 0, int(pause.count()));
    pause = std::min(pause * 5 / 4, kAskEveryMax);
    auto now = api.get_object(path);
    if (now) {
      silent = 0;
      deployment = std::move(*now);
    } else if (now.error().code() != Code::unavailable || ++silent > kSilentAsksMax) {
      return now;
    }
  }
}

// "etl: dag.py, line 7: SyntaxError: ..." and the trace.
Error refusal_of(const PackedProject& project, const json::object& failure) {
  std::string text = project.name + ": ";
  const std::string file = json::string_or(failure, "file");
  const int64_t line = json::int_or(failure, "line", 0);
  if (!file.empty()) text += file + (line > 0 ? ", line " + std::to_string(line) : "") + ": ";
  text += json::string_or(failure, "message");
  if (const std::string trace = json::string_or(failure, "trace"); !trace.empty())
    text += "\n" + trace;
  text.erase(text.find_last_not_of('\n') + 1);
  const std::string hint = json::string_or(failure, "hint");
  return Error(Code::invalid, std::move(text),
               hint.empty() ? "`leoflow validate` tells the same of the project's folder" : hint);
}

}  // namespace

Status check_server(Context& context, const PackedProject& project) {
  auto api = context.api();
  if (!api) return fail(api);
  auto known = received(**api, project);
  return known ? Status{} : fail(known);
}

Result<json::object> deploy_project(Context& context, const DeployRequest& request) {
  auto api = context.api();
  if (!api) return fail(api);
  if (auto sent = upload(context, **api, request.project); !sent) return fail(sent);
  auto begun = (*api)->send_object("POST", own_path({"deployments"}), body_of(request));
  if (!begun) return fail(begun);
  auto ended = wait_until_over(context, **api, std::move(*begun));
  if (!ended) return ended;
  if (json::string_or(*ended, "state") != "failed") return ended;
  const json::object* failure = json::object_or_null(*ended, "failure");
  return fail(refusal_of(request.project, failure ? *failure : json::object()));
}

}  // namespace leoflow::cli
