// SPDX-License-Identifier: Apache-2.0
#include "authoring/extractor.h"

#include <sys/wait.h>

#include <csignal>

#include "async/child.h"

namespace leoflow {
namespace {

constexpr size_t kOutputTailBytes = 4000;
constexpr uint64_t kAddressSpaceFactor = 4;

std::string request_text(const ExtractRequest& request, uint64_t memory_bytes_max) {
  json::Writer writer;
  writer.begin_object()
      .member("file", request.file.string())
      .member("project", request.project.string());
  writer.key("site_packages").begin_array();
  for (const fs::path& folder : request.environment.site_packages) writer.string(folder.string());
  writer.end_array().member("memory_bytes_max", int64_t(memory_bytes_max)).end_object();
  return writer.take();
}

std::vector<std::string> texts(const json::object& answer, std::string_view key) {
  std::vector<std::string> list;
  const json::array* items = json::array_or_null(answer, key);
  if (!items) return list;
  for (const json::value& item : *items) {
    if (item.is_string()) list.emplace_back(item.get_string());
  }
  return list;
}

CompileFailure broken(std::string message, const std::string& output, std::string hint = {}) {
  CompileFailure failure{.message = std::move(message), .hint = std::move(hint)};
  failure.trace = output.substr(output.size() - std::min(output.size(), kOutputTailBytes));
  return failure;
}

CompileFailure read_failure(const json::object& error, uint64_t memory_bytes_max) {
  CompileFailure failure;
  failure.type = json::string_or(error, "type");
  failure.message = json::string_or(error, "message");
  failure.file = json::string_or(error, "file");
  failure.line = static_cast<int>(json::int_or(error, "line"));
  failure.trace = json::string_or(error, "trace");
  failure.hint = json::string_or(error, "hint");
  if (failure.type == "MemoryError" && failure.hint.empty()) {
    failure.message = "the file needs more than " + std::to_string(memory_bytes_max >> 20) +
                      " MiB to be read" + (failure.message.empty() ? "" : ": " + failure.message);
    failure.hint = "load data inside tasks, not at the top of the file";
  }
  return failure;
}

std::expected<Extraction, CompileFailure> read_answer(const ChildResult& child,
                                                      uint64_t memory_bytes_max) {
  const std::string output = child.stderr_text + child.stdout_text;
  const bool killed = WIFSIGNALED(child.status);
  if (child.fd3.empty()) {
    const std::string how = describe_wait_status(child.status);
    const bool memory = output.find("MemoryError") != std::string::npos ||
                        (killed && WTERMSIG(child.status) == SIGKILL);
    if (memory) {
      return std::unexpected(broken("the file needs more than " +
                                        std::to_string(memory_bytes_max >> 20) +
                                        " MiB to be read (" + how + ")",
                                    output, "load data inside tasks, not at the top of the file"));
    }
    return std::unexpected(broken("reading the file ended the interpreter: " + how, output,
                                  "the top of the file must not call exit()"));
  }
  const auto document = json::parse(child.fd3);
  if (child.fd3_cut || !document || !document->is_object()) {
    return std::unexpected(
        broken("the extractor's answer cannot be read" +
                   (document ? std::string() : ": " + document.error().message()),
               output));
  }
  const json::object& answer = document->get_object();
  if (!json::bool_or(answer, "ok")) {
    const json::object* error = json::object_or_null(answer, "error");
    return std::unexpected(error ? read_failure(*error, memory_bytes_max)
                                 : broken("the extractor failed", output));
  }
  Extraction extraction;
  if (const json::array* dags = json::array_or_null(answer, "dags")) extraction.dags = *dags;
  extraction.needs = texts(answer, "needs");
  extraction.warnings = texts(answer, "warnings");
  extraction.files = texts(answer, "files");
  return extraction;
}

}  // namespace

std::string import_error_text(const CompileFailure& failure, const std::string& filename) {
  std::string text = "File \"" + (failure.file.empty() ? filename : failure.file) + "\"";
  if (failure.line > 0) text += ", line " + std::to_string(failure.line);
  text += "\n" + (failure.type.empty() ? "" : failure.type + ": ") + failure.message + "\n";
  if (!failure.trace.empty())
    text += "\n" + failure.trace + (failure.trace.ends_with('\n') ? "" : "\n");
  if (!failure.hint.empty()) text += "\nhint: " + failure.hint + "\n";
  return text;
}

std::expected<Extraction, CompileFailure> Extractor::extract(const ExtractRequest& request) const {
  ChildSpec spec;
  spec.program = request.environment.python.string();
  spec.arguments = {"-I", "-B", options_.script.string()};
  spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  for (const std::string& variable : options_.variables) spec.environment.push_back(variable);
  spec.cwd = request.project;
  // The extractor bounds its data itself; this bounds what it maps, which imports do generously.
  spec.memory_bytes_max = kAddressSpaceFactor * options_.memory_bytes_max;
  RunLimits limits;
  limits.timeout = options_.time_max;
  limits.kill_grace = std::chrono::milliseconds(200);
  limits.stdout_bytes_max = limits.stderr_bytes_max = 256 * 1024;
  limits.cancel_fd = request.cancel_fd;
  const auto child =
      run_child(std::move(spec), request_text(request, options_.memory_bytes_max), limits);
  if (child) return read_answer(*child, options_.memory_bytes_max);
  const Error& error = child.error();
  if (error.code() == Code::timeout) {
    return std::unexpected(
        CompileFailure{.message = "reading the file took longer than " +
                                  format_duration(options_.time_max) + " and was ended",
                       .hint = "do slow work inside tasks, not at the top of the file"});
  }
  return std::unexpected(CompileFailure{.message = error.message(), .hint = error.hint()});
}

}  // namespace leoflow
