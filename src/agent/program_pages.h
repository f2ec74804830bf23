// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace leoflow {

// Lets go of the pages of this program that are mapped from its file and were never written: most
// were only touched by the start. What is used again is mapped again, from the page cache. Any
// thread, while others run.
void release_program_pages();

}  // namespace leoflow
