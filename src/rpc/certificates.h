// SPDX-License-Identifier: Apache-2.0
// The certificates of the agents' channel when nobody brings their own: an authority of this
// installation and a server certificate signed by it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace leoflow {

constexpr Duration kAuthorityLife = std::chrono::hours(24 * 3650);
constexpr Duration kCertificateLife = std::chrono::hours(24 * 397);
constexpr Duration kCertificateBackdated = std::chrono::hours(24);  // for clocks that run behind
constexpr int kRenewalShare = 3;  // renewed when less than 1/3 of the life is left
constexpr size_t kCertificateNamesMax = 64;

// PEM files.
struct CertificateFiles {
  fs::path authority, certificate, key;
};

// Where they are in a folder of ensure_certificates().
CertificateFiles certificates_in(const fs::path& folder);

// Makes sure that `folder` holds ca.pem, ca.key, server.pem and server.key (keys 0600) and that the
// server's certificate bears these names (host names and addresses) and is not about to expire.
// Keys are made once and kept, so a renewed authority vouches for what the old one signed and an
// agent that knows the old one trusts the new. `invalid` for a name that is none, or damaged files.
// Requires: one caller at a time per folder.
Result<CertificateFiles> ensure_certificates(const fs::path& folder,
                                             const std::vector<std::string>& names, Time now);

// When a PEM certificate expires. `invalid` when it cannot be read.
Result<Time> certificate_end(const std::string& pem);
// Whether a key is of the certificate. `invalid` when either cannot be read, too.
Status key_fits(const std::string& certificate_pem, const std::string& key_pem);
// Its names and addresses, sorted.
Result<std::vector<std::string>> certificate_names(const std::string& pem);

}  // namespace leoflow
