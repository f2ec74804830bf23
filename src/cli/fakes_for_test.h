// SPDX-License-Identifier: Apache-2.0
// A console that keeps what is written, and local commands that do nothing, for tests.
#pragma once

#include "cli/console.h"
#include "cli/local_commands.h"

namespace leoflow::cli {

class FakeConsole : public Console {
 public:
  std::optional<std::string> ask(std::string_view, bool) override { return answer; }
  Result<std::string> read_input() override { return input; }

  std::optional<std::string> answer;
  std::string input, written, errors;

 protected:
  void write_out(std::string_view text) override { written += text; }
  void write_err(std::string_view text) override { errors += text; }
};

class FakeLocal : public LocalCommands {
 public:
  std::string version() override { return "1.2.3"; }
  std::string yaml_schema() override { return "{}"; }
  Result<int> lite(const LiteOptions& options) override {
    last_lite = options;
    return 0;
  }
  Result<int> server(const ServerOptions&) override { return 0; }
  Result<RunOnceResult> run_once(const RunOnceOptions&, const RunOnceEvents&) override {
    return RunOnceResult{"etl", "once", run_state, {}, {}, {}};
  }
  Result<std::vector<CompileReport>> compile(const CompileOptions&) override { return reports; }
  Result<PackedProject> pack(const PackOptions& options) override {
    return PackedProject{.name = options.name, .file = "dag.py", .label = "v1"};
  }
  Result<BuildReport> build(const BuildOptions& options) override {
    return BuildReport{.image = options.registry + "/etl:v1", .pushed = options.push};
  }
  Result<MigrateReport> db_migrate(const std::string&) override {
    return MigrateReport{"leoflow.db", 1, 2};
  }
  Status db_check(const std::string&) override { return {}; }
  Status db_backup(const std::string&, const std::string&) override { return {}; }
  Result<RotateReport> db_rotate_key(const std::string& home) override {
    return RotateReport{home + "/secrets.key", 3};
  }
  std::vector<DoctorFinding> doctor(const std::string&) override { return {}; }

  LiteOptions last_lite;
  std::string run_state = "success";
  std::vector<CompileReport> reports;
};

}  // namespace leoflow::cli
