// SPDX-License-Identifier: Apache-2.0
// Finding a real Python interpreter of a version: never a shim, always the absolute path it reports
// itself.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "async/guarded.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

constexpr std::string_view kPythonDefault = "3.11";
// Tried in this order when nobody asked for a version and kPythonDefault is not installed.
constexpr std::string_view kPythonVersions[] = {"3.11", "3.12", "3.13", "3.10"};

struct InterpreterPlaces {
  std::vector<fs::path> folders{"/usr/bin", "/usr/local/bin"};  // hold python3.X; searched first
  fs::path home;  // the user's: .local/share/uv/python and .pyenv/versions are searched below it;
                  // empty = neither
};

// Remembers what it found. Any thread; find() may run a candidate for a moment.
class Interpreters {
 public:
  explicit Interpreters(InterpreterPlaces places) : places_(std::move(places)) {}

  // The interpreter of "3.11". `not_found` with a hint how to get one.
  Result<fs::path> find(const std::string& version);
  // The version to use when none is asked for: the first of kPythonVersions that is installed, else
  // kPythonDefault.
  std::string default_version();

 private:
  std::vector<fs::path> candidates(const std::string& version) const;

  InterpreterPlaces places_;
  Guarded<std::map<std::string, fs::path>> found_;
};

}  // namespace leoflow
