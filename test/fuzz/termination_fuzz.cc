// SPDX-License-Identifier: Apache-2.0
// What is read of a termination message is written within its bound and read back as the same.
#include "base/check.h"
#include "model/termination_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto read = leoflow::read_termination({reinterpret_cast<const char*>(data), size});
  if (!read || !*read) return 0;
  std::string text = leoflow::write_termination(**read);
  CHECK(text.size() <= leoflow::kTerminationBytesMax);
  auto again = leoflow::read_termination(text);
  CHECK(again && *again);
  CHECK((*again)->attempt == (*read)->attempt && (*again)->kind == (*read)->kind);
  CHECK(leoflow::write_termination(**again).size() <= leoflow::kTerminationBytesMax);
  return 0;
}
