// SPDX-License-Identifier: Apache-2.0
#include "cli/reference.h"

#include "cli/context.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr Fact kExitStatuses[] = {
    {"0", "", "done"},
    {"1", "",
     "internal error, or it is not known whether a change was made; `doctor`: a check "
     "failed"},
    {"2", "", "the command line, a file or a value is wrong"},
    {"3", "",
     "not logged in, or not allowed; also a question that nobody could be asked (`--yes`)"},
    {"4", "", "not found"},
    {"5", "", "exists already, or the state does not allow it"},
    {"6", "", "no server answers"},
    {"7", "", "no answer in time"},
    {"8", "", "a limit was reached"},
    {"9", "", "given up: the answer to a question was no"},
    {"10", "", "the run that was waited for failed (`runs trigger --wait`, `--follow`, `run`)"},
};

constexpr std::string_view kEverything = "every command";
constexpr std::string_view kServer = "server";
constexpr std::string_view kBuilds = "server, run, compile";
constexpr std::string_view kTasks = "set for tasks";

constexpr Fact kEnvironment[] = {
    {"LEOFLOW_HOME", kEverything, "folder of the installation; else ~/.leoflow"},
    {"LEOFLOW_SERVER", kEverything, "server to talk to, when neither --server nor --home is given"},
    {"LEOFLOW_TOKEN", kEverything, "API token; else the home's own, for a server on this machine"},
    {"LEOFLOW_CA", kEverything,
     "PEM file of certificates to trust over https, besides this host's"},
    {"NO_COLOR", kEverything, "any text: no colours"},
    {"LEOFLOW_ADMIN_PASSWORD", kServer,
     "password of `admin` at the first start of a home; else one is made and shown once"},
    {"LEOFLOW_TEST_CONNECTIONS", kServer,
     "1: the server may test connections, that is connect to hosts an Op names; else it may not"},
    {"LEOFLOW_EXPOSE_CONFIG", kServer,
     "true or non-sensitive-only: /api/v2/config answers; else it is 403, as in Airflow"},
    {"LEOFLOW_EXPORT_SECRETS", kServer,
     "1: administrators may export connections and variables with their secrets; else nobody may"},
    {"LEOFLOW_OIDC_*", kServer,
     "each option --oidc-NAME, in capitals; LEOFLOW_OIDC_ROLES and LEOFLOW_OIDC_GRANTS hold one "
     "rule per line"},
    {"LEOFLOW_OIDC_CLIENT_SECRET", kServer, "our secret at the issuer itself, instead of its file"},
    {"KUBECONFIG", kServer, "with --executor k8s: the kubeconfig; else ~/.kube/config"},
    {"KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT", kServer,
     "set in pods: with --executor k8s and no kubeconfig, the cluster it runs in"},
    {"LEOFLOW_CACHE", kBuilds,
     "where environments are built; else leoflow in XDG_CACHE_HOME, else in ~/.cache"},
    {"XDG_CACHE_HOME", kBuilds, "the user's folder for caches; else ~/.cache"},
    {"LEOFLOW_UV", kBuilds,
     "path of uv; else the one on PATH, in ~/.local/bin or ~/.cargo/bin; without any, pip"},
    {"TMPDIR", kBuilds, "folder for temporary files; else /tmp"},
    {"PIP_*, UV_*", kBuilds, "handed to the installer of dependencies, such as PIP_INDEX_URL"},
    {"HTTP_PROXY, HTTPS_PROXY, NO_PROXY", kBuilds,
     "handed on, in upper and lower case; REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_* too"},
    {"LEOFLOW_STAGING_DIR", kTasks, "the run's staging volume, if the DAG has one"},
    {"AIRFLOW_CONN_<ID>", kTasks, "a connection that the task may see, as URI"},
    {"AIRFLOW_VAR_<KEY>", kTasks, "a variable that the task may see"},
    {"AIRFLOW_CTX_*", kTasks, "DAG, run, task, try and dates, as Airflow names them"},
};

