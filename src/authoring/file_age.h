// SPDX-License-Identifier: Apache-2.0
// When a cached folder was last used, by its modification time: what collecting by age goes by. Any
// thread.
#pragma once

#include "base/file.h"
#include "base/time.h"

namespace leoflow {

// Sets the time to now. Best effort: a folder that cannot be marked only looks older.
void mark_used(const fs::path& path);
// The epoch when the path is gone.
Time last_used(const fs::path& path);
// Renames a tree aside (nobody finds it half deleted), then removes it. A missing one is success.
Status remove_renamed(const fs::path& path);

}  // namespace leoflow
