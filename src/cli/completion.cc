// SPDX-License-Identifier: Apache-2.0
// Completion scripts, written from the command tree.
#include <functional>

#include "cli/command.h"

namespace leoflow::cli {
namespace {

// One line per command: its path, then what may follow it.
struct Place {
  std::string path;  // "runs trigger"; empty for the program itself
  std::vector<std::string> words;
};

std::vector<Place> places(const Command& root, const std::vector<Argument>& globals) {
  std::vector<Place> all;
  std::function<void(const Command&, const std::string&)> visit = [&](const Command& command,
                                                                      const std::string& path) {
    Place place{path, {}};
    for (const auto& one : command.commands()) place.words.push_back(one->name());
    auto add = [&](const std::vector<Argument>& options) {
      for (const Argument& option : options) {
        for (const std::string& name : option.name_list()) place.words.push_back(name);
      }
    };
    for (const Argument& argument : command.arguments()) {
      place.words.insert(place.words.end(), argument.choices.begin(), argument.choices.end());
    }
    add(command.options());
    add(globals);
    place.words.emplace_back("--help");
    all.push_back(std::move(place));
    for (const auto& one : command.commands())
      visit(*one, path.empty() ? one->name() : path + " " + one->name());
  };
  visit(root, "");
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// bash and, through bashcompinit, zsh.
std::string bash_script(const std::vector<Place>& all) {
  std::string cases, paths;
  for (const Place& place : all) {
    cases += "    '" + place.path + "') words='" + joined(place.words) + "' ;;\n";
    if (!place.path.empty()) paths += "|'" + place.path + "'";
  }
  return "_leoflow() {\n"
         "  local words='' path='' next word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    next=\"${path:+$path }$word\"\n"
         "    case \"$next\" in\n"
         "      " +
         paths.substr(1) +
         ") path=\"$next\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -F _leoflow leoflow\n";
}

std::string fish_text(const std::string& text) {
  std::string quoted;
  for (char c : text) quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return "'" + quoted + "'";
}

std::string fish_option(const std::string& condition, const Argument& option) {
  std::string line = "complete -c leoflow" + condition;
  for (const std::string& name : option.name_list()) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.is_flag()) line += " -r";
  if (!option.choices.empty()) line += " -f -a " + fish_text(joined(option.choices));
  return line + " -d " + fish_text(option.about) + "\n";
}

std::string fish_script(const Command& root, const std::vector<Argument>& globals) {
  std::string text;
  for (const Argument& option : globals) text += fish_option("", option);
  for (const auto& command : root.commands()) {
    text += "complete -c leoflow -n __fish_use_subcommand -f -a " + command->name() + " -d " +
            fish_text(command->about()) + "\n";
    std::string inside = "__fish_seen_subcommand_from " + command->name();
    std::string names;
    for (const auto& one : command->commands()) names += (names.empty() ? "" : " ") + one->name();
    for (const auto& one : command->commands()) {
      text += "complete -c leoflow -n '" + inside + "; and not __fish_seen_subcommand_from " +
              names + "' -f -a " + one->name() + " -d " + fish_text(one->about()) + "\n";
      std::string condition =
          " -n '" + inside + "; and __fish_seen_subcommand_from " + one->name() + "'";
      for (const Argument& option : one->options()) text += fish_option(condition, option);
    }
    for (const Argument& option : command->options())
      text += fish_option(" -n '" + inside + "'", option);
  }
  return text;
}

}  // namespace

Result<std::string> completion_script(const Command& root, const std::vector<Argument>& globals,
                                      std::string_view shell) {
  if (shell == "bash") return bash_script(places(root, globals));
  if (shell == "zsh") {
    return "#compdef leoflow\nautoload -U +X bashcompinit && bashcompinit\n" +
           bash_script(places(root, globals));
  }
  if (shell == "fish") return fish_script(root, globals);
  return fail(Code::invalid, "there is no completion for '" + std::string(shell) + "'",
              "bash, zsh or fish");
}

}  // namespace leoflow::cli