json::array texts(const std::vector<std::string>& list) {
  json::array all;
  for (const std::string& text : list) all.emplace_back(text);
  return all;
}

json::array arguments_json(const std::vector<Argument>& arguments) {
  json::array rows;
  for (const Argument& argument : arguments) {
    bool many = std::holds_alternative<std::vector<std::string>*>(argument.into);
    rows.push_back(json::object{{"names", texts(argument.name_list())},
                                {"value", argument.value},
                                {"about", argument.about},
                                {"choices", texts(argument.choices)},
                                {"required", argument.required},
                                {"repeatable", many}});
  }
  return rows;
}

void add_command(json::array& rows, const Command& command) {
  rows.push_back(json::object{{"path", command.path()},
                              {"group", command.group()},
                              {"about", command.about()},
                              {"usage", usage(command)},
                              {"runs", bool(command.action())},
                              {"arguments", arguments_json(command.arguments())},
                              {"options", arguments_json(command.options())},
                              {"examples", texts(command.examples())},
                              {"notes", texts(command.notes())}});
  for (const auto& one : command.commands()) add_command(rows, *one);
}

json::array facts_json(std::span<const Fact> facts) {
  json::array rows;
  for (const Fact& fact : facts)
    rows.push_back(json::object{{"name", fact.name}, {"part", fact.part}, {"about", fact.about}});
  return rows;
}

void show_facts(Context& context, std::span<const Fact> facts, bool parts) {
  json::array rows = facts_json(facts);
  auto count = int64_t(rows.size());
  std::vector<Column> columns{{parts ? "VARIABLE" : "STATUS", "name"}, {"MEANING", "about"}};
  if (parts) columns.insert(columns.begin() + 1, {"READ BY", "part"});
  context.show(columns, {std::move(rows), count}, "");
}

struct HelpCommand {
  const Command& root;
  const std::vector<Argument>& globals;
  std::vector<std::string> words;

  Result<int> operator()(Context& context) const {
    if (words.empty() && context.json()) {
      context.console.out(json::dump(json::value(reference(root, globals))) + "\n");
      return 0;
    }
    if (words.size() == 1 && words[0] == "exit-status")
      return show_facts(context, exit_statuses(), false), 0;
    if (words.size() == 1 && words[0] == "environment")
      return show_facts(context, environment_variables(), true), 0;
    auto command = find(root, words);
    if (!command) return fail(command);
    context.console.out(help_text(**command, globals));
    return 0;
  }

  static Result<const Command*> find(const Command& root, const std::vector<std::string>& words) {
    const Command* command = &root;
    for (const std::string& word : words) {
      const Command* next = command->find(word);
      if (next == nullptr) return unknown_command(*command, word);
      command = next;
    }
    return command;
  }
};

}  // namespace

std::span<const Fact> exit_statuses() { return kExitStatuses; }
std::span<const Fact> environment_variables() { return kEnvironment; }

json::object reference(const Command& root, const std::vector<Argument>& globals) {
  json::array commands;
  add_command(commands, root);
  return {{"commands", std::move(commands)},
          {"options", arguments_json(globals)},
          {"exit_statuses", facts_json(exit_statuses())},
          {"environment", facts_json(environment_variables())}};
}

void add_help(Command& root, const std::vector<Argument>& globals) {
  auto help = std::make_shared<HelpCommand>(HelpCommand{root, globals, {}});
  root.add("help", "Explain a command, or a topic: exit-status, environment")
      .group("Administer")
      .argument_if_any("WORD", &help->words, "Words of the command, or a topic (default: overview)")
      .example("leoflow help runs trigger")
      .example("leoflow help environment")
      .note("With -o json and no word: every command, option, exit status and variable.")
      .runs([help](Context& context) { return (*help)(context); });
}

}  // namespace leoflow::cli
