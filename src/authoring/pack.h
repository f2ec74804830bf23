// SPDX-License-Identifier: Apache-2.0
// A project's files as one archive, for a server elsewhere. Needs no Python.
#pragma once

#include <cstdint>
#include <string>

#include "authoring/discovery.h"
#include "base/error.h"
#include "base/file.h"

namespace leoflow {

struct PackedFiles {
  fs::path archive;    // base/tree_archive.h; equal files give equal bytes
  std::string sha256;  // of its bytes
  uint64_t bytes = 0;
  std::string bundle_hash;  // authoring/bundle.h: of the files that become the bundle
  std::string registry;     // where leoflow.yaml wants its image to go; empty = it wants none
};

// Packs what the bundle of a DAG file is made of, and its leoflow.yaml, into files below `folder`,
// which exists and belongs to the caller. Errors: those of bundle_files, of the bundle's limits,
// and of a leoflow.yaml that cannot be read (with key and line).
Result<PackedFiles> pack_files(const DagFile& file, const fs::path& folder);

}  // namespace leoflow
