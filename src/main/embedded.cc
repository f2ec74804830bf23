// SPDX-License-Identifier: Apache-2.0
#include "main/embedded.h"

extern "C" {
extern const char leoflow_python_archive[];
extern const char leoflow_python_archive_end[];
extern const char leoflow_page_archive[];
extern const char leoflow_page_archive_end[];
}

namespace leoflow {

std::string_view python_archive() {
  return {leoflow_python_archive, size_t(leoflow_python_archive_end - leoflow_python_archive)};
}

std::string_view page_archive() {
  return {leoflow_page_archive, size_t(leoflow_page_archive_end - leoflow_page_archive)};
}

}  // namespace leoflow
