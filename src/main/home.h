// SPDX-License-Identifier: Apache-2.0
// The installation's folder: where everything lives, made on first start, held by one server at a
// time.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace leoflow {

// Paths below a home. Nothing else in the program spells them.
struct Home {
  fs::path root;

  fs::path database() const { return root / "leoflow.db"; }
  fs::path key_file() const { return root / "secrets.key"; }
  fs::path server_lock() const { return root / "server.lock"; }
  fs::path server_info() const {
    return root / "server.json";
  }  // address and pid of the running server
  fs::path cli_token() const { return root / "cli.token"; }
  fs::path agent_folder() const { return root / "agent"; }
  fs::path run_folder() const { return root / "run"; }
  fs::path agent_socket() const { return root / "run" / "agent.sock"; }
  fs::path logs() const { return root / "logs"; }
  fs::path bundles() const { return root / "bundles"; }
  fs::path staging() const { return root / "staging"; }
  fs::path xcoms() const { return root / "xcoms"; }  // values too large for the database, by run
  fs::path deployments() const { return root / "deployments"; }  // projects on their way in
  fs::path python() const { return root / "python"; }
  fs::path server_log() const { return root / "server.log"; }
};

// Makes the folder (0700) and its parts. `denied` when it cannot be written, with the way out; a
// path so long that no socket fits below it is `invalid`.
Result<Home> open_home(const fs::path& root);

// Holds the home for this process; `conflict` names the server that has it.
Result<Fd> lock_home(const Home& home);

// Unpacks the Python side that this program carries into folder/<hash> unless it is there; returns
// that path. Several servers may do so at once: each file appears whole, with the same content.
Result<fs::path> unpack_python(const fs::path& folder);

}  // namespace leoflow
