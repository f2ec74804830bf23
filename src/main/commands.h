// SPDX-License-Identifier: Apache-2.0
// The commands that need the server's inside, for the command line.
#pragma once

#include "cli/local_commands.h"
#include "main/server.h"

namespace leoflow {

class Commands : public cli::LocalCommands {
 public:
  std::string version() override;
  std::string yaml_schema() override;
  Result<int> lite(const cli::LiteOptions& options) override;
  Result<int> server(const cli::ServerOptions& options) override;
  Result<cli::RunOnceResult> run_once(const cli::RunOnceOptions& options,
                                      const cli::RunOnceEvents& events) override;
  Result<std::vector<cli::CompileReport>> compile(const cli::CompileOptions& options) override;
  Result<cli::PackedProject> pack(const cli::PackOptions& options) override;
  Result<cli::BuildReport> build(const cli::BuildOptions& options) override;
  Result<cli::MigrateReport> db_migrate(const std::string& home) override;
  Status db_check(const std::string& home) override;
  Status db_backup(const std::string& home, const std::string& file) override;
  Result<cli::RotateReport> db_rotate_key(const std::string& home) override;
  std::vector<cli::DoctorFinding> doctor(const std::string& home) override;

 private:
  Result<int> serve(const cli::ServerOptions& options, bool lite);
};

// SIGINT and SIGTERM wait to be taken by serve(), SIGPIPE is ignored. Call first in main(), before
// any thread starts.
void prepare_signals();

}  // namespace leoflow
