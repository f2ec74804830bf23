// SPDX-License-Identifier: Apache-2.0
// Commands as data: names, texts, options and what to run. Parsing, help and shell completion read
// the same tree.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace leoflow::cli {

class Context;

// Where a parsed value goes; owned by the options struct of the command.
using Target = std::variant<bool*, std::string*, std::optional<std::string>*,
                            std::vector<std::string>*, int64_t*, std::optional<int64_t>*>;

// An option ("-o,--output") or a positional argument ("DAG").
struct Argument {
  std::string names;
  std::string value;  // what stands for the value in help; empty = a flag
  std::string about;
  Target into;
  std::vector<std::string> choices = {};
  bool required = false;

  bool is_flag() const { return std::holds_alternative<bool*>(into); }
  // The names one by one: {"-o", "--output"}.
  std::vector<std::string> name_list() const;
};

// Runs a command: its exit status, or the error to show.
using Action = std::function<Result<int>(Context&)>;

class Command {
 public:
  Command(std::string name, std::string about) : name_(std::move(name)), about_(std::move(about)) {}

  // A new command below this one; it lives as long as this one.
  Command& add(std::string name, std::string about);
  Command& example(std::string line) {
    examples_.push_back(std::move(line));
    return *this;
  }
  // The heading under which the help of the parent lists it.
  Command& group(std::string heading) {
    group_ = std::move(heading);
    return *this;
  }
  // A line that help shows after the options.
  Command& note(std::string line) {
    notes_.push_back(std::move(line));
    return *this;
  }
  // Positional arguments, in order; those that may be missing come last.
  Command& argument(std::string name, Target into, std::string about,
                    std::vector<std::string> choices = {});
  Command& argument_if_any(std::string name, Target into, std::string about,
                           std::vector<std::string> choices = {});
  Command& option(std::string names, std::string value, Target into, std::string about,
                  std::vector<std::string> choices = {});
  Command& flag(std::string names, bool* into, std::string about);
  void runs(Action action) { action_ = std::move(action); }

  const std::string& name() const { return name_; }
  const std::string& about() const { return about_; }
  const std::string& group() const { return group_; }
  const std::vector<std::string>& examples() const { return examples_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<Argument>& arguments() const { return arguments_; }
  const std::vector<Argument>& options() const { return options_; }
  const std::vector<std::unique_ptr<Command>>& commands() const { return commands_; }
  const Action& action() const { return action_; }
  const Command* parent() const { return parent_; }
  const Command* find(std::string_view name) const;  // below this one, null if there is none
  // "leoflow runs trigger".
  std::string path() const;

 private:
  std::string name_, about_, group_;
  std::vector<std::string> examples_, notes_;
  std::vector<Argument> arguments_, options_;
  std::vector<std::unique_ptr<Command>> commands_;
  Action action_;
  const Command* parent_ = nullptr;
};

// What an argument list asks for.
struct Invocation {
  const Command* command = nullptr;  // of the tree; without action() it is a group
  bool help = false;
};

// Finds the command and stores the values of its options and of `globals`, which are accepted
// anywhere. Errors are `invalid` and say what was probably meant.
Result<Invocation> parse_arguments(const Command& root, const std::vector<Argument>& globals,
                                   const std::vector<std::string>& words);

// `invalid`: the group has no such command; the hint is the one that was probably meant.
std::unexpected<Error> unknown_command(const Command& group, const std::string& word);

// "leoflow runs trigger DAG [options]".
std::string usage(const Command& command);
// The help text of a command; fits 100 columns.
std::string help_text(const Command& command, const std::vector<Argument>& globals);
// A completion script of a shell: bash, zsh or fish. `invalid` for others.
Result<std::string> completion_script(const Command& root, const std::vector<Argument>& globals,
                                      std::string_view shell);

}  // namespace leoflow::cli
