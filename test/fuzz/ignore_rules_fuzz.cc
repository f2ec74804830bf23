// SPDX-License-Identifier: Apache-2.0
// Any text as .airflowignore, and any pattern: an answer in time for paths as they come.
#include <cstdint>
#include <string_view>

#include "authoring/ignore_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  leoflow::IgnoreRules rules;
  rules.add(text);
  rules.add(text, "a/b");
  for (std::string_view path : {"dag.py", "a/b/tests/x.py", "aaaaaaaaaaaaaaaaaaaaaaaa/a/a/a/a",
                                "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t"}) {
    rules.ignores(path, false);
    rules.ignores(path, true);
  }
  leoflow::glob_matches(text.substr(0, text.find('\n')), text);
  return 0;
}
