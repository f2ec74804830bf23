// SPDX-License-Identifier: Apache-2.0
// Commands for beginning: a new project, servers, one run without a server, looking at what a
// project compiles to.
#include <algorithm>
#include <cstring>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/project_template.h"
#include "cli/run_view.h"

namespace leoflow::cli {
namespace {

// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
  auto plain = [](unsigned char c) { return isalnum(c) || std::strchr("_-./~+:,@%=", c); };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<int> init(Context& context, const std::string& folder) {
  auto dag_id = write_project(folder);
  if (!dag_id) return fail(dag_id);
  context.console.out(folder + "/dag.py\n" + folder + "/leoflow.yaml\n");
  std::string word = shell_word(folder);
  context.say("\nNext:\n  leoflow run " + word + "    # once, without a server\n  leoflow lite " +
              word + "   # server and web page; then, in another terminal:\n" +
              "  leoflow runs trigger " + *dag_id + " --follow");
  return 0;
}

struct ServeOptions {
  LiteOptions all;
  int64_t port = kDefaultPort, parallelism = 0, max_map_length = 0;
};

Status finish(Context& context, ServeOptions& options) {
  if (options.port < 0 || options.port > 65535)
    return fail(Code::invalid, "--port must be from 0 to 65535");
  if (options.parallelism < 0 || options.parallelism > 10'000) {
    return fail(Code::invalid, "--parallelism must be from 0 to 10000");
  }
  if (options.max_map_length < 0 || options.max_map_length > 20'000) {
    return fail(Code::invalid, "--max-map-length must be from 0 to 20000");
  }
  if (options.all.tls_cert.empty() != options.all.tls_key.empty()) {
    return fail(Code::invalid, "--tls-cert and --tls-key belong together",
                "give both, or neither for plain HTTP");
  }
  options.all.home = context.globals.home;
  options.all.port = uint16_t(options.port);
  options.all.parallelism = int(options.parallelism);
  options.all.max_map_length = options.max_map_length;
  return {};
}

// Each may be a variable instead: --oidc-client-id is LEOFLOW_OIDC_CLIENT_ID.
void add_oidc_options(Command& command, OidcOptions& options) {
  command
      .option("--oidc-issuer", "URL", &options.issuer,
              "Let people sign in at this OpenID Connect issuer (LEOFLOW_OIDC_ISSUER)")
      .option("--oidc-client-id", "ID", &options.client_id, "Our name at the issuer")
      .option("--oidc-client-secret-file", "FILE", &options.client_secret_file,
              "Our secret at the issuer, if it gave one")
      .option("--oidc-scopes", "SCOPES", &options.scopes,
              "What to ask for (default: openid profile email)")
      .option("--oidc-username-claim", "CLAIM", &options.username_claim,
              "What becomes the user name (default: preferred_username)")
      .option("--oidc-role-claim", "CLAIM", &options.role_claim,
              "What roles come from (default: groups; nested: realm_access.roles)")
      .option("--oidc-role", "VALUE=ROLE", &options.roles,
              "Who has VALUE in the claim has ROLE; repeatable")
      .option("--oidc-grant", "VALUE=ROLE:DAGS", &options.grants,
              "The same on some DAGs only: a pattern of ids or tag=TAG; repeatable")
      .option("--oidc-default-role", "ROLE", &options.default_role,
              "Role of everybody else; without it they stay out")
      .option("--oidc-label", "TEXT", &options.label, "What the button of the login page says");
}

void add_serve_options(Command& command, ServeOptions& options) {
  command.option("--host", "ADDRESS", &options.all.host, "Address to listen at (default 127.0.0.1)")
      .option("--port", "N", &options.port, "Port to listen at (default 8080, 0 = any free one)")
      .option("--tls-cert", "FILE", &options.all.tls_cert,
              "Certificate (PEM, with its chain): serve https; read again when it changes")
      .option("--tls-key", "FILE", &options.all.tls_key, "Private key of the certificate (PEM)")
      .option("--trusted-proxy", "NETWORK", &options.all.trusted_proxies,
              "Believe X-Forwarded-For, -Proto and -Host from there (10.0.0.0/8); repeatable")
      .option("--executor", "KIND", &options.all.executor, "Where tasks run: process or k8s (pods)",
              {"process", "k8s", "kubernetes"})
      .option("--kubernetes", "FILE", &options.all.kubernetes,
              "Settings of the k8s executor (docs/kubernetes.md)")
      .option("--kubernetes-context", "NAME", &options.all.kubernetes_context,
              "Context of the kubeconfig (default: the current one)")
      .option("--kubernetes-namespace", "NAME", &options.all.kubernetes_namespace,
              "Namespace of the pods (default: the context's)")
      .option("--agent-address", "ADDRESS", &options.all.agent_address,
              "Where pods reach this machine (default: found out)")
      .option("--parallelism", "N", &options.parallelism, "Tasks at once (default 32)")
      .option("--max-map-length", "N", &options.max_map_length,
              "Elements of what a task returns for others to be mapped over (default 1024)")
      .option("--log-level", "LEVEL", &options.all.log_level, "debug, info, warning or error",
              {"debug", "info", "warning", "error"})
      .flag("--log-json", &options.all.log_json, "Log one JSON object per line")
      .option("--agent", "PATH", &options.all.agent_path,
              "Path of leoflow-agent (default: beside this program)");
  add_oidc_options(command, options.all.oidc);
}

void add_servers(Command& root) {
  auto lite = std::make_shared<ServeOptions>();
  Command& first =
      root.add("lite", "Serve a folder of DAGs on this machine; reloads what you save");
  first.group("Start").argument_if_any("WORKSPACE", &lite->all.workspace,
                                       "Folder of DAGs (default: this one)");
  add_serve_options(first, *lite);
  first.example("leoflow lite dags --port 8080")
      .note(
          "Tasks outlive the server: stop it with Ctrl-C, start it again, and they are collected.")
      .runs([lite](Context& context) -> Result<int> {
        if (lite->all.workspace.empty()) lite->all.workspace = ".";
        if (auto status = finish(context, *lite); !status) return fail(status);
        return context.local.lite(lite->all);
      });
  auto server = std::make_shared<ServeOptions>();
  Command& second = root.add("server", "Serve what is registered, without watching a folder");
  second.group("Start").option("--workspace", "DIR", &server->all.workspace,
                               "Watch this folder of DAGs");
  add_serve_options(second, *server);
  second.example("leoflow server --host 0.0.0.0 --port 8080 --log-json")
      .runs([server](Context& context) -> Result<int> {
        if (auto status = finish(context, *server); !status) return fail(status);
        return context.local.server(server->all);
      });
}

RunView view_of(const RunOnceResult& result) {
  RunView view;
  auto put = [](json::object& into, std::string_view key, const std::optional<Time>& time) {
    into[key] = time ? json::value(format_time(*time)) : json::value();
  };
  view.run = {{"dag_id", result.dag_id}, {"dag_run_id", result.run_id}, {"state", result.state}};
  put(view.run, "start_date", result.start_date);
  put(view.run, "end_date", result.end_date);
  for (const RunOnceTask& task : result.tasks) {
    json::object row{{"task_id", task.task_id},
                     {"map_index", task.map_index},
                     {"state", task.state},
                     {"try_number", task.try_number}};
    put(row, "start_date", task.start_date);
    put(row, "end_date", task.end_date);
    if (!task.reason.empty()) row["state_reason"] = task.reason;
    if (task.start_date && task.end_date)
      row["duration"] = to_seconds(*task.end_date - *task.start_date);
    view.tasks.push_back(std::move(row));
  }
  return view;
}

RunOnceEvents events_for(Context& context) {
  RunOnceEvents events;
  events.on_progress = [&context](std::string_view line) { context.say(printable(line)); };
  events.on_task = [&context](std::string_view task, int try_number, std::string_view state) {
    std::string text =
        state == "running" ? "running, try " + std::to_string(try_number) : std::string(state);
    context.say(printable(task) + " * " + context.console.paint_state(state, text));
  };
  events.on_log = [&context](std::string_view task, std::string_view line) {
    std::string text = printable(task) + " | " + printable(line, true) + "\n";
    if (context.json()) {
      context.console.err(text);
    } else {
      context.console.out(text);
    }
  };
  return events;
}

Result<int> run_once(Context& context, RunOnceOptions options) {
  options.home = context.globals.home;
  auto conf = json_argument(options.conf, "--conf");
  if (!conf) return fail(conf);
  options.conf = json::dump(json::value(*conf));
  auto result = context.local.run_once(options, events_for(context));
  if (!result) return fail(result);
  if (!context.json()) context.console.out("\n");
  show_run(context, view_of(*result));
  return result->state == "success" ? 0 : kExitRunFailed;
}

void add_run(Command& root) {
  auto options = std::make_shared<RunOnceOptions>();
  root.add("run", "Run a DAG once, without a server")
      .group("Start")
      .argument("PATH", &options->path, "Project folder or DAG file")
      .option("--dag", "DAG", &options->dag_id, "Which DAG, when the path has several")
      .option("--conf", "JSON", &options->conf,
              "Parameters: a JSON object, or @FILE that holds one")
      .option("--agent", "PATH", &options->agent_path,
              "Path of leoflow-agent (default: beside this program)")
      .example("leoflow run my_project --conf '{\"day\": \"2026-01-31\"}'")
      .note("Ends with status 10 when the run failed.")
      .runs([options](Context& context) { return run_once(context, *options); });
}

// One DAG as itself, several as an array.
void print_dag_json(Context& context, const std::vector<CompileReport>& reports) {
  std::vector<const std::string*> documents;
  for (const CompileReport& report : reports) {
    for (const CompiledDagReport& dag : report.dags) documents.push_back(&dag.dag_json);
  }
  if (documents.size() == 1) {
    context.console.out(*documents[0] + "\n");
    return;
  }
  std::string text = "[";
  for (size_t i = 0; i < documents.size(); ++i) text += (i > 0 ? ",\n" : "\n") + *documents[i];
  context.console.out(text + (documents.empty() ? "]\n" : "\n]\n"));
}

void print_findings(Context& context, const std::vector<CompileReport>& reports) {
  json::array rows;
  for (const CompileReport& report : reports) {
    for (const CompiledDagReport& dag : report.dags) {
      rows.push_back(json::object{{"file", report.file},
                                  {"dag_id", dag.dag_id},
                                  {"tasks", dag.tasks},
                                  {"schedule", dag.schedule},
                                  {"state", "ok"},
                                  {"error", nullptr}});
    }
    if (report.error.empty()) continue;
    rows.push_back(json::object{{"file", report.file},
                                {"dag_id", nullptr},
                                {"tasks", nullptr},
                                {"schedule", nullptr},
                                {"state", "failed"},
                                {"error", report.error}});
  }
  auto count = int64_t(rows.size());
  context.show({{"FILE", "file"},
                {"DAG", "dag_id"},
                {"TASKS", "tasks", Show::number},
                {"SCHEDULE", "schedule"},
                {"STATE", "state", Show::state}},
               {std::move(rows), count}, "no DAGs");
}

// Warnings and errors on stderr; the error that the command ends with, if any file failed.
Status tell_problems(Context& context, const std::vector<CompileReport>& reports) {
  size_t failed = 0;
  std::optional<Error> last;
  for (const CompileReport& report : reports) {
    for (const std::string& warning : report.warnings)
      context.warn(report.file + ": " + printable(warning, true));
    if (report.error.empty()) continue;
    if (last) context.console.err(error_text(*last));
    last = Error(Code::invalid, report.file + ": " + report.error, report.hint);
    ++failed;
  }
  if (!last) return {};
  if (failed > 1) context.say(std::to_string(failed) + " files do not compile");
  return fail(*last);
}

Result<int> compile(Context& context, const std::string& path, bool only_validate) {
  CompileOptions options{context.globals.home, path,
                         [&context](std::string_view line) { context.say(printable(line)); }};
  auto reports = context.local.compile(options);
  if (!reports) return fail(reports);
  if (only_validate) {
    print_findings(context, *reports);
  } else {
    print_dag_json(context, *reports);
  }
  if (auto status = tell_problems(context, *reports); !status) return fail(status);
  return 0;
}

void add_compile(Command& root, const std::string& name, const std::string& about,
                 bool only_validate) {
  auto path = std::make_shared<std::string>(".");
  root.add(name, about)
      .group("Start")
      .argument_if_any("PATH", path.get(),
                       "Project folder, DAG file or folder of them (default: this one)")
      .example("leoflow " + name + " my_project")
      .runs([path, only_validate](Context& context) {
        return compile(context, *path, only_validate);
      });
}

void add_schema(Command& root) {
  root.add("schema", "Print the JSON schema of leoflow.yaml, for editors")
      .group("Start")
      .example("leoflow schema > leoflow.schema.json")
      .note(
          "Editors with a YAML language server read it when leoflow.yaml begins with the line\n"
          "  # yaml-language-server: $schema=leoflow.schema.json")
      .runs([](Context& context) -> Result<int> {
        context.console.out(context.local.yaml_schema());
        return 0;
      });
}

}  // namespace

void add_start_commands(Command& root) {
  auto folder = std::make_shared<std::string>();
  root.add("init", "Write a new project that works as it is")
      .group("Start")
      .argument("DIR", folder.get(), "Folder of the project; its name becomes the DAG's id")
      .example("leoflow init my_project")
      .runs([folder](Context& context) { return init(context, *folder); });
  add_servers(root);
  add_run(root);
  add_compile(root, "compile", "Print what a project compiles to (dag.json)", false);
  add_compile(root, "validate", "Say whether a project compiles, and why not", true);
  add_schema(root);
}

}  // namespace leoflow::cli
