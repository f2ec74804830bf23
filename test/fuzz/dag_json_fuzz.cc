// SPDX-License-Identifier: Apache-2.0
// Any document is either refused or has a canonical form that reads back as the same DAG.
#include "base/check.h"
#include "model/dag_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto spec = leoflow::parse_dag_spec(text);
  if (!spec) return 0;
  std::string canonical = leoflow::dump_dag_spec(*spec);
  auto again = leoflow::parse_dag_spec(canonical);
  CHECK(again && *again == *spec);
  CHECK(leoflow::dump_dag_spec(*again) == canonical);
  return 0;
}
