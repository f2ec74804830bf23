// SPDX-License-Identifier: Apache-2.0
// What a proxy tells of the client it speaks for: X-Forwarded-For, -Proto and -Host, believed only
// from addresses that the owner of the installation named. The header Forwarded is not read: a
// proxy that sets the one set of names passes the other on from the client. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leoflow::api {

constexpr size_t kTrustedProxiesMax = 64;
constexpr size_t kForwardedHopsMax = 16;  // of one request; what came before is not looked at

// An address with IPv4 in IPv6 ("::ffff:10.0.0.1") as IPv4; nothing for what is no address.
struct IpAddress {
  bool v6 = false;
  unsigned char bytes[16] = {};

  static Result<IpAddress> parse(std::string_view text);
  std::string text() const;
};

// A network, "10.0.0.0/8" or "fd00::/8"; an address alone is a network of one.
struct Network {
  IpAddress base;
  int bits = 0;

  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
};

// Where a request comes from, as far as it is believed.
struct Origin {
  std::string address;  // of the client, without port
  std::string host;     // as the client named it, with port if it did; may be empty
  bool secure = false;  // over TLS all the way that is known
};

// What a request says of itself: values of all headers of a name joined with commas.
struct Forwarded {
  std::string_view addresses, protocol, host;
};

class TrustedProxies {
 public:
  TrustedProxies() = default;
  // `invalid` names the text that is no network.
  static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

  // `seen` is what the connection itself shows. Walks from the proxy nearest to us outwards: the
  // first address that is not trusted is the client.
  Origin origin(Origin seen, const Forwarded& forwarded) const;
  bool empty() const { return networks_.empty(); }

 private:
  bool trusts(const IpAddress& address) const;

  std::vector<Network> networks_;
};

}  // namespace leoflow::api
