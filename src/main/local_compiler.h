// SPDX-License-Identifier: Apache-2.0
// A compiler without a server, for commands: environments and the Python side are those of the
// user's cache, bundles those of the home.
#pragma once

#include <memory>
#include <string>

#include "authoring/compiler.h"
#include "base/error.h"
#include "main/home.h"

namespace leoflow {

struct LocalCompiler {
  // Errors of a home that cannot be opened or written, and of a configured uv that cannot be run.
  static Result<std::unique_ptr<LocalCompiler>> make(const std::string& home);

  Interpreters interpreters;
  Environments environments;
  BundleStore bundles;
  Compiler compiler;

 private:
  LocalCompiler(const Home& home, const fs::path& python, const fs::path& uv);
};

}  // namespace leoflow
