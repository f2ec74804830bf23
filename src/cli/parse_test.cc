// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/fakes_for_test.h"
#include "cli/reference.h"
#include "test_paths.h"

namespace leoflow::cli {
namespace {

struct Parsed {
  Globals globals;
  std::unique_ptr<Command> root = command_tree();
  std::vector<Argument> arguments = global_arguments(globals);
  Result<Invocation> result = Invocation{};

  explicit Parsed(const std::vector<std::string>& words) {
    result = parse_arguments(*root, arguments, words);
  }
};

Error error_of_words(const std::vector<std::string>& words) {
  Parsed parsed(words);
  return parsed.result ? Error(Code::internal, "accepted") : parsed.result.error();
}

TEST(Parse, GlobalOptionsBeforeAndAfterTheCommand) {
  Parsed parsed({"--home", "H", "dags", "-o", "json", "list", "--server", "localhost:1", "--yes"});
  ASSERT_TRUE(parsed.result) << parsed.result.error().text();
  EXPECT_EQ(parsed.result->command->path(), "leoflow dags list");
  EXPECT_EQ(parsed.globals.home, "H");
  EXPECT_EQ(parsed.globals.output, "json");
  EXPECT_EQ(parsed.globals.server, "localhost:1");
  EXPECT_TRUE(parsed.globals.yes);
}

TEST(Parse, ArgumentsMayLookLikeCommands) {
  Parsed parsed({"runs", "show", "show", "list"});
  ASSERT_TRUE(parsed.result) << parsed.result.error().text();
  EXPECT_EQ(parsed.result->command->path(), "leoflow runs show");
}

TEST(Parse, NegativeNumbersAreValues) {
  Parsed parsed({"pools", "set", "p", "-1"});
  EXPECT_TRUE(parsed.result) << parsed.result.error().text();
}

TEST(Parse, RepeatedOptionsLeavePositionalsAlone) {
  Parsed parsed({"tasks", "clear", "--task", "a", "dag", "--task", "b", "run"});
  EXPECT_TRUE(parsed.result) << parsed.result.error().text();
}

TEST(Parse, UnknownWordsSuggestWhatWasMeant) {
  EXPECT_EQ(error_of_words({"rnus"}).hint(), "did you mean `leoflow runs`?");
  EXPECT_EQ(error_of_words({"runs", "tirgger", "etl"}).hint(),
            "did you mean `leoflow runs trigger`?");
  Error option = error_of_words({"runs", "trigger", "etl", "--folow"});
  EXPECT_EQ(option.message(), "`leoflow runs trigger` has no option '--folow'");
  EXPECT_EQ(option.hint(), "did you mean --follow?");
}

TEST(Parse, WordsOfOtherProgramsAreUnderstood) {
  EXPECT_EQ(error_of_words({"connections", "show"}).hint(),
            "did you mean `leoflow connections get`?");
  EXPECT_EQ(error_of_words({"runs", "get"}).hint(), "did you mean `leoflow runs show`?");
  EXPECT_EQ(error_of_words({"users", "add"}).hint(), "did you mean `leoflow users create`?");
}

TEST(Parse, FarFetchedGuessesAreNotMade) {
  EXPECT_EQ(error_of_words({"-v"}).hint(), "`leoflow --help` shows what it takes");
  EXPECT_EQ(error_of_words({"runs", "list", "--state", "lost"}).hint(), "");
}

TEST(Parse, MissingAndWrongValues) {
  EXPECT_EQ(error_of_words({"runs", "trigger"}).message(),
            "`leoflow runs trigger` needs DAG: Id of the DAG");
  EXPECT_EQ(error_of_words({"runs", "list", "--limit", "many"}).message(),
            "--limit must be a whole number, not 'many'");
  EXPECT_EQ(error_of_words({"dags", "list", "-o", "jsn"}).hint(), "did you mean json?");
  EXPECT_EQ(error_of_words({"dags", "list", "extra"}).message(),
            "`leoflow dags list` does not take 'extra'");
  EXPECT_EQ(error_of_words({"dags", "list", "--limit"}).code(), Code::invalid);
}

TEST(Parse, HelpNeedsNoArguments) {
  Parsed parsed({"runs", "trigger", "--help"});
  ASSERT_TRUE(parsed.result);
  EXPECT_TRUE(parsed.result->help);
}

void expect_examples(const Command& command) {
  for (const auto& one : command.commands()) expect_examples(*one);
  if (!command.action()) return;
  ASSERT_FALSE(command.examples().empty()) << command.path();
  EXPECT_TRUE(command.examples()[0].starts_with(command.path())) << command.path();
}

TEST(Help, EveryCommandHasAnExample) { expect_examples(*command_tree()); }

// The golden file is written anew when the variable LEOFLOW_UPDATE_GOLDEN is set.
TEST(Help, RootIsAsInTheGoldenFile) {
  Parsed parsed({"--help"});
  std::string text = help_text(*parsed.root, parsed.arguments);
  fs::path golden = fs::path(LEOFLOW_SOURCE_DIR) / "src/cli/golden/help.txt";
  bool update = std::getenv("LEOFLOW_UPDATE_GOLDEN") != nullptr;
  if (update) {
    ASSERT_TRUE(write_file(golden, text));
  }
  auto expected = read_file(golden);
  ASSERT_TRUE(expected);
  EXPECT_EQ(text, *expected);
  EXPECT_LE(std::ranges::count(text, '\n'), 50);  // a window of a terminal
}

TEST(Help, OfACommand) {
  Parsed parsed({"runs", "logs", "--help"});
  std::string text = help_text(*parsed.result->command, parsed.arguments);
  EXPECT_TRUE(text.starts_with(
      "Print the log of a task\n\nUsage: leoflow runs logs DAG RUN TASK [options]\n"))
      << text;
  EXPECT_NE(text.find("\nExamples\n  leoflow runs logs etl "), std::string::npos) << text;
  for (size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
  }
}

TEST(Reference, HasEveryCommandWithItsOptions) {
  Parsed parsed({"version"});
  add_help(*parsed.root, parsed.arguments);
  json::object all = reference(*parsed.root, parsed.arguments);
  bool found = false;
  for (const json::value& row : all.at("commands").as_array()) {
    if (row.at("path") != "leoflow runs list") continue;
    found = true;
    EXPECT_EQ(row.at("usage"), "leoflow runs list [options]");
    EXPECT_FALSE(row.at("options").as_array().empty());
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(all.at("options").as_array().size(), parsed.arguments.size());
}

TEST(Reference, KnowsEveryExitStatus) {
  std::set<std::string_view> known;
  for (const Fact& fact : exit_statuses()) known.insert(fact.name);
  for (int code = 0; code <= int(Code::internal); ++code) {
    EXPECT_TRUE(known.contains(std::to_string(exit_status(Code(code))))) << code;
  }
  EXPECT_TRUE(known.contains(std::to_string(kExitRunFailed)));
}

struct Help {
  FakeConsole console;
  FakeLocal local;
  Parsed parsed{{"version"}};
  Result<int> result = 0;

  explicit Help(const std::vector<std::string>& words, const std::string& output = "table") {
    add_help(*parsed.root, parsed.arguments);
    auto invocation = parse_arguments(*parsed.root, parsed.arguments, words);
    EXPECT_TRUE(invocation) << invocation.error().text();
    parsed.globals.output = output;
    Context context(parsed.globals, console, local);
    result = invocation->command->action()(context);
  }
};

TEST(HelpCommand, ExplainsCommandsAndTopics) {
  EXPECT_TRUE(Help({"help", "runs", "trigger"}).console.written.starts_with("Start a run"));
  EXPECT_NE(Help({"help"}).console.written.find("Usage: leoflow COMMAND"), std::string::npos);
  EXPECT_NE(Help({"help", "exit-status"}).console.written.find("not found"), std::string::npos);
  EXPECT_NE(Help({"help", "environment"}).console.written.find("LEOFLOW_HOME"), std::string::npos);
  EXPECT_TRUE(json::parse(Help({"help"}, "json").console.written));
  Help unknown({"help", "runs", "tirgger"});
  ASSERT_FALSE(unknown.result);
  EXPECT_EQ(unknown.result.error().hint(), "did you mean `leoflow runs trigger`?");
}

TEST(Completion, KnowsShells) {
  Parsed parsed({"version"});
  for (const char* shell : {"bash", "zsh", "fish"}) {
    auto script = completion_script(*parsed.root, parsed.arguments, shell);
    ASSERT_TRUE(script);
    EXPECT_NE(script->find("trigger"), std::string::npos);
  }
  EXPECT_FALSE(completion_script(*parsed.root, parsed.arguments, "tcsh"));
}

}  // namespace
}  // namespace leoflow::cli
