// SPDX-License-Identifier: Apache-2.0
// Runs the Python extractor over one DAG file, in the file's environment, bounded in time and
// memory.
#pragma once

#include <string>
#include <vector>

#include "authoring/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"

namespace leoflow {

constexpr Duration kExtractTimeMax = std::chrono::seconds(30);
constexpr uint64_t kExtractMemoryMax = uint64_t(1) << 30;

// Why a file gives no DAGs, as its import error tells it.
struct CompileFailure {
  std::string type;  // "SyntaxError"; empty = one of our own checks
  std::string message;
  std::string file;   // as the user knows it; empty = the DAG file
  int line = 0;       // 0 = unknown
  std::string trace;  // Python's, may be empty
  std::string hint;
};
// The text of an import error: place, reason, trace and hint, each on its own.
std::string import_error_text(const CompileFailure& failure, const std::string& filename);

struct Extraction {
  json::array dags;                // dag.json documents
  std::vector<std::string> needs;  // requirement lines the environment lacks
  std::vector<std::string> warnings;
  std::vector<std::string> files;  // relative to the project: what was read
};

struct ExtractRequest {
  fs::path file;     // absolute
  fs::path project;  // absolute; on sys.path
  Environment environment;
  int cancel_fd = -1;
};

struct ExtractorOptions {
  fs::path script;  // .../leoflow/extract.py
  Duration time_max = kExtractTimeMax;
  uint64_t memory_bytes_max = kExtractMemoryMax;
  std::vector<std::string> variables;  // "NAME=value" of the child; HOME, say
};

// Stateless; any thread. Blocks.
class Extractor {
 public:
  explicit Extractor(ExtractorOptions options) : options_(std::move(options)) {}

  // What the file defines, or why it cannot be read: a mistake in it, a limit it passed, an
  // extractor that broke.
  std::expected<Extraction, CompileFailure> extract(const ExtractRequest& request) const;

 private:
  ExtractorOptions options_;
};

}  // namespace leoflow
