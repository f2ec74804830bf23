// SPDX-License-Identifier: Apache-2.0
#include "rpc/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "base/crypto.h"

namespace leoflow {
namespace {

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

constexpr size_t kPemBytesMax = 1 << 20;
constexpr size_t kSerialBytes = 16;

std::unexpected<Error> broken(const std::string& what) {
  return fail(Code::internal, "cannot make " + what + " for the agents' channel");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, size_t(std::max(0L, size))};
}

Certificate parse_certificate(const std::string& pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), int(pem.size())));
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Time to_time(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return from_micros(int64_t(timegm(&parts)) * 1'000'000);
}

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// Letters, digits, '-', '.' and a leading "*.": nothing that means something to OpenSSL's parser.
bool is_host_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_';
  });
}

Result<Key> key_in(const fs::path& file) {
  if (auto pem = read_file(file, kPemBytesMax)) {
    Bio bio(BIO_new_mem_buf(pem->data(), int(pem->size())));
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (key) return key;
    return fail(Code::invalid, "the key " + file.string() + " cannot be read",
                "remove its folder and a new one is made; pods that run then lose their server");
  } else if (pem.error().code() != Code::not_found) {
    return fail(pem);
  }
  Key key(EVP_EC_gen("P-256"));
  Bio bio(BIO_new(BIO_s_mem()));
  if (!key ||
      PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return broken("a key");
  }
  if (auto saved = write_file_durably(file, text_of(bio.get()), 0600); !saved) return fail(saved);
  return key;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Extension made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

struct Order {
  std::string common_name;
  EVP_PKEY* key = nullptr;  // of the subject
  X509* issuer = nullptr;   // null = signs itself
  EVP_PKEY* signer = nullptr;
  Time from, until;
  std::vector<std::pair<int, std::string>> extensions;
};

Result<std::string> issue(const Order& order) {
  Certificate made(X509_new());
  if (!made) return broken("a certificate");
  std::string serial = random_bytes(kSerialBytes);
  serial[0] = char(serial[0] & 0x7f);
  std::unique_ptr<BIGNUM, Free<BN_free>> number(BN_bin2bn(
      reinterpret_cast<const unsigned char*>(serial.data()), int(serial.size()), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), time_t(to_micros(order.from) / 1'000'000));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), time_t(to_micros(order.until) / 1'000'000));
  X509_set_pubkey(made.get(), order.key);
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(order.common_name.c_str()), -1,
                             -1, 0);
  X509* issuer = order.issuer ? order.issuer : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  for (const auto& [kind, value] : order.extensions) {
    if (!add_extension(made.get(), issuer, kind, value)) return broken("a certificate extension");
  }
  Bio bio(BIO_new(BIO_s_mem()));
  bool written = X509_sign(made.get(), order.signer, EVP_sha256()) > 0 &&
                 PEM_write_bio_X509(bio.get(), made.get()) == 1;
  if (!written) return broken("a certificate");
  return text_of(bio.get());
}

// Whether a certificate that lives so long needs a successor.
bool due(const std::string& pem, Duration life, Time now) {
  auto end = certificate_end(pem);
  return !end || *end - now < life / kRenewalShare;
}

Result<std::string> authority_in(const fs::path& file, EVP_PKEY* key, Time now) {
  auto known = read_file(file, kPemBytesMax);
  if (known && !due(*known, kAuthorityLife, now)) return known;
  auto made = issue({.common_name = "Leoflow agents",
                     .key = key,
                     .signer = key,
                     .from = now - kCertificateBackdated,
                     .until = now + kAuthorityLife,
                     .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                    {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                    {NID_subject_key_identifier, "hash"}}});
  if (!made) return made;
  if (auto saved = write_file_durably(file, *made); !saved) return fail(saved);
  return made;
}

Result<std::string> names_extension(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    bool address = is_address(name);
    if (!address && !is_host_name(name))
      return fail(Code::invalid, "\"" + name + "\" is no host name or address for a certificate");
    text += (text.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  return text;
}

// As certificate_names() spells them.
std::vector<std::string> normal(std::vector<std::string> names) {
  for (std::string& name : names) {
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1)
      name = inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace

Result<Time> certificate_end(const std::string& pem) {
  auto certificate = parse_certificate(pem);
  if (!certificate) return fail(Code::invalid, "the certificate cannot be read");
  return to_time(X509_get0_notAfter(certificate.get()));
}

Status key_fits(const std::string& certificate_pem, const std::string& key_pem) {
  auto certificate = parse_certificate(certificate_pem);
  Bio bio(BIO_new_mem_buf(key_pem.data(), int(key_pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  bool fits = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  if (fits) return {};
  return fail(Code::invalid, "the key does not belong to the certificate");
}

Result<std::vector<std::string>> certificate_names(const std::string& pem) {
  auto certificate = parse_certificate(pem);
  if (!certificate) return fail(Code::invalid, "the certificate cannot be read");
  std::vector<std::string> names;
  Names found(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type == GEN_DNS) {
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         size_t(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      std::array<char, INET6_ADDRSTRLEN> text{};
      inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text.data(), text.size());
      names.emplace_back(text.data());
    }
  }
  std::ranges::sort(names);
  return names;
}

CertificateFiles certificates_in(const fs::path& folder) {
  return {folder / "ca.pem", folder / "server.pem", folder / "server.key"};
}

Result<CertificateFiles> ensure_certificates(const fs::path& folder,
                                             const std::vector<std::string>& names, Time now) {
  if (names.empty() || names.size() > kCertificateNamesMax)
    return fail(Code::invalid, "a certificate bears 1 to 64 names");
  auto extension = names_extension(names);
  if (!extension) return fail(extension);
  if (auto made = make_folder(folder, 0700); !made) return fail(made);
  CertificateFiles files = certificates_in(folder);
  auto authority_key = key_in(folder / "ca.key");
  if (!authority_key) return fail(authority_key);
  auto authority_pem = authority_in(files.authority, authority_key->get(), now);
  if (!authority_pem) return fail(authority_pem);
  auto authority = parse_certificate(*authority_pem);
  auto key = key_in(files.key);
  if (!key) return fail(key);
  auto known = read_file(files.certificate, kPemBytesMax);
  auto bears = known ? certificate_names(*known) : Result<std::vector<std::string>>();
  if (known && bears && *bears == normal(names) && !due(*known, kCertificateLife, now) &&
      X509_verify(parse_certificate(*known).get(), authority_key->get()) == 1) {
    return files;
  }
  auto issued = issue({.common_name = "Leoflow",
                       .key = key->get(),
                       .issuer = authority.get(),
                       .signer = authority_key->get(),
                       .from = now - kCertificateBackdated,
                       .until = now + kCertificateLife,
                       .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                      {NID_key_usage, "critical,digitalSignature"},
                                      {NID_ext_key_usage, "serverAuth"},
                                      {NID_authority_key_identifier, "keyid"},
                                      {NID_subject_alt_name, *extension}}});
  if (!issued) return fail(issued);
  if (auto saved = write_file_durably(files.certificate, *issued); !saved) return fail(saved);
  return files;
}

}  // namespace leoflow
