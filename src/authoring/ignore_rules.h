// SPDX-License-Identifier: Apache-2.0
// Which paths to leave out: the rules of .gitignore, as .airflowignore (glob syntax) and
// exclude_paths use them. Value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace leoflow {

constexpr size_t kIgnoreRulesMax = 2000;  // per file; the rest of the lines is not read
constexpr size_t kIgnoreBytesMax = 256 * 1024;

class IgnoreRules {
 public:
  // Adds the lines of a file that lies in `folder` (relative to the root, "" for the root itself)
  // and therefore only speaks about what is below it. "#" begins a comment, "!" brings a path back,
  // a slash at the end means folders only, a slash elsewhere ties the pattern to the folder, "**"
  // spans folders. Later rules win.
  void add(std::string_view lines, std::string_view folder = {});
  // Whether the path (relative to the root, "/" between names) is left out. Callers do not look
  // below a folder that is: what is in it cannot be brought back.
  bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string folder;   // "" or "a/b/"
    std::string pattern;  // without "!", leading and trailing slash
    bool keeps = false;   // "!"
    bool folders_only = false;
    bool tied = false;  // matches the whole rest of the path, not just the last name
  };
  std::vector<Rule> rules_;
};

// Whether the path matches a pattern with *, ?, [...] within names and ** across them.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace leoflow
