// SPDX-License-Identifier: Apache-2.0
// Finding the command, then CLI11 for its options. CLI11 is included nowhere else: it takes seconds
// to compile.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>

#include "cli/command.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

bool looks_like_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

// Whether a word is an option whose value is the next word.
bool takes_next_word(const std::vector<Argument>& options, const std::string& word) {
  for (const Argument& option : options) {
    if (option.is_flag()) continue;
    for (const std::string& name : option.name_list()) {
      if (name == word) return true;
    }
  }
  return false;
}

struct Found {
  const Command* command = nullptr;
  std::vector<std::string> rest;  // the words that name no command
};

Result<Found> find_command(const Command& root, const std::vector<Argument>& globals,
                           const std::vector<std::string>& words) {
  Found found{&root, {}};
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    bool group = !found.command->commands().empty();
    if (!group || looks_like_option(word)) {
      found.rest.push_back(word);
      if (group && takes_next_word(globals, word) && i + 1 < words.size())
        found.rest.push_back(words[++i]);
      continue;
    }
    const Command* next = found.command->find(word);
    if (!next) return unknown_command(*found.command, word);
    found.command = next;
  }
  return found;
}

// What other programs call a command of this group; empty if nothing.
std::string other_word_for(const std::string& word, const Command& group) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"show", "get"},       {"get", "show"},      {"ls", "list"},
      {"rm", "delete"},      {"remove", "delete"}, {"add", "set"},
      {"add", "create"},     {"create", "set"},    {"update", "set"},
      {"start", "trigger"},  {"run", "trigger"},   {"stop", "cancel"},
      {"kill", "cancel"},    {"log", "logs"},      {"retry", "clear"},
      {"rerun", "clear"},    {"serve", "server"},  {"standalone", "lite"},
      {"check", "validate"}, {"new", "init"},      {"passwd", "set-password"},
  };
  for (const auto& [theirs, ours] : kWords) {
    if (theirs == word && group.find(ours) != nullptr) return std::string(ours);
  }
  return {};
}

Status store_number(const Argument& argument, const std::string& text, int64_t& into) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return fail(Code::invalid, argument.name_list().back() + " must be a whole number, not '" +
                                 printable(text) + "'");
}

Status store(const Argument& argument, const std::vector<std::string>& values) {
  const std::string& text = values.back();
  if (!argument.choices.empty() &&
      std::ranges::find(argument.choices, text) == argument.choices.end()) {
    std::string choices;
    for (const std::string& choice : argument.choices)
      choices += (choices.empty() ? "" : ", ") + choice;
    std::string guess = nearest(text, argument.choices);
    return fail(Code::invalid,
                argument.name_list().back() + " must be one of " + choices + ", not '" +
                    printable(text) + "'",
                guess.empty() ? "" : "did you mean " + guess + "?");
  }
  if (auto* into = std::get_if<std::string*>(&argument.into)) **into = text;
  if (auto* into = std::get_if<std::optional<std::string>*>(&argument.into)) **into = text;
  if (auto* into = std::get_if<std::vector<std::string>*>(&argument.into)) **into = values;
  if (auto* into = std::get_if<int64_t*>(&argument.into))
    return store_number(argument, text, **into);
  if (auto* into = std::get_if<std::optional<int64_t>*>(&argument.into)) {
    int64_t number = 0;
    if (auto status = store_number(argument, text, number); !status) return status;
    **into = number;
  }
  return {};
}

// One CLI11 app for the options of one command; values are stored after CLI11 has accepted all
// words.
class Parser {
 public:
  Parser(const Command& command, const std::vector<Argument>& globals) : command_(command) {
    app_.set_help_flag();
    app_.add_flag("-h,--help", help_, "");
    for (const Argument& argument : command.arguments()) add(argument);
    for (const Argument& option : command.options()) add(option);
    for (const Argument& option : globals) add(option);
  }

