// SPDX-License-Identifier: Apache-2.0
#include "api/postgres_login.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/crypto.h"

namespace leoflow::api {
namespace {

constexpr uint32_t kProtocol = 3 << 16;
constexpr size_t kMessageBytesMax = 16 * 1024;
constexpr int kMessagesMax = 16;
constexpr int kIterationsMax = 100'000;
constexpr std::string_view kMechanism = "SCRAM-SHA-256";

enum Authentication : uint32_t {
  kOk = 0,
  kClear = 3,
  kSasl = 10,
  kSaslContinue = 11,
  kSaslFinal = 12
};

std::string be32(uint32_t number) {
  return {char(number >> 24), char(number >> 16), char(number >> 8), char(number)};
}

uint32_t read_be32(std::string_view bytes) {
  uint32_t number = 0;
  for (char c : bytes.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::string message(char type, const std::string& body) {
  return std::string(1, type) + be32(uint32_t(body.size() + 4)) + body;
}

std::string xored(std::string a, std::string_view b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] = char(a[i] ^ b[i]);
  return a;
}

std::string salted(const std::string& password, const std::string& salt, int iterations) {
  std::string block = hmac_sha256(password, salt + be32(1));
  std::string sum = block;
  for (int i = 1; i < iterations; ++i) {
    block = hmac_sha256(password, block);
    sum = xored(std::move(sum), block);
  }
  return sum;
}

// "value" of "k=value" in a list "a=1,k=value".
std::string attribute(std::string_view text, char key) {
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    if (part.size() > 1 && part[0] == key && part[1] == '=') return std::string(part.substr(2));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return {};
}

struct Message {
  char type;
  std::string body;
};

Result<Message> next_message(SocketTalk& talk) {
  auto head = talk.receive_exactly(5);
  if (!head) return fail(head);
  uint32_t size = read_be32(std::string_view(*head).substr(1));
  if (size < 4 || size > kMessageBytesMax)
    return fail(Code::invalid, "the other end does not speak PostgreSQL's protocol");
  auto body = talk.receive_exactly(size - 4);
  if (!body) return fail(body);
  return Message{(*head)[0], std::move(*body)};
}

// The server's words in an error message: the field M.
std::unexpected<Error> refused(std::string_view body) {
  while (!body.empty() && body[0] != '\0') {
    size_t end = std::min(body.find('\0'), body.size());
    if (body[0] == 'M')
      return fail(Code::denied, "PostgreSQL: " + std::string(body.substr(1, end - 1)));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return fail(Code::denied, "PostgreSQL refuses the session");
}

class Session {
 public:
  Session(SocketTalk& talk, const PostgresLogin& login) : talk_(talk), login_(login) {}
  Status run();

 private:
  Status answer(uint32_t kind, const std::string& data);
  Status begin_scram(std::string_view mechanisms);

  SocketTalk& talk_;
  const PostgresLogin& login_;
  std::string first_bare_;
  bool in_ = false;
};

Status Session::begin_scram(std::string_view mechanisms) {
  if (mechanisms.find(kMechanism) == std::string_view::npos)
    return fail(Code::invalid, "PostgreSQL asks for a way to authenticate that is not known here");
  first_bare_ = "n=,r=" + random_token(24);
  std::string first = "n,," + first_bare_;
  std::string body = std::string(kMechanism) + '\0' + be32(uint32_t(first.size())) + first;
  return talk_.send(message('p', body));
}

Status Session::answer(uint32_t kind, const std::string& data) {
  switch (kind) {
    case kOk: in_ = true; return {};
    case kClear: return talk_.send(message('p', login_.password + '\0'));
    case kSasl: return begin_scram(data);
    case kSaslContinue: {
      auto last = scram_final(login_.password, first_bare_, data);
      return last ? talk_.send(message('p', *last)) : fail(last);
    }
    case kSaslFinal: return {};
    default:
      return fail(Code::invalid, "PostgreSQL asks for a way to authenticate that is not known here",
                  "its password_encryption scram-sha-256 is known");
  }
}

Status Session::run() {
  std::string body = be32(kProtocol) + "user" + '\0' + login_.user + '\0' + "database" + '\0' +
                     login_.database + '\0' + '\0';
  if (auto sent = talk_.send(be32(uint32_t(body.size() + 4)) + body); !sent) return sent;
  for (int count = 0; count < kMessagesMax; ++count) {
    auto got = next_message(talk_);
    if (!got) return fail(got);
    if (got->type == 'E') return refused(got->body);
    // The session itself is ready only after the parameters: a database that is missing is told
    // between.
    if (got->type == 'Z' && in_) return {};
    if (got->type != 'R') continue;
    if (got->body.size() < 4)
      return fail(Code::invalid, "the other end does not speak PostgreSQL's protocol");
    if (auto done = answer(read_be32(got->body), got->body.substr(4)); !done) return done;
  }
  return in_ ? Status{} : fail(Code::invalid, "PostgreSQL does not come to the point");
}

}  // namespace

Result<std::string> scram_final(const std::string& password, const std::string& client_first_bare,
                                const std::string& server_first) {
  std::string nonce = attribute(server_first, 'r');
  auto salt = from_base64(attribute(server_first, 's'));
  std::string count = attribute(server_first, 'i');
  int iterations = 0;
  std::from_chars(count.data(), count.data() + count.size(), iterations);
  bool ours = nonce.starts_with(attribute(client_first_bare, 'r')) && nonce.size() > 1;
  if (!ours || !salt || salt->empty() || iterations < 1 || iterations > kIterationsMax)
    return fail(Code::invalid, "PostgreSQL's SCRAM message is none");
  std::string without_proof = "c=biws,r=" + nonce;
  std::string client_key = hmac_sha256(salted(password, *salt, iterations), "Client Key");
  std::string signature =
      hmac_sha256(sha256(client_key), client_first_bare + "," + server_first + "," + without_proof);
  return without_proof + ",p=" + base64(xored(client_key, signature));
}

Status log_in(SocketTalk& talk, const PostgresLogin& login) { return Session(talk, login).run(); }

}  // namespace leoflow::api
