// SPDX-License-Identifier: Apache-2.0
// The bytes of one client connection, plain or TLS, over a socket that does not block. Whoever has
// one waits for the socket as the outcomes say. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace leoflow::api {

class Channel {
 public:
  enum class Io {
    done,
    wants_read,   // try again when the socket is readable
    wants_write,  // try again, with the same bytes, when it is writable
    closed,       // the peer has ended its side
    failed,
  };
  struct Outcome {
    Io io = Io::failed;
    size_t bytes = 0;  // read or written, when done
  };

  virtual ~Channel() = default;
  // Must be done before the first read or write.
  virtual Outcome handshake() = 0;
  virtual Outcome read(char* into, size_t size) = 0;
  // Writes of the first text, then of the second, what the socket takes. Requires: not both empty.
  virtual Outcome write(std::string_view first, std::string_view second) = 0;
  // Nothing more will be written: tells the peer.
  virtual void finish() = 0;
  virtual bool secure() const = 0;
};

// Requires: the socket outlives the channel and does not block.
std::unique_ptr<Channel> plain_channel(int socket);

}  // namespace leoflow::api
