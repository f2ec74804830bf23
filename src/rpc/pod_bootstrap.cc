// SPDX-License-Identifier: Apache-2.0
#include "rpc/pod_bootstrap.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/crypto.h"
#include "base/log.h"
#include "rpc/pod_session.h"

namespace leoflow {
namespace {

constexpr size_t kLedgerBytesMax = size_t(64) << 20;

std::unexpected<Error> refused(std::string_view check) {
  return fail(Code::denied, "the pod is not admitted: " + std::string(check));
}

bool short_text(const std::string& text) {
  return !text.empty() && text.size() <= kBootstrapFieldBytesMax &&
         std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

Status whole(const PodClaim& claim, const std::string& nonce) {
  bool fits = !claim.token.empty() && claim.token.size() <= kBootstrapTokenBytesMax &&
              short_text(claim.place) && short_text(claim.pod_name) && short_text(claim.pod_uid) &&
              short_text(nonce);
  if (fits) return {};
  return fail(Code::invalid, "the request to be admitted is not whole");
}

std::string ledger_line(const std::string& uid, const std::string& nonce_hash, Time at) {
  return uid + " " + nonce_hash + " " + std::to_string(to_micros(at)) + "\n";
}

}  // namespace

PodBootstrap::PodBootstrap(PodReviewer& reviewer, PodPlaces& places, const Clock& clock,
                           PodBootstrapOptions options)
    : reviewer_(reviewer), places_(places), clock_(clock), options_(std::move(options)) {
  if (!options_.ledger.empty()) load();
}

// Rewritten without what is too old to matter. A torn last line is not one.
void PodBootstrap::load() {
  state_.with([&](State& state) {
    auto text = read_file(options_.ledger, kLedgerBytesMax);
    std::istringstream lines(text.value_or(""));
    std::string line, kept;
    while (std::getline(lines, line)) {
      std::istringstream fields(line);
      std::string uid, nonce_hash;
      int64_t at = 0;
      if (!(fields >> uid >> nonce_hash >> at) || lines.eof()) continue;
      if (clock_.now() - from_micros(at) > kBootstrapKept) continue;
      state.admitted[uid] = {nonce_hash, from_micros(at)};
    }
    for (const auto& [uid, entry] : state.admitted)
      kept += ledger_line(uid, entry.nonce_hash, entry.at);
    if (auto written = write_file(options_.ledger, kept, 0600); !written)
      log::warning(written.error().message());
    state.ledger = Fd(open(options_.ledger.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  });
}

bool PodBootstrap::within_rate() {
  return state_.with([&](State& state) {
    Time now = clock_.now();
    double gained = std::max(0.0, to_seconds(now - state.refilled)) * kBootstrapsPerSecond;
    state.allowance = std::min(state.allowance + gained, 2.0 * kBootstrapsPerSecond);
    state.refilled = now;
    if (state.allowance < 1) return false;
    state.allowance -= 1;
    return true;
  });
}

Result<PodPlace> PodBootstrap::wanted(const PodClaim& claim) {
  auto place = places_.find(claim.place);
  if (!place) {
    if (place.error().code() == Code::not_found) return refused("its place is not wanted");
    return place;
  }
  if (place->pod_uid.empty())
    return fail(Code::unavailable, "the creation of the pod is not confirmed yet");
  if (place->pod_name != claim.pod_name) return refused("another pod was made for its place");
  if (place->pod_uid != claim.pod_uid) return refused("another pod was made for its place");
  return place;
}

Status PodBootstrap::identity_fits(const PodClaim& claim, const PodPlace& place) {
  auto identity = reviewer_.review(claim, options_.audience);
  if (!identity) {
    if (identity.error().code() != Code::unauthenticated) return fail(identity);
    return fail(Code::unauthenticated, "the pod is not admitted: its token is not valid");
  }
  if (!identity->audience_ok) return refused("its token is for another audience");
  if (identity->namespace_name != place.namespace_name)
    return refused("its token is of another namespace");
  if (identity->service_account != place.service_account)
    return refused("its token is of another service account");
  if (identity->pod_name != place.pod_name || identity->pod_uid != place.pod_uid)
    return refused("its token is of another pod");
  return {};
}

Status PodBootstrap::not_another(const std::string& uid, const std::string& nonce_hash) {
  bool other = state_.with([&](State& state) {
    auto known = state.admitted.find(uid);
    return known != state.admitted.end() && known->second.nonce_hash != nonce_hash;
  });
  if (other) return refused("its token was used before");
  return {};
}

Status PodBootstrap::record(const std::string& uid, const std::string& nonce_hash) {
  return state_.with([&](State& state) -> Status {
    auto [entry, fresh] = state.admitted.try_emplace(uid, Entry{nonce_hash, clock_.now()});
    if (!fresh) {
      if (entry->second.nonce_hash != nonce_hash) return refused("its token was used before");
      return {};
    }
    if (state.ledger) {
      auto written = write_all(state.ledger.get(), ledger_line(uid, nonce_hash, entry->second.at),
                               options_.ledger.string());
      if (!written) {
        state.admitted.erase(entry);
        return fail(Code::unavailable, written.error().message());
      }
    }
    if (state.admitted.size() > kBootstrapsKeptMax) {
      auto oldest = std::ranges::min_element(state.admitted, {},
                                             [](const auto& one) { return one.second.at; });
      Time before = oldest->second.at + kBootstrapKept / 2;
      std::erase_if(state.admitted,
                    [&](const auto& one) { return one.first != uid && one.second.at <= before; });
    }
    return {};
  });
}

Result<PodAdmitted> PodBootstrap::admit(const PodClaim& claim, const std::string& nonce) {
  if (auto fits = whole(claim, nonce); !fits) return fail(fits);
  if (!within_rate()) return fail(Code::unavailable, "too many pods ask to be admitted at once");
  auto place = wanted(claim);
  if (!place) return fail(place);
  std::string nonce_hash = sha256_hex(nonce);
  if (auto only = not_another(claim.pod_uid, nonce_hash); !only) return fail(only);
  if (auto fits = identity_fits(claim, *place); !fits) return fail(fits);
  if (auto still = wanted(claim); !still) return fail(still);
  if (auto recorded = record(claim.pod_uid, nonce_hash); !recorded) return fail(recorded);
  return PodAdmitted{make_pod_secret(options_.session_key, claim.pod_name, claim.pod_uid),
                     std::move(*place)};
}

}  // namespace leoflow
