// SPDX-License-Identifier: Apache-2.0
#include "api/proxies.h"

#include <gtest/gtest.h>

#include "api/host_name.h"

namespace leoflow::api {
namespace {

struct Case {
  const char* name;
  const char *peer, *addresses, *protocol, *host;  // what comes
  const char *address, *shown_host;                // what is believed
  bool secure;
};

constexpr const char* kHost = "own:8080";

// Trusted: 10.0.0.0/8, 192.168.1.7, fd00::/8.
constexpr Case kCases[] = {
    {"no proxy", "203.0.113.9", "", "", "", "203.0.113.9", kHost, false},
    {"spoofed without a proxy", "203.0.113.9", "1.1.1.1", "https", "evil", "203.0.113.9", kHost,
     false},
    {"near the network", "11.0.0.1", "1.1.1.1", "https", "evil", "11.0.0.1", kHost, false},
    {"near the address", "192.168.1.6", "1.1.1.1", "", "", "192.168.1.6", kHost, false},
    {"one hop", "10.1.2.3", "198.51.100.4", "https", "flow.example", "198.51.100.4", "flow.example",
     true},
    {"an address alone", "192.168.1.7", "198.51.100.4", "https", "", "198.51.100.4", kHost, true},
    {"the client's own claim before it", "10.1.2.3", "127.0.0.1, 198.51.100.4", "https", "",
     "198.51.100.4", kHost, true},
    {"two hops", "10.1.2.3", "198.51.100.4, 10.9.9.9", "https, http", "flow.example, inner",
     "198.51.100.4", "flow.example", true},
    {"two hops and a claim", "10.1.2.3", "6.6.6.6, 198.51.100.4, 10.9.9.9", "http", "",
     "198.51.100.4", kHost, false},
    {"a foreign hop in between", "10.1.2.3", "10.5.5.5, 198.51.100.4", "", "", "198.51.100.4",
     kHost, false},
    {"only proxies", "10.1.2.3", "10.4.4.4, 10.9.9.9", "", "", "10.4.4.4", kHost, false},
    {"a claimed protocol behind the proxy's", "10.1.2.3", "198.51.100.4", "https, http", "",
     "198.51.100.4", kHost, false},
    {"no header", "10.1.2.3", "", "", "", "10.1.2.3", kHost, false},
    {"IPv6", "fd00::1", "2001:db8::5", "https", "", "2001:db8::5", kHost, true},
    {"IPv6 outside", "fe80::1", "2001:db8::5", "https", "", "fe80::1", kHost, false},
    {"IPv4 in IPv6", "::ffff:10.1.2.3", "::ffff:198.51.100.4", "", "", "198.51.100.4", kHost,
     false},
    {"with ports", "10.1.2.3", "198.51.100.4:5000", "", "", "198.51.100.4", kHost, false},
    {"IPv6 with port", "10.1.2.3", "[2001:db8::5]:5000", "", "", "2001:db8::5", kHost, false},
    {"not an address", "10.1.2.3", "198.51.100.4, unknown", "", "", "10.1.2.3", kHost, false},
    {"empty parts", "10.1.2.3", ", ,", "", "", "10.1.2.3", kHost, false},
    {"a host with a path", "10.1.2.3", "198.51.100.4", "https", "evil/path", "198.51.100.4", kHost,
     true},
    {"a protocol of its own", "10.1.2.3", "198.51.100.4", "gopher", "", "198.51.100.4", kHost,
     false},
};

TEST(TrustedProxies, BelievesWhomItTrusts) {
  auto proxies = TrustedProxies::parse({"10.0.0.0/8", "192.168.1.7", "fd00::/8"});
  ASSERT_TRUE(proxies.has_value());
  for (const Case& one : kCases) {
    Origin origin =
        proxies->origin({one.peer, kHost, false}, {one.addresses, one.protocol, one.host});
    EXPECT_EQ(origin.address, one.address) << one.name;
    EXPECT_EQ(origin.host, one.shown_host) << one.name;
    EXPECT_EQ(origin.secure, one.secure) << one.name;
  }
}

TEST(TrustedProxies, OfALongListOnlyTheLastHopsCount) {
  auto proxies = TrustedProxies::parse({"10.0.0.0/8"});
  std::string list = "198.51.100.4";
  for (size_t i = 0; i < 10'000; ++i) list += ",10.0.0.1";
  EXPECT_EQ(proxies->origin({"10.0.0.1", "", false}, {list, "", ""}).address, "10.0.0.1");
}

TEST(TrustedProxies, RefusesWhatIsNoNetwork) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x", "fd00::/129",
                           "proxy.example", "10.0.0.0/-1", "10.0.0.0/8 "}) {
    auto proxies = TrustedProxies::parse({text});
    ASSERT_FALSE(proxies.has_value()) << text;
    EXPECT_EQ(proxies.error().code(), Code::invalid);
  }
  EXPECT_TRUE(TrustedProxies::parse({"0.0.0.0/0", "::/0"}).has_value());
  std::vector<std::string> many(kTrustedProxiesMax + 1, "10.0.0.1");
  EXPECT_FALSE(TrustedProxies::parse(many).has_value());
}

TEST(HostName, IsANameOrAnAddressWithOrWithoutPort) {
  for (const char* host : {"a", "a.example:80", "1.2.3.4", "[::1]", "[::1]:8080", "under_score"})
    EXPECT_TRUE(is_host(host)) << host;
  for (const char* host : {"", "a b", "a/b", "a@b", "a:x", "a:", ":80", "[::1", "[]", "a:123456",
                           "a?b", "a\\b", "a,b", "[::1]x"})
    EXPECT_FALSE(is_host(host)) << host;
}

}  // namespace
}  // namespace leoflow::api
