// SPDX-License-Identifier: Apache-2.0
// Beast 1.81 aborts the program when the last chunk of a message is also its first and comes in
// pieces: after "0\r\n" it asserts that five bytes are there (boostorg/beast#2861, mended in 1.86).
#pragma once

#include <cstddef>

namespace leoflow {

// The last chunk, without extensions or trailers. Beast takes it as a whole, so that wherever one
// stands in a chunked body, so many bytes at least are still to be taken.
constexpr std::size_t kLastChunkBytesMin = 5;  // 0 CRLF CRLF

// Whether a Beast parser is not to be given so few bytes yet; waiting for more loses nothing.
template <typename Parser>
bool too_few_for(const Parser& parser, std::size_t bytes) {
  return bytes < kLastChunkBytesMin && parser.is_header_done() && !parser.is_done() &&
         parser.chunked();
}

}  // namespace leoflow
