// SPDX-License-Identifier: Apache-2.0
// Nothing that arrives as an archive writes outside its folder, and what is accepted packs again.
#include <fcntl.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/tree_archive.h"

namespace {

using leoflow::fs::path;

// jail/target is the archive's, jail holds nothing else. In memory where that is possible.
class Jail {
 public:
  Jail() {
    leoflow::crypto_init();
    char memory[] = "/dev/shm/leoflow-fuzz-tree-XXXXXX", disk[] = "/tmp/leoflow-fuzz-tree-XXXXXX";
    char* made = mkdtemp(memory);
    root = made ? made : mkdtemp(disk);
    leoflow::fs::create_directory(target());
  }
  ~Jail() { (void)leoflow::remove_tree(root); }
  path target() const { return root / "target"; }
  path root;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Jail jail;
  const path target = jail.target();
  leoflow::TreeUnpacker unpacker(target, {.entries_max = 64, .bytes_max = 1 << 16});
  bool good = unpacker.feed(bytes.substr(0, size / 2)).has_value() &&
              unpacker.feed(bytes.substr(size / 2)).has_value();
  good = good && unpacker.finish(leoflow::sha256_hex(bytes)).has_value();
  int entries = 0;
  for (auto& entry : leoflow::fs::directory_iterator(jail.root)) {
    CHECK(entry.path() == target);
    ++entries;
  }
  CHECK(entries == 1);
  if (good) {
    leoflow::Fd out(open("/dev/null", O_WRONLY | O_CLOEXEC));
    CHECK(leoflow::pack_tree(target, out.get(), true).has_value());
  }
  for (auto& entry : leoflow::fs::directory_iterator(target))
    CHECK(leoflow::remove_tree(entry.path()).has_value());
  return 0;
}
