// SPDX-License-Identifier: Apache-2.0
#include "rpc/certificates.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/crypto.h"

namespace leoflow {
namespace {

class Certificates : public testing::Test {
 protected:
  void SetUp() override {
    crypto_init();
    char pattern[] = "/tmp/leoflow-certificates-XXXXXX";
    folder_ = fs::path(mkdtemp(pattern)) / "tls";
  }
  void TearDown() override { (void)remove_tree(folder_.parent_path()); }
  CertificateFiles ensure(const std::vector<std::string>& names, Time now) {
    auto files = ensure_certificates(folder_, names, now);
    EXPECT_TRUE(files) << files.error().text();
    return files.value_or(CertificateFiles());
  }
  std::string text(const fs::path& file) { return read_file(file).value_or("missing"); }

  fs::path folder_;
  Time now_ = from_micros(1'800'000'000'000'000);
};

TEST_F(Certificates, AreMadeOnceAndBearTheNames) {
  auto files = ensure({"leoflow.example", "10.0.0.7", "::1"}, now_);
  std::string first = text(files.certificate), authority = text(files.authority);
  EXPECT_EQ(certificate_names(first).value(),
            (std::vector<std::string>{"10.0.0.7", "::1", "leoflow.example"}));
  EXPECT_EQ(certificate_end(first).value(), now_ + kCertificateLife);
  ensure({"0:0:0:0:0:0:0:1", "10.0.0.7", "leoflow.example", "10.0.0.7"}, now_);
  EXPECT_EQ(text(files.certificate), first) << "the same names in other words";
  struct stat status{};
  stat(files.key.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  stat((folder_ / "ca.key").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Certificates, AreRenewedInTimeWithTheSameKeys) {
  auto files = ensure({"a"}, now_);
  std::string first = text(files.certificate), authority = text(files.authority);
  std::string key = text(files.key);
  ensure({"a"}, now_ + kCertificateLife / 2);
  EXPECT_EQ(text(files.certificate), first);
  Time late = now_ + kCertificateLife * 3 / 4;
  ensure({"a"}, late);
  EXPECT_EQ(certificate_end(text(files.certificate)).value(), late + kCertificateLife);
  EXPECT_EQ(text(files.key), key);
  EXPECT_EQ(text(files.authority), authority);
  Time decade = now_ + kAuthorityLife * 3 / 4;
  ensure({"a"}, decade);
  EXPECT_EQ(certificate_end(text(files.authority)).value(), decade + kAuthorityLife);
}

TEST_F(Certificates, AreIssuedAgainForOtherNamesOrALostAuthority) {
  auto files = ensure({"a"}, now_);
  std::string first = text(files.certificate);
  ensure({"a", "b"}, now_);
  std::string second = text(files.certificate);
  EXPECT_NE(second, first);
  fs::remove(folder_ / "ca.key");
  fs::remove(folder_ / "ca.pem");
  ensure({"a", "b"}, now_);
  EXPECT_NE(text(files.certificate), second);
}

TEST_F(Certificates, RefuseWhatIsNoNameAndDamagedKeys) {
  for (const char* name : {"", "a b", "a,DNS:evil", "email:x", "a\nb", "*"}) {
    auto files = ensure_certificates(folder_, {name}, now_);
    ASSERT_FALSE(files) << name;
    EXPECT_EQ(files.error().code(), Code::invalid);
  }
  EXPECT_FALSE(ensure_certificates(folder_, {}, now_));
  ensure({"a"}, now_);
  ASSERT_TRUE(write_file(folder_ / "server.key", "no key"));
  EXPECT_FALSE(ensure_certificates(folder_, {"a"}, now_));
}

}  // namespace
}  // namespace leoflow
