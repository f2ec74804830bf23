// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

namespace leoflow::cli {

std::vector<std::string> Argument::name_list() const {
  std::vector<std::string> list;
  size_t at = 0;
  while (at <= names.size()) {
    size_t comma = std::min(names.find(',', at), names.size());
    list.push_back(names.substr(at, comma - at));
    at = comma + 1;
  }
  return list;
}

Command& Command::add(std::string name, std::string about) {
  commands_.push_back(std::make_unique<Command>(std::move(name), std::move(about)));
  commands_.back()->parent_ = this;
  return *commands_.back();
}

Command& Command::argument(std::string name, Target into, std::string about,
                           std::vector<std::string> choices) {
  arguments_.push_back({name, name, std::move(about), into, std::move(choices), true});
  return *this;
}

Command& Command::argument_if_any(std::string name, Target into, std::string about,
                                  std::vector<std::string> choices) {
  arguments_.push_back({name, name, std::move(about), into, std::move(choices), false});
  return *this;
}

Command& Command::option(std::string names, std::string value, Target into, std::string about,
                         std::vector<std::string> choices) {
  options_.push_back(
      {std::move(names), std::move(value), std::move(about), into, std::move(choices), false});
  return *this;
}

Command& Command::flag(std::string names, bool* into, std::string about) {
  options_.push_back({std::move(names), "", std::move(about), into, {}, false});
  return *this;
}

const Command* Command::find(std::string_view name) const {
  for (const auto& command : commands_) {
    if (command->name() == name) return command.get();
  }
  return nullptr;
}

std::string Command::path() const { return parent_ ? parent_->path() + " " + name_ : name_; }

}  // namespace leoflow::cli
