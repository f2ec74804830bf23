// SPDX-License-Identifier: Apache-2.0
// What attempts in pods have instead of this host's disk: archives to fetch, and large XComs stored
// for them.
#include "async/child.h"
#include "base/crypto.h"
#include "base/log.h"
#include "main/claims.h"
#include "main/temporary_folder.h"

namespace leoflow {
namespace {

constexpr auto kCompileTimeMax = std::chrono::minutes(5);

// `python ARGUMENTS`: a part of the standard library, or ours.
Status run_python(const fs::path& python, std::vector<std::string> arguments, int cancel_fd) {
  ChildSpec spec;
  spec.program = python;
  spec.arguments = std::move(arguments);
  spec.environment = {"LC_ALL=C.UTF-8"};
  RunLimits limits;
  limits.timeout = kCompileTimeMax;
  limits.cancel_fd = cancel_fd;
  auto ran = run_child(std::move(spec), {}, limits);
  if (!ran) return fail(ran);
  if (ran->ok()) return {};
  return fail(Code::internal, python.string() + " failed: " + ran->stderr_text);
}

}  // namespace

Result<PodPreparation> Claims::prepare_pod(DagVersionId id) {
  if (!preparations_) return fail(Code::not_found, "this server takes no pods");
  return preparations_->get(id);
}

Result<PodPreparation> Claims::make_pod_preparation(DagVersionId id, int cancel_fd) {
  auto made = version(id);
  if (!made) return fail(made);
  const DagVersion& row = *made->first;
  const DagSpec& spec = *made->second;
  auto environment = environments_.locate(row.environment, spec.python_version);
  if (!environment) return fail(environment);
  PodPreparation prepared;
  PodSources& sources = prepared.sources;
  sources.python_version = spec.python_version;
  sources.bundle_path = row.bundle_path;
  fs::path python = environment->python;
  std::optional<TemporaryFolder> packed;
  auto pack_runtime = [&]() -> Result<fs::path> {
    auto folder = TemporaryFolder::make("leoflow-runtime");
    if (!folder) return fail(folder);
    packed.emplace(std::move(*folder));
    fs::path script = options_.python / "leoflow/pack.py";
    auto ran = run_python(python, {"-I", "-S", script, packed->path()}, cancel_fd);
    if (!ran) return fail(ran);
    return packed->path();
  };
  std::string runtime = options_.python.filename().string() + "-" + spec.python_version;
  auto hash = options_.archives->ensure("runtime-" + runtime, pack_runtime);
  if (!hash) return fail(hash.error().within("packing the task runtime"));
  sources.runtime = std::move(*hash);
  // The name of its folder is the hash of its content.
  hash = options_.archives->ensure("bundle-" + fs::path(row.bundle_path).filename().string(),
                                   [&] { return fs::path(row.bundle_path); });
  if (!hash) return fail(hash);
  sources.bundle = std::move(*hash);
  if (!environment->site_packages.empty()) {
    // Compiled files travel along, so that no pod compiles them again. Python trusts them by the
    // time of their source, which the archive keeps. What cannot be compiled is left as it is.
    auto compiled = [&, packages = fs::path(environment->site_packages.front())] {
      auto ran =
          run_python(python, {"-I", "-m", "compileall", "-q", "-j", "0", packages}, cancel_fd);
      if (!ran) log::info("not all was compiled", {{"folder", packages.string()}});
      return packages;
    };
    hash = options_.archives->ensure("packages-" + environment->hash, compiled);
    if (!hash) return fail(hash);
    sources.environment = std::move(*hash);
  }
  prepared.environment_json =
      environment_json({std::move(*environment), spec.python_version, spec.preload});
  return prepared;
}

bool Claims::still_there(const PodPreparation& made) const {
  const PodSources& sources = made.sources;
  auto there = [&](const std::string& hash) { return options_.archives->find(hash).has_value(); };
  return there(sources.runtime) && there(sources.bundle) &&
         (sources.environment.empty() || there(sources.environment));
}

Status Claims::spill(AttemptId attempt, XCom& xcom) {
  if (!xcom.spill_path.empty() || int64_t(xcom.value.size()) <= options_.xcom_bytes_max) return {};
  auto row = store_.runs().get_attempt(attempt);
  if (!row) return fail(row);
  if (!*row) return fail(Code::not_found, "the attempt of an XCom is not known");
  fs::path folder = options_.xcoms / std::to_string((*row)->run.value);
  if (auto made = make_folder(folder, 0700); !made) return made;
  // Sent again, the same value has the same name.
  fs::path path = folder / ("xcom-" + std::to_string(attempt.value) + "-" +
                            sha256_hex(xcom.key + "\n" + xcom.value).substr(0, 32) + ".json");
  if (auto written = write_file_durably(path, xcom.value); !written) return written;
  xcom.spill_path = path;
  xcom.value.clear();
  return {};
}

}  // namespace leoflow
