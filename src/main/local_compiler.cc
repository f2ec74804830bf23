// SPDX-License-Identifier: Apache-2.0
#include "main/local_compiler.h"

#include "main/host.h"

namespace leoflow {

LocalCompiler::LocalCompiler(const Home& home, const fs::path& python, const fs::path& uv)
    : interpreters({.home = variable_or("HOME", "/root")}),
      environments(
          {.cache = default_cache() / "environments", .uv = uv, .variables = passed_variables()},
          interpreters),
      bundles(home.bundles()),
      compiler(
          Extractor({.script = python / "leoflow" / "extract.py", .variables = passed_variables()}),
          environments, interpreters, bundles) {}

Result<std::unique_ptr<LocalCompiler>> LocalCompiler::make(const std::string& root) {
  auto home = open_home(root);
  if (!home) return fail(home);
  auto python = unpack_python(default_cache() / "python");
  if (!python) python = unpack_python(home->python());
  if (!python) return fail(python);
  auto uv = uv_program();
  if (!uv) return fail(uv);
  return std::unique_ptr<LocalCompiler>(new LocalCompiler(*home, *python, *uv));
}

}  // namespace leoflow
