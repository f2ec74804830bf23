// SPDX-License-Identifier: Apache-2.0
#include "authoring/pack.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "authoring/compiler.h"
#include "base/tree_archive.h"

namespace leoflow {
namespace {

Result<std::optional<LeoflowYaml>> read_yaml(const DagFile& file) {
  if (file.yaml.empty()) return std::nullopt;
  auto text = read_file(file.yaml, kYamlBytesMax);
  if (!text) return fail(text);
  auto yaml = parse_leoflow_yaml(*text);
  if (!yaml) return fail(yaml);
  return std::move(*yaml);
}

}  // namespace

Result<PackedFiles> pack_files(const DagFile& file, const fs::path& folder) {
  auto yaml = read_yaml(file);
  if (!yaml) return fail(yaml);
  auto files = bundle_files(file, *yaml ? &**yaml : nullptr);
  if (!files) return fail(files);
  const BundleStore store(folder / "files");
  auto bundle = store.describe(file.project, *files);
  if (!bundle) return fail(bundle);
  PackedFiles packed{.bundle_hash = bundle->hash};
  if (*yaml) {
    const json::object* registry = json::object_or_null((*yaml)->deploy, "registry");
    if (registry) packed.registry = json::string_or(*registry, "url");
  }
  // The server reads leoflow.yaml also where exclude_paths keeps it out of the bundle.
  const std::string name = file.yaml.lexically_relative(file.project).generic_string();
  if (*yaml && std::ranges::find(*files, name) == files->end()) {
    files->push_back(name);
    std::ranges::sort(*files);
    bundle = store.describe(file.project, *files);
    if (!bundle) return fail(bundle);
  }
  if (auto written = store.write(file.project, *bundle); !written) return fail(written);
  packed.archive = folder / "archive";
  const Fd out(open(packed.archive.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out) return fail(from_errno("create", packed.archive.string()));
  auto tree = pack_tree(bundle->path, out.get(), false);
  if (!tree) return fail(tree);
  packed.sha256 = std::move(tree->sha256);
  packed.bytes = tree->bytes;
  return packed;
}

}  // namespace leoflow
