// SPDX-License-Identifier: Apache-2.0
// Admits pods: exchanges a bootstrap token for the secret of a pod's sessions, once per pod uid.
//
// In order: the request is whole, not too many come at once, its place is wanted, the pod is the
// one that was made for it, no other agent was admitted as this pod, and only then the token is
// reviewed (so a stranger cannot make us ask the cluster): valid, for our audience, of the right
// namespace, service account, pod name and uid. At the end the place is asked for again: a pod that
// died meanwhile is not admitted, even though its token is still good for some seconds.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/guarded.h"
#include "base/error.h"
#include "base/file.h"
#include "base/time.h"
#include "exec/pod_admission.h"

namespace leoflow {

constexpr size_t kBootstrapTokenBytesMax = 64 * 1024;
constexpr size_t kBootstrapFieldBytesMax = 253;              // names and uids of Kubernetes
constexpr int kBootstrapsPerSecond = 200;                    // on average; twice as many at once
constexpr Duration kBootstrapKept = std::chrono::hours(24);  // tokens live an hour
constexpr size_t kBootstrapsKeptMax = 200'000;               // the oldest are forgotten past it

struct PodBootstrapOptions {
  std::string session_key;  // makes secrets
  std::string audience;
  fs::path ledger;  // which pods were admitted, over restarts; empty = in memory only
};

struct PodAdmitted {
  std::string session_secret;
  PodPlace place;
};

// Any thread, several at once. Blocks on the reviewer. What it admitted survives kill -9 of the
// server through the ledger; a loss of power may forget the last seconds.
class PodBootstrap {
 public:
  // Reviewer, places and clock outlive it.
  PodBootstrap(PodReviewer& reviewer, PodPlaces& places, const Clock& clock,
               PodBootstrapOptions options);

  // `denied` (the message names the check, never a value) and `invalid` are for good;
  // `unauthenticated` when the token is not valid; `unavailable` and `timeout`: ask again.
  // `nonce` is made by the agent: with the same one the answer is repeated.
  Result<PodAdmitted> admit(const PodClaim& claim, const std::string& nonce);

 private:
  struct Entry {
    std::string nonce_hash;
    Time at;
  };
  struct State {
    std::map<std::string, Entry> admitted;  // by pod uid
    double allowance = 2 * kBootstrapsPerSecond;
    Time refilled{};
    Fd ledger;
  };

  bool within_rate();
  Result<PodPlace> wanted(const PodClaim& claim);
  Status identity_fits(const PodClaim& claim, const PodPlace& place);
  Status not_another(const std::string& uid, const std::string& nonce_hash);
  Status record(const std::string& uid, const std::string& nonce_hash);
  void load();

  PodReviewer& reviewer_;
  PodPlaces& places_;
  const Clock& clock_;
  PodBootstrapOptions options_;
  Guarded<State> state_;
};

}  // namespace leoflow
