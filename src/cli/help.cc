// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr size_t kTextColumn = 26;  // where descriptions of options begin
constexpr size_t kLineWidthMax = 100;

struct Entry {
  std::string left, right;
};

// "  left      right", the right part wrapped into its own column.
std::string layout(const std::vector<Entry>& entries, size_t column) {
  std::string text;
  for (const Entry& entry : entries) {
    std::string line = "  " + entry.left;
    if (line.size() + 2 > column) {
      text += line + "\n";
      line.clear();
    }
    line.resize(column, ' ');
    size_t at = 0;
    while (at < entry.right.size()) {
      size_t end = std::min(entry.right.find(' ', at), entry.right.size());
      bool first = line.size() == column;
      if (!first && line.size() + 1 + (end - at) > kLineWidthMax) {
        text += line + "\n";
        line.assign(column, ' ');
        first = true;
      }
      line += (first ? "" : " ") + entry.right.substr(at, end - at);
      at = end + 1;
    }
    text += line + "\n";
  }
  return text;
}

Entry option_entry(const Argument& option) {
  std::string left;
  for (const std::string& name : option.name_list()) left += (left.empty() ? "" : ", ") + name;
  if (left.starts_with("--")) left = "    " + left;
  if (!option.value.empty()) left += " " + option.value;
  return {left, option.about};
}

// Commands under their headings, in order of first appearance.
std::string command_lists(const Command& command) {
  std::vector<std::string> headings;
  for (const auto& one : command.commands()) {
    if (std::ranges::find(headings, one->group()) == headings.end())
      headings.push_back(one->group());
  }
  std::string text;
  for (const std::string& heading : headings) {
    std::vector<Entry> entries;
    for (const auto& one : command.commands()) {
      if (one->group() == heading) entries.push_back({one->name(), one->about()});
    }
    text +=
        "\n" + (heading.empty() ? std::string("Commands") : heading) + "\n" + layout(entries, 17);
  }
  return text;
}

std::string options_of(const std::string& heading, const std::vector<Argument>& options) {
  if (options.empty()) return {};
  std::vector<Entry> entries;
  for (const Argument& option : options) entries.push_back(option_entry(option));
  return "\n" + heading + "\n" + layout(entries, kTextColumn);
}

}  // namespace

std::string usage(const Command& command) {
  std::string text = command.path();
  if (!command.commands().empty()) return text + " COMMAND [options]";
  for (const Argument& argument : command.arguments()) {
    text += argument.required ? " " + argument.names : " [" + argument.names + "]";
  }
  return text + (command.options().empty() ? "" : " [options]");
}

std::string help_text(const Command& command, const std::vector<Argument>& globals) {
  std::string text = command.about() + "\n\nUsage: " + usage(command) + "\n";
  if (!command.commands().empty()) text += command_lists(command);
  if (!command.arguments().empty()) {
    std::vector<Entry> entries;
    for (const Argument& argument : command.arguments())
      entries.push_back({argument.names, argument.about});
    text += "\nArguments\n" + layout(entries, kTextColumn);
  }
  text += options_of("Options", command.options());
  if (!command.examples().empty()) {
    text += command.examples().size() == 1 ? "\nExample\n" : "\nExamples\n";
    for (const std::string& line : command.examples()) text += "  " + line + "\n";
  }
  for (const std::string& line : command.notes()) text += "\n" + line + "\n";
  if (!command.parent()) {
    return text + options_of("Options of every command", globals) +
           "\n`leoflow COMMAND --help` explains a command; `leoflow help exit-status` and `leoflow "
           "help\nenvironment` list what a script needs to know.\n";
  }
  return text +
         "\n--home, --server, --token, -o, -y and -h work with every command: see `leoflow "
         "--help`.\n";
}

}  // namespace leoflow::cli
