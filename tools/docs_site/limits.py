# SPDX-License-Identifier: Apache-2.0
"""Named limits: read from the sources, so that the page cannot say another number."""
import re

import reference

UNITS = {"milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
WORDS = re.compile(r"std::chrono::(\w+)\s*[({]([^(){}]*)[)}]")

# What it limits, the constant, its file. `as`: how the number reads.
SECTIONS = [
    ("Projects and DAGs", [
        ("DAG files in a workspace", "kDagFilesMax", "authoring/discovery.h", ""),
        ("folders in a workspace", "kFoldersMax", "authoring/discovery.h", ""),
        ("depth of folders in a workspace", "kFolderDepthMax", "authoring/discovery.h", ""),
        ("depth of a project's folder", "kProjectDepthMax", "authoring/discovery.h", ""),
        ("DAGs in one file", "kDagsPerFileMax", "authoring/compiler.h", ""),
        ("tasks of a DAG", "kTasksPerDagMax", "model/dag_spec.h", ""),
        ("a compiled DAG", "kDagJsonBytesMax", "model/dag_spec.h", "bytes"),
        ("an id of a DAG or task", "kKeyBytesMax", "model/ids.cc", "bytes"),
        ("time to read a DAG file", "kExtractTimeMax", "authoring/extractor.h", "time"),
        ("memory to read a DAG file", "kExtractMemoryMax", "authoring/extractor.h", "bytes"),
        ("files of a bundle", "kBundleFilesMax", "authoring/bundle.h", ""),
        ("a bundle", "kBundleBytesMax", "authoring/bundle.h", "bytes"),
        ("files that compile at once", "kCompilesMax", "authoring/workspace.h", ""),
        ("leoflow.yaml", "kYamlBytesMax", "authoring/yaml_tree.h", "bytes"),
        ("values in leoflow.yaml, aliases expanded", "kYamlNodesMax", "authoring/yaml_tree.h", ""),
        ("levels in leoflow.yaml", "kYamlDepthMax", "authoring/yaml_tree.h", ""),
        ("lines of `dependencies`", "kDependenciesMax", "authoring/environment.h", ""),
    ]),
    ("Schedules", [
        ("a cron expression, characters", "kCronLengthMax", "schedule/cron_fields.h", ""),
        ("cron expressions in a schedule", "kScheduleCronsMax", "schedule/timetable.h", ""),
        ("dates of an `EventsTimetable`", "kScheduleEventsMax", "schedule/timetable.h", ""),
        ("years searched for the next tick", "kCronSearchYearsMax", "schedule/cron_fields.h", ""),
    ]),
    ("Tasks", [
        ("retries", "kRetriesMax", "model/dag_spec.h", ""),
        ("delay of a retry with backoff", "kRetryDelayMax", "schedule/retry.h", "time"),
        ("placements lost before a task fails", "kInfraLossesMax", "schedule/retry.h", ""),
        ("pool slots of a task", "kSizeMax", "authoring/leoflow_yaml.h", ""),
        ("time of its callbacks", "kCallbackTimeMax", "agent/task_process.h", "time"),
        ("time for its environment's interpreter to start", "kTemplateStartTimeMax",
         "agent/template_process.h", "time"),
        ("from SIGTERM to SIGKILL", "kKillGrace", "agent/task_process.h", "time"),
        ("environments with a warm interpreter", "kTemplatesMax", "agent/local_runner.h", ""),
        ("idle time of a warm interpreter", "kTemplateIdleMax", "agent/local_runner.h", "time"),
        ("secrets of a task", "kSecretsPerTaskMax", "secrets/vault.h", ""),
        ("texts that are masked in its log", "kMaskTextsMax", "agent/masker.h", ""),
        ("key of an XCom", "kXComKeyBytesMax", "agent/task_process.h", "bytes"),
        ("XComs waiting while the server is away", "kUnacknowledgedXComBytesMax",
         "agent/agent_core.h", "bytes"),
        ("message of a task to its agent", "kFrameBytesMax", "agent/frame.h", "bytes"),
        ("log of an attempt", "kLogBytesMax", "agent/log_stream.h", "bytes"),
        ("line of a log; longer ones are split", "kLineBytesMax", "agent/log_lines.h", "bytes"),
        ("runs looked at by `include_prior_dates`", "kPriorRunsMax", "main/claims.cc", ""),
    ]),
    ("REST API", [
        ("request line and headers", "kHeaderBytesMax", "api/http.h", "bytes"),
        ("address of a request", "kUrlBytesMax", "api/http.h", "bytes"),
        ("body of a request", "kBodyBytesMax", "api/http.h", "bytes"),
        ("bodies of all requests in progress", "kBodyBytesOfAllMax", "api/http.h", "bytes"),
        ("networks of trusted proxies", "kTrustedProxiesMax", "api/proxies.h", ""),
        ("hops of a forwarded request that are looked at", "kForwardedHopsMax", "api/proxies.h",
         ""),
        ("parameters of a query", "kQueryParamsMax", "api/url.h", ""),
        ("value of a query parameter", "kQueryTextBytesMax", "api/params_check.h", "bytes"),
        ("offset of a list", "kPageOffsetMax", "store/page.h", ""),
        ("entities of a bulk request", "kBulkEntitiesMax", "api/bulk.h", ""),
        ("log lines in one JSON answer", "kLogPageBytesMax", "api/routes_logs.cc", "bytes"),
        ("changes waiting for an event stream", "kEventQueueMax", "api/event_stream.h", ""),
        ("time of a connection test", "kCheckTimeMax", "api/connection_check.h", "time"),
        ("steps of a schema check", "kSchemaStepsMax", "model/json_schema.h", ""),
    ]),
    ("Users and secrets", [
        ("a password, at least", "kPasswordBytesMin", "api/auth/passwords.h", "bytes"),
        ("a password, at most", "kPasswordBytesMax", "api/auth/passwords.h", "bytes"),
        ("failed logins before an address waits", "kLoginFailuresFree",
         "api/auth/login_limiter.h", ""),
        ("wait after failed logins", "kLoginWaitMax", "api/auth/login_limiter.h", "time"),
        ("a session nobody uses", "kSessionLife", "api/auth/authenticator.h", "time"),
        ("a session", "kSessionLifeMax", "api/auth/authenticator.h", "time"),
        ("a session of who signs in elsewhere", "kSessionLifeMaxElsewhere",
         "api/auth/authenticator.h", "time"),
        ("a sign-in elsewhere, from leaving to coming back", "kSignInLife", "api/auth/oidc.h",
         "time"),
        ("difference of clocks to an issuer", "kIssuerLeeway", "api/auth/id_token.h", "time"),
        ("a token of an issuer", "kIdTokenBytesMax", "api/auth/id_token.h", "bytes"),
        ("rules for roles of an issuer", "kRoleRulesMax", "api/auth/oidc_roles.h", ""),
        ("a signed token", "kTokenLife", "api/auth/authenticator.h", "time"),
        ("API tokens of a user, revoked ones too", "kTokensMax", "api/routes_tokens.cc", ""),
        ("grants of a user", "kGrantsMax", "api/auth/rights.h", ""),
        ("request kept in a row of the audit log", "kAuditBytesMax", "api/audit.h", "bytes"),
        ("keys in `secrets.key`", "kRingKeysMax", "secrets/key_ring.h", ""),
    ]),
    ("History that is kept", [
        ("runs with their logs and XComs, after their end", "RetentionPolicy::runs",
         "store/admin_store.h", "time"),
        ("rows of the audit log", "RetentionPolicy::event_log", "store/admin_store.h", "time"),
        ("records of freed staging volumes", "RetentionPolicy::deleted_staging",
         "store/admin_store.h", "time"),
        ("versions of a DAG that no run uses", "RetentionPolicy::versions_unused_max",
         "store/admin_store.h", ""),
        ("environments and bundles nobody uses", "kUnusedKept", "main/janitor.h", "time"),
    ]),
    ("Server and agent", [
        ("tasks at once without `--parallelism`", "kParallelismDefault",
         "main/commands_serve.cc", ""),
        ("events waiting for the scheduler", "kInboxMax", "engine/runner.h", ""),
        ("events of one step", "kEventsPerStepMax", "engine/runner.h", ""),
        ("an agent without server and without work ends after", "kIdleWithoutServerMax",
         "agent/agent_core.h", "time"),
        ("between two tries to reach the server", "kReconnectDelayMax", "agent/agent_core.h",
         "time"),
        ("path of the home's socket", "kSocketPathMax", "main/home.cc", "bytes"),
    ]),
]


def expression_of(sources, name, file):
    text = re.sub(r"//[^\n]*", "", (sources / file).read_text(encoding="utf-8"))
    owner, _, member = name.rpartition("::")
    if owner:
        text = text[text.find(f"struct {owner} "):]
    found = re.search(rf"\b{member}\s*=\s*([^;]+);", text)
    if not found:
        raise ValueError(f"src/{file} has no constant {name}; mend tools/docs_site/limits.py")
    return " ".join(found[1].split())


def number_of(expression):
    """The value of a constant: sums, products and shifts of literals; times in seconds."""
    text = WORDS.sub(lambda m: f"(({m[2]}) * {UNITS[m[1]]})", expression)
    text = re.sub(r"\b(?:u?int64_t|size_t|int)\s*\(", "(", text).replace("'", "")
    if not re.fullmatch(r"[\d\s.*+<()/-]+", text):
        raise ValueError(f"'{expression}' is no plain number, which limits.py needs")
    return eval(text, {"__builtins__": {}})  # digits and operators only, see above


def time_text(seconds):
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0 and (unit != "day" or seconds >= 2 * 86400):
            return f"{seconds // size:,.0f} {unit}" + ("s" if seconds != size else "")
    return f"{seconds:g} s"


def bytes_text(number):
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= size and number % size == 0:
            return f"{number // size:,} {unit}"
    return f"{number:,} bytes"


def value_text(number, kind):
    if kind == "time":
        return time_text(number)
    return bytes_text(number) if kind == "bytes" else f"{number:,}"


def limits_page(sources):
    parts = []
    for title, rows in SECTIONS:
        cells = [[what, value_text(number_of(expression_of(sources, name, file)), kind),
                  reference.code(name)] for what, name, file, kind in rows]
        parts.append(f"## {title}\n\n" + reference.table(["what", "limit", "constant"], cells))
    return reference.page(
        "Limits", "the constants in `src/`",
        "Past a limit there is an error that names it, not growth. Each number is a constant of "
        "the program under the name in the last column; what can be set per DAG or task is in "
        "[leoflow.yaml](leoflow-yaml.md).", parts)
