// SPDX-License-Identifier: Apache-2.0
#include "api/auth/oidc.h"

#include <algorithm>

#include "async/http_url.h"
#include "base/base64.h"
#include "base/crypto.h"
#include "base/log.h"

namespace leoflow::api {
namespace {

constexpr size_t kRandomLength = 43;  // of state, nonce and verifier: 256 bits
constexpr size_t kUsernameBytesMax = 250;
constexpr size_t kReasonBytesMax = 100;
constexpr std::string_view kCookieContext = "oidc sign-in";
constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";

std::unexpected<Error> bad_setting(std::string what, std::string hint) {
  return fail(Code::invalid, "OpenID Connect: " + std::move(what), std::move(hint));
}

bool on_this_machine(const HttpUrl& url) {
  return url.host == "localhost" || url.host == "127.0.0.1" || url.host == "::1";
}

// What is sent in the clear over a network could be anybody's.
bool may_be_asked(const std::string& text) {
  auto url = parse_http_url(text);
  return url && (url->tls || on_this_machine(*url));
}

std::string form_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields)
    form.append(form.empty() ? "" : "&").append(name).append("=").append(url_encode(value));
  return form;
}

// Issuers give names with and without a slash at the end; their path is what they say.
std::string discovery_url(std::string issuer) {
  while (issuer.ends_with('/')) issuer.pop_back();
  return issuer + std::string(kDiscoveryPath);
}

bool lists(const json::object& from, std::string_view key, std::string_view wanted) {
  const json::array* list = json::array_or_null(from, key);
  return list && std::ranges::any_of(*list, [&](const json::value& one) {
           return one.is_string() && one.get_string() == wanted;
         });
}

