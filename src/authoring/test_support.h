// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: a temporary folder, a store in memory, a compiler with the
// real extractor.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "authoring/compiler.h"
#include "authoring/registrar.h"
#include "base/crypto.h"
#include "store/store.h"
#include "test_paths.h"

namespace leoflow {

class FixedClock final : public Clock {
 public:
  Time now() const override { return from_micros(1'709'211'909'250'000); }
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    crypto_init();
    path_ = fs::canonical(fs::temp_directory_path()) / ("leoflow-test-" + random_token(12));
    EXPECT_TRUE(make_folder(path_));
  }
  ~TemporaryFolder() { EXPECT_TRUE(remove_tree(path_)); }
  fs::path operator/(const fs::path& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }
  void write(const fs::path& name, std::string_view text) const {
    EXPECT_TRUE(make_folder((path_ / name).parent_path()));
    EXPECT_TRUE(write_file(path_ / name, text));
  }

 private:
  fs::path path_;
};

// A file with one DAG of two tasks.
inline std::string dag_text(const std::string& dag_id, const std::string& head = {}) {
  return head +
         "\nfrom airflow.sdk import DAG\nfrom airflow.providers.standard.operators.empty import "
         "EmptyOperator\nwith DAG('" +
         dag_id +
         "', schedule=None):\n    EmptyOperator(task_id='a') >> EmptyOperator(task_id='b')\n";
}

// A whole authoring setup over a temporary folder.
struct Fixture {
  TemporaryFolder folder;
  FixedClock clock;
  Interpreters interpreters{InterpreterPlaces{}};
  Environments environments{{.cache = folder / "cache", .uv = {}, .variables = {}}, interpreters};
  BundleStore bundles{folder / "bundles"};
  Compiler compiler{Extractor({.script = LEOFLOW_SOURCE_DIR "/python/leoflow/extract.py",
                               .time_max = std::chrono::seconds(60),
                               .memory_bytes_max = kExtractMemoryMax,
                               .variables = {}}),
                    environments, interpreters, bundles};
  std::unique_ptr<Store> store =
      std::move(*open_sqlite_store({.path = {}, .synchronous_full = false}));

  RegistrarOptions registrar_options() const {
    RegistrarOptions options;
    options.origin = [](const fs::path&, Time) { return Origin{.label = "v1"}; };
    return options;
  }
  fs::path workspace() const { return folder / "dags"; }
};

}  // namespace leoflow