  Result<Invocation> parse(std::vector<std::string> words) {
    std::ranges::reverse(words);
    try {
      app_.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
      if (!help_) return fail(explain(error));
    } catch (const std::exception& error) {
      return fail(Code::internal, error.what());
    }
    if (help_) return Invocation{&command_, true};
    return finish();
  }

 private:
  struct Slot {
    const Argument* argument;
    CLI::Option* option;
  };

  void add(const Argument& argument) {
    // CLI11 takes positional names without a dash; every value arrives as text.
    CLI::Option* option = nullptr;
    if (argument.is_flag()) {
      option = app_.add_flag(argument.names);
    } else {
      option = app_.add_option(argument.names);
      option->type_size(1)->expected(1);
      bool repeated = std::holds_alternative<std::vector<std::string>*>(argument.into);
      // An option takes one value each time; a positional argument all words that are left.
      if (repeated) option->expected(-1)->allow_extra_args(!looks_like_option(argument.names));
      option->multi_option_policy(repeated ? CLI::MultiOptionPolicy::TakeAll
                                           : CLI::MultiOptionPolicy::TakeLast);
    }
    slots_.push_back({&argument, option});
  }

  Result<Invocation> finish() {
    for (const Slot& slot : slots_) {
      if (slot.option->count() == 0) {
        if (slot.argument->required) return fail(missing(*slot.argument));
      } else if (slot.argument->is_flag()) {
        *std::get<bool*>(slot.argument->into) = true;
      } else if (auto status = store(*slot.argument, slot.option->results()); !status) {
        return fail(status);
      }
    }
    return Invocation{&command_, false};
  }

  Error missing(const Argument& argument) const {
    return Error(Code::invalid,
                 "`" + command_.path() + "` needs " + argument.names + ": " + argument.about,
                 command_.examples().empty() ? "" : "for example `" + command_.examples()[0] + "`");
  }

  Error explain(const CLI::ParseError& error) const {
    std::string help = "`" + command_.path() + " --help` shows what it takes";
    if (!dynamic_cast<const CLI::ExtrasError*>(&error))
      return Error(Code::invalid, error.what(), help);
    std::vector<std::string> rest = app_.remaining();
    std::string word = rest.empty() ? std::string() : rest[0];
    if (!looks_like_option(word)) {
      return Error(Code::invalid,
                   "`" + command_.path() + "` does not take '" + printable(word) + "'", help);
    }
    word = word.substr(0, word.find('='));
    std::vector<std::string> names{"--help"};
    for (const Slot& slot : slots_) {
      for (std::string& name : slot.argument->name_list()) {
        if (name.starts_with('-')) names.push_back(std::move(name));
      }
    }
    std::string guess = word.size() > 2 ? nearest(word, names) : "";
    return Error(Code::invalid, "`" + command_.path() + "` has no option '" + printable(word) + "'",
                 guess.empty() ? help : "did you mean " + guess + "?");
  }

  const Command& command_;
  CLI::App app_;
  bool help_ = false;
  std::vector<Slot> slots_;
};

}  // namespace

std::unexpected<Error> unknown_command(const Command& group, const std::string& word) {
  std::vector<std::string> names;
  for (const auto& command : group.commands()) names.push_back(command->name());
  std::string guess = other_word_for(word, group);
  if (guess.empty()) guess = nearest(word, names);
  std::string hint = guess.empty() ? "`" + group.path() + " --help` lists the commands"
                                   : "did you mean `" + group.path() + " " + guess + "`?";
  return fail(Code::invalid, "unknown command '" + printable(word) + "'", std::move(hint));
}

Result<Invocation> parse_arguments(const Command& root, const std::vector<Argument>& globals,
                                   const std::vector<std::string>& words) {
  auto found = find_command(root, globals, words);
  if (!found) return fail(found);
  Parser parser(*found->command, globals);
  return parser.parse(std::move(found->rest));
}

}  // namespace leoflow::cli