bool is_username(std::string_view name) {
  return !name.empty() && name.size() <= kUsernameBytesMax &&
         std::ranges::none_of(name, [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}

}  // namespace

Status check_oidc_settings(const OidcSettings& settings) {
  if (!may_be_asked(settings.issuer)) {
    return bad_setting(
        "the issuer '" + settings.issuer + "' is not an https URL",
        "write it as its discovery document does, without " + std::string(kDiscoveryPath));
  }
  if (settings.client_id.empty())
    return bad_setting("the client id is missing",
                       "the issuer gives one when you register Leoflow");
  if (!(" " + settings.scopes + " ").contains(" openid "))
    return bad_setting("the scopes must have openid among them", "such as: openid profile email");
  if (settings.rules.empty() && !settings.default_role) {
    return bad_setting("nobody could sign in: there are no roles",
                       "give --oidc-role VALUE=ROLE, --oidc-grant or --oidc-default-role");
  }
  if (settings.rules.size() > kRoleRulesMax)
    return bad_setting("there are too many rules", "at most " + std::to_string(kRoleRulesMax));
  return {};
}

Oidc::Oidc(OidcSettings settings, WebPort& web, const Clock& clock, std::string_view secret)
    : settings_(std::move(settings)),
      web_(web),
      clock_(clock),
      key_(hmac_sha256(secret, kCookieContext)) {}

std::string Oidc::safe_next(std::string_view next) {
  bool ours = next.starts_with('/') && !next.starts_with("//") && next.size() <= kNextBytesMax &&
              std::ranges::none_of(
                  next, [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '\\'; });
  bool page = !next.starts_with("/api/") && !next.starts_with("/auth/");
  return ours && page ? std::string(next) : "/";
}

Result<std::string> Oidc::fetch(WebRequest request) {
  if (calls_.fetch_add(1) >= kIssuerCallsMax) {
    --calls_;
    return fail(Code::exhausted, "too many sign-ins wait for the issuer", "try again in a moment");
  }
  request.headers.emplace_back("Accept", "application/json");
  auto reply = web_.fetch(request);
  --calls_;
  if (!reply)
    return fail(Code::unavailable, "the issuer does not answer: " + reply.error().message());
  if (reply->status != 200) {
    auto body = json::parse(reply->body);
    std::string said =
        body && body->is_object() ? json::string_or(body->get_object(), "error") : "";
    return fail(
        reply->status >= 500 ? Code::unavailable : Code::denied,
        "the issuer answers " + std::to_string(reply->status) + " " + said + " at " + request.url);
  }
  return std::move(reply->body);
}

Result<Oidc::Facts> Oidc::read_facts(std::string_view document) const {
  auto wrong = [&](const std::string& why) {
    return fail(Code::internal, "the document of the issuer " + settings_.issuer + " " + why,
                "look at " + discovery_url(settings_.issuer));
  };
  auto parsed = json::parse(document);
  if (!parsed || !parsed->is_object()) return wrong("is not JSON");
  const json::object& says = parsed->get_object();
  if (json::string_or(says, "issuer") != settings_.issuer)
    return wrong("is of another: " + json::string_or(says, "issuer"));
  Facts facts{json::string_or(says, "authorization_endpoint"),
              json::string_or(says, "token_endpoint"), json::string_or(says, "jwks_uri")};
  for (const std::string& url : {facts.authorization_url, facts.token_url, facts.keys_url}) {
    if (!may_be_asked(url)) return wrong("has an address that is not https: '" + url + "'");
  }
  constexpr std::string_view kMethods = "token_endpoint_auth_methods_supported";
  facts.basic = !says.contains(kMethods) || lists(says, kMethods, "client_secret_basic");
  return facts;
}

Result<Oidc::Facts> Oidc::facts() {
  Time now = clock_.now();
  auto [known, fresh, failed_lately] = known_.with([&](Known& all) {
    return std::tuple(all.facts, all.facts && now - all.facts_at < kIssuerFactsLife,
                      now - all.failed_at < kIssuerRetryMin);
  });
  if (fresh || (known && failed_lately)) return *known;
  if (failed_lately) return fail(Code::unavailable, "the issuer did not answer just now");
  auto document = fetch({.url = discovery_url(settings_.issuer)});
  auto read = document ? read_facts(*document) : fail(document);
  known_.with([&](Known& all) {
    if (read) all.facts = *read;
    (read ? all.facts_at : all.failed_at) = now;
  });
  // What held an hour ago is better than nobody getting in.
  return !read && known ? *known : read;
}

Result<KeySet> Oidc::keys(const Facts& facts, bool anew) {
  Time now = clock_.now();
  auto [keys, enough] = known_.with([&](Known& all) {
    bool fresh = all.keys.size() > 0 && now - all.keys_at < kIssuerFactsLife;
    bool looked = now - all.new_keys_at < kNewKeysMin;
    if (anew && !looked) all.new_keys_at = now;
    return std::pair(all.keys, anew ? looked : fresh);
  });
  if (enough) return keys;
  auto text = fetch({.url = facts.keys_url});
  auto read = text ? KeySet::parse(*text) : fail(text);
  if (!read) return keys.size() > 0 && !anew ? Result<KeySet>(keys) : fail(read);
  known_.with([&](Known& all) {
    all.keys = *read;
    all.keys_at = now;
  });
  return read;
}

std::string Oidc::seal_sign_in(const SignIn& sign_in) const {
  json::Writer w;
  w.begin_object().member("state", sign_in.state).member("nonce", sign_in.nonce);
  w.member("verifier", sign_in.verifier).member("callback", sign_in.callback);
  w.member("next", sign_in.next).member("until", sign_in.until).end_object();
  return base64url(seal(key_, w.take(), kCookieContext));
}

Result<Oidc::Departure> Oidc::begin(const std::string& callback, const std::string& next) {
  auto known = facts();
  if (!known) return fail(known);
  SignIn sign_in{.state = random_token(kRandomLength),
                 .nonce = random_token(kRandomLength),
                 .verifier = random_token(kRandomLength),
                 .callback = callback,
                 .next = safe_next(next),
                 .until = to_micros(clock_.now() + kSignInLife)};
  std::string query = form_of({{"response_type", "code"},
                               {"client_id", settings_.client_id},
                               {"redirect_uri", callback},
                               {"scope", settings_.scopes},
                               {"state", sign_in.state},
                               {"nonce", sign_in.nonce},
                               {"code_challenge", base64url(sha256(sign_in.verifier))},
                               {"code_challenge_method", "S256"}});
  char joint = known->authorization_url.contains('?') ? '&' : '?';
  return Departure{known->authorization_url + joint + query, seal_sign_in(sign_in)};
}

Result<Oidc::SignIn> Oidc::open_sign_in(const Return& came) {
  auto other = [] {
    return fail(Code::conflict, "this sign-in was not begun here, or too long ago", "begin again");
  };
  auto sealed = from_base64url(came.cookie);
  auto text = sealed ? open_sealed(key_, *sealed, kCookieContext) : fail(sealed);
  auto parsed = text ? json::parse(*text) : fail(text);
  if (!parsed || !parsed->is_object()) return other();
  const json::object& kept = parsed->get_object();
  SignIn sign_in{json::string_or(kept, "state"),    json::string_or(kept, "nonce"),
                 json::string_or(kept, "verifier"), json::string_or(kept, "callback"),
                 json::string_or(kept, "next"),     json::int_or(kept, "until")};
  if (came.state.empty() || !equal_constant_time(came.state, sign_in.state)) return other();
  if (to_micros(clock_.now()) >= sign_in.until || !use_up(sign_in)) return other();
  return sign_in;
}

// False when it was used before.
bool Oidc::use_up(const SignIn& sign_in) {
  int64_t now = to_micros(clock_.now());
  return used_.with([&](std::map<std::string, int64_t>& used) {
    std::erase_if(used, [&](const auto& entry) { return entry.second <= now; });
    auto ends = [](const auto& entry) { return entry.second; };
    if (used.size() >= kSignInsRememberedMax) used.erase(std::ranges::min_element(used, {}, ends));
    return used.emplace(sign_in.state, sign_in.until).second;
  });
}

Result<std::string> Oidc::redeem(const Facts& facts, const SignIn& sign_in,
                                 const std::string& code) {
  std::vector<std::pair<std::string, std::string>> fields{{"grant_type", "authorization_code"},
                                                          {"code", code},
                                                          {"redirect_uri", sign_in.callback},
                                                          {"client_id", settings_.client_id},
                                                          {"code_verifier", sign_in.verifier}};
  WebRequest request{.url = facts.token_url};
  if (!settings_.client_secret.empty() && facts.basic) {
    std::string pair = url_encode(settings_.client_id) + ":" + url_encode(settings_.client_secret);
    request.headers.emplace_back("Authorization", "Basic " + base64(pair));
  } else if (!settings_.client_secret.empty()) {
    fields.emplace_back("client_secret", settings_.client_secret);
  }
  request.form = form_of(fields);
  auto reply = fetch(std::move(request));
  if (!reply) return reply;
  auto parsed = json::parse(*reply);
  std::string token =
      parsed && parsed->is_object() ? json::string_or(parsed->get_object(), "id_token") : "";
  if (token.empty()) return fail(Code::denied, "the issuer gives no id_token");
  return token;
}

// A key that is not known may have come since.
Result<json::object> Oidc::verified(const Facts& facts, std::string_view token,
                                    const std::string& nonce) {
  IdTokenNeeds needs{settings_.issuer, settings_.client_id, nonce};
  auto set = keys(facts, false);
  if (!set) return fail(set);
  auto claims = verify_id_token(token, *set, needs, clock_.now());
  if (claims || claims.error().code() != Code::not_found) return claims;
  set = keys(facts, true);
  if (!set) return fail(set);
  claims = verify_id_token(token, *set, needs, clock_.now());
  if (!claims && claims.error().code() == Code::not_found)
    return fail(Code::denied, claims.error().message());
  return claims;
}

Result<Person> Oidc::person_of(const json::object& claims) const {
  auto names = claim_values(claims, settings_.username_claim);
  if (names.size() != 1 || !is_username(names[0])) {
    return fail(Code::denied, "the issuer's token has no name in " + settings_.username_claim,
                "--oidc-username-claim names the claim, --oidc-scopes what the issuer tells");
  }
  // An address that nobody has checked may be somebody else's.
  if (settings_.username_claim == "email" && !json::bool_or(claims, "email_verified", false))
    return fail(Code::denied, "the issuer has not verified the address " + names[0]);
  auto rights = rights_by_rules(settings_.rules, settings_.default_role,
                                claim_values(claims, settings_.role_claim));
  if (!rights) {
    return fail(Code::not_found,
                "nothing in " + settings_.role_claim + " of " + names[0] + " gives a role here");
  }
  return Person{settings_.issuer + " " + json::string_or(claims, "sub"), names[0],
                std::move(*rights)};
}

Result<Oidc::Arrival> Oidc::finish(const Return& came) {
  auto sign_in = open_sign_in(came);
  if (!sign_in) return fail(sign_in);
  if (!came.error.empty() || came.code.empty())
    return fail(Code::cancelled,
                "the issuer did not let the person in: " + came.error.substr(0, kReasonBytesMax));
  auto known = facts();
  if (!known) return fail(known);
  auto token = redeem(*known, *sign_in, came.code);
  if (!token) return fail(token);
  auto claims = verified(*known, *token, sign_in->nonce);
  if (!claims) return fail(claims);
  auto person = person_of(*claims);
  if (!person) return fail(person);
  return Arrival{std::move(*person), safe_next(sign_in->next)};
}

}  // namespace leoflow::api
