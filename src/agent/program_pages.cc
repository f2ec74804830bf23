// SPDX-License-Identifier: Apache-2.0
#include "agent/program_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace leoflow {
namespace {

int release(dl_phdr_info* info, size_t, void*) {
  const auto page = uintptr_t(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    uintptr_t begin = (info->dlpi_addr + part.p_vaddr) & ~(page - 1);
    uintptr_t end = (info->dlpi_addr + part.p_vaddr + part.p_memsz) & ~(page - 1);
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 1;  // only the first: the program itself
}

}  // namespace

void release_program_pages() { dl_iterate_phdr(release, nullptr); }

}  // namespace leoflow
