// SPDX-License-Identifier: Apache-2.0
#include "authoring/seeded_packages.h"

#include <algorithm>
#include <sstream>

namespace leoflow {
namespace {

constexpr const char* kSeeded[] = {"pip", "setuptools"};
constexpr std::string_view kRequires = "Requires-Dist:";
constexpr std::string_view kFolderEnding = ".dist-info";
constexpr std::string_view kScripts = "../../../bin/";

bool part_of_name(unsigned char c) { return isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; }

// The name that a requirement begins with, as package indexes compare it.
std::string name_of(std::string_view requirement) {
  while (requirement.starts_with(' ')) requirement.remove_prefix(1);
  auto end = std::ranges::find_if_not(requirement, part_of_name);
  std::string name(requirement.begin(), end);
  for (char& c : name)
    c = c == '_' || c == '.' ? '-' : char(tolower(static_cast<unsigned char>(c)));
  return name;
}

// "setuptools" of setuptools-66.1.1.dist-info; empty for any other folder.
std::string package_of(const fs::path& folder) {
  std::string name = folder.filename().string();
  if (!name.ends_with(kFolderEnding)) return {};
  return name_of(name.substr(0, name.rfind('-', name.size() - kFolderEnding.size())));
}

void add_required(const fs::path& metadata, std::set<std::string>& names) {
  std::istringstream lines(read_file(metadata, kMetadataBytesMax).value_or(""));
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    if (line.starts_with(kRequires)) names.insert(name_of(line.substr(kRequires.size())));
  }
}

// The first part of each path in a RECORD, and the whole one of a script. What they name is
// removed: nothing that leads elsewhere.
void add_recorded(const fs::path& record, std::set<std::string>& names) {
  std::istringstream lines(read_file(record, kMetadataBytesMax).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::string path = line.substr(0, line.find(','));
    std::string first = path.substr(0, path.find('/'));
    bool script = path.starts_with(kScripts) && path.size() > kScripts.size() &&
                  path.find('/', kScripts.size()) == path.npos && !path.ends_with("/..");
    bool name = !first.empty() && first != "." && first != ".." && first != "__pycache__";
    if (script || name) names.insert(script ? path : first);
  }
}

}  // namespace

std::set<std::string> seeded_packages(const fs::path& site_packages,
                                      const std::vector<std::string>& dependencies) {
  std::set<std::string> wanted, names;
  for (const std::string& line : dependencies) wanted.insert(name_of(line));
  std::vector<fs::path> seeded;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(site_packages, error)) {
    std::string package = package_of(entry.path());
    if (std::ranges::find(kSeeded, package) != std::end(kSeeded)) {
      seeded.push_back(entry.path());
    } else if (!package.empty()) {
      add_required(entry.path() / "METADATA", wanted);
    }
  }
  for (const fs::path& folder : seeded) {
    if (!wanted.contains(package_of(folder))) add_recorded(folder / "RECORD", names);
  }
  return names;
}

}  // namespace leoflow
