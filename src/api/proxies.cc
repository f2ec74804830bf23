// SPDX-License-Identifier: Apache-2.0
#include "api/proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "api/host_name.h"

namespace leoflow::api {
namespace {

constexpr unsigned char kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The last parts of a list, nearest hop first.
std::vector<std::string_view> from_the_end(std::string_view list) {
  std::vector<std::string_view> parts;
  while (!list.empty() && parts.size() < kForwardedHopsMax) {
    size_t comma = list.rfind(',');
    parts.push_back(trimmed(comma == std::string_view::npos ? list : list.substr(comma + 1)));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  }
  return parts;
}

// "1.2.3.4:567" and "[::1]:80" without port and brackets.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) {
    size_t end = text.find(']');
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  size_t colon = text.find(':');
  bool only_one = colon != std::string_view::npos && text.find(':', colon + 1) == text.npos;
  return only_one ? text.substr(0, colon) : text;
}

// Of a list with a part for each hop the client's own; of another the nearest proxy's word.
std::string_view part_for(const std::vector<std::string_view>& parts, size_t hops, size_t client) {
  if (parts.empty()) return {};
  return parts.size() == hops ? parts[client] : parts[0];
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::string copy(text);
  IpAddress address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes) == 1) return address;
  unsigned char bytes[16];
  if (inet_pton(AF_INET6, copy.c_str(), bytes) != 1)
    return fail(Code::invalid, "'" + copy + "' is no address");
  bool mapped = std::memcmp(bytes, kMappedPrefix, sizeof kMappedPrefix) == 0;
  address.v6 = !mapped;
  if (mapped) {
    std::memcpy(address.bytes, bytes + 12, 4);
  } else {
    std::memcpy(address.bytes, bytes, 16);
  }
  return address;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, buffer, sizeof buffer);
  return buffer;
}

Result<Network> Network::parse(std::string_view text) {
  auto invalid = [&] {
    return fail(Code::invalid, "'" + std::string(text) + "' is no network of proxies",
                "write an address or a network, such as 10.0.0.0/8 or fd00::/8");
  };
  size_t slash = text.find('/');
  auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return invalid();
  Network network{*base, base->v6 ? 128 : 32};
  if (slash == std::string_view::npos) return network;
  std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || bits < 0 || bits > network.bits) return invalid();
  network.bits = bits;
  return network;
}

bool Network::contains(const IpAddress& address) const {
  if (address.v6 != base.v6) return false;
  size_t whole = size_t(bits) / 8;
  if (std::memcmp(address.bytes, base.bytes, whole) != 0) return false;
  int rest = bits % 8;
  if (rest == 0) return true;
  unsigned char mask = static_cast<unsigned char>(0xff << (8 - rest));
  return ((address.bytes[whole] ^ base.bytes[whole]) & mask) == 0;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  if (networks.size() > kTrustedProxiesMax)
    return fail(Code::invalid,
                "there may be " + std::to_string(kTrustedProxiesMax) + " networks of proxies");
  TrustedProxies proxies;
  for (const std::string& text : networks) {
    auto network = Network::parse(text);
    if (!network) return fail(network);
    proxies.networks_.push_back(*network);
  }
  return proxies;
}

bool TrustedProxies::trusts(const IpAddress& address) const {
  return std::ranges::any_of(networks_,
                             [&](const Network& network) { return network.contains(address); });
}

Origin TrustedProxies::origin(Origin seen, const Forwarded& forwarded) const {
  auto at = IpAddress::parse(seen.address);
  if (!at) return seen;
  seen.address = at->text();
  if (!trusts(*at)) return seen;
  std::vector<std::string_view> hops = from_the_end(forwarded.addresses);
  size_t client = 0;
  for (size_t i = 0; i < hops.size(); ++i) {
    auto address = IpAddress::parse(without_port(hops[i]));
    if (!address) break;
    client = i;
    seen.address = address->text();
    if (!trusts(*address)) break;
  }
  std::string_view protocol = part_for(from_the_end(forwarded.protocol), hops.size(), client);
  if (protocol == "https" || protocol == "http") seen.secure = protocol == "https";
  std::string_view host = part_for(from_the_end(forwarded.host), hops.size(), client);
  if (is_host(host)) seen.host = host;
  return seen;
}

}  // namespace leoflow::api
