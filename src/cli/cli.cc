// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <cstdlib>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/reference.h"

namespace leoflow::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value ? value : "";
}

Result<std::string> default_home() {
  if (std::string home = environment("LEOFLOW_HOME"); !home.empty()) return home;
  if (std::string user = environment("HOME"); !user.empty()) return user + "/.leoflow";
  return fail(Code::invalid, "there is no folder for the installation: HOME is not set",
              "give --home DIR");
}

// Values not given on the command line. A server or home that is named there outweighs
// LEOFLOW_SERVER.
Status complete(Globals& globals) {
  if (globals.server.empty() && globals.home.empty())
    globals.server = environment("LEOFLOW_SERVER");
  if (globals.token.empty()) globals.token = environment("LEOFLOW_TOKEN");
  if (globals.ca.empty()) globals.ca = environment("LEOFLOW_CA");
  if (!globals.home.empty()) return {};
  auto home = default_home();
  if (!home) return fail(home);
  globals.home = std::move(*home);
  return {};
}

void add_completion(Command& root, const std::vector<Argument>& globals) {
  auto shell = std::make_shared<std::string>();
  root.add("completion", "Print a completion script for bash, zsh or fish")
      .group("Administer")
      .argument("SHELL", shell.get(), "bash, zsh or fish", {"bash", "zsh", "fish"})
      .example("leoflow completion bash > ~/.local/share/bash-completion/completions/leoflow")
      .runs([&root, &globals, shell](Context& context) -> Result<int> {
        auto script = completion_script(root, globals, *shell);
        if (!script) return fail(script);
        context.console.out(*script);
        return 0;
      });
}

Result<int> run_words(const std::vector<std::string>& words, Console& console,
                      LocalCommands& local) {
  Globals globals;
  std::vector<Argument> arguments = global_arguments(globals);
  auto root = command_tree();
  add_completion(*root, arguments);
  add_help(*root, arguments);
  if (words.size() == 1 && (words[0] == "--version" || words[0] == "-V")) {
    console.out("leoflow " + local.version() + "\n");
    return 0;
  }
  auto invocation = parse_arguments(*root, arguments, words);
  if (!invocation) return fail(invocation);
  if (invocation->help || !invocation->command->action()) {
    std::string text = help_text(*invocation->command, arguments);
    bool asked = invocation->help || invocation->command == root.get();
    if (asked) {
      console.out(text);
    } else {
      console.err(text);
    }
    return asked ? 0 : exit_status(Code::invalid);
  }
  if (auto status = complete(globals); !status) return fail(status);
  Context context(globals, console, local);
  return invocation->command->action()(context);
}

}  // namespace

std::unique_ptr<Command> command_tree() {
  auto root = std::make_unique<Command>("leoflow", "Leoflow runs Apache Airflow DAGs.");
  add_start_commands(*root);
  add_deploy_commands(*root);
  add_run_commands(*root);
  add_backfill_commands(*root);
  add_task_commands(*root);
  add_dag_commands(*root);
  add_connection_commands(*root);
  add_variable_commands(*root);
  add_pool_commands(*root);
  add_admin_commands(*root);
  add_user_commands(*root);
  add_token_commands(*root);
  add_tool_commands(*root);
  return root;
}

int run(int argc, char** argv, LocalCommands& local) {
  ProcessConsole console(!environment("NO_COLOR").empty());
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  auto status = run_words(words, console, local);
  if (status) return *status;
  console.err(error_text(status.error()));
  return exit_status(status.error().code());
}

}  // namespace leoflow::cli
