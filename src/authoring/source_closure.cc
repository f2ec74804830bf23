// SPDX-License-Identifier: Apache-2.0
#include "authoring/source_closure.h"

#include <algorithm>

namespace leoflow {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::string_view next_word(std::string_view& text) {
  text = trim(text);
  const auto end = text.find_first_of(" \t,;()#");
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end);
  return word;
}

// "a.b" -> {"a/b.py", "a/b/__init__.py", "a.py", "a/__init__.py"}: the module and the packages
// around it.
void add_module(std::string_view module, const std::string& folder, std::set<std::string>& into) {
  std::string path(module);
  std::ranges::replace(path, '.', '/');
  for (size_t end = path.size(); end != std::string::npos && end > 0;
       end = path.rfind('/', end - 1)) {
    into.insert(folder + path.substr(0, end) + ".py");
    into.insert(folder + path.substr(0, end) + "/__init__.py");
    if (path.find('/') == std::string::npos) break;
  }
}

// The folder that "from ..x import" starts in, with a slash at the end unless it is the root.
std::string relative_folder(std::string_view file, size_t dots) {
  std::string folder(file.substr(0, file.rfind('/') + 1));
  for (size_t i = 1; i < dots && !folder.empty(); ++i) {
    folder.pop_back();
    folder.resize(folder.rfind('/') + 1);
  }
  return folder;
}

// Files that one import statement may load.
void add_import(std::string_view line, std::string_view file, std::set<std::string>& into) {
  std::string_view rest = line;
  const std::string_view keyword = next_word(rest);
  if (keyword == "import") {
    while (!rest.empty()) {
      add_module(next_word(rest), "", into);
      const auto comma = rest.find(',');
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  } else if (keyword == "from") {
    std::string_view module = next_word(rest);
    const size_t dots = std::min(module.find_first_not_of('.'), module.size());
    module.remove_prefix(dots);
    const std::string folder = dots == 0 ? "" : relative_folder(file, dots);
    if (!module.empty()) add_module(module, folder, into);
    if (next_word(rest) != "import") return;
    std::string base(module);
    while (!rest.empty()) {
      rest = trim(rest.substr(std::min(rest.find_first_not_of(" \t,("), rest.size())));
      const std::string_view name = next_word(rest);
      if (name.empty()) break;
      add_module(base.empty() ? std::string(name) : base + "." + std::string(name), folder, into);
    }
  }
}

std::set<std::string> imports_of(std::string_view text, std::string_view file) {
  std::set<std::string> found;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.starts_with("import ") || line.starts_with("from ")) add_import(line, file, found);
  }
  return found;
}

}  // namespace

std::set<std::string> source_closure(const fs::path& root, const SourceFiles& files,
                                     const std::string& dag_file,
                                     const std::vector<std::string>& known) {
  const std::set<std::string> all(files.begin(), files.end());
  std::vector<std::string> pending(known.begin(), known.end());
  pending.push_back(dag_file);
  std::set<std::string> closure;
  std::string text_of_all;
  while (!pending.empty()) {
    const std::string file = std::move(pending.back());
    pending.pop_back();
    if (!all.contains(file) || !closure.insert(file).second || !file.ends_with(".py")) continue;
    const auto text = read_file(root / file, kBundleBytesMax);
    if (!text) continue;
    text_of_all += *text + '\n';
    for (const std::string& name : imports_of(*text, file)) pending.push_back(name);
  }
  for (const std::string& file : files) {
    const std::string name = file.substr(file.rfind('/') + 1);
    if (!file.ends_with(".py") && text_of_all.find(name) != std::string::npos) closure.insert(file);
  }
  return closure;
}

}  // namespace leoflow
