# SPDX-License-Identifier: Apache-2.0
"""The life of a task process, from its start frame to its exit (docs/task-protocol.md).

Order: environment, running, DAG file, context, rendering, pre_execute, on_execute callbacks,
execute, post_execute,
XCom, outcome, the callbacks of that outcome, exit. Callbacks cannot change the outcome; their
errors are only logged.
"""

import atexit
import gc
import os
from _signal import ITIMER_REAL, SIG_DFL, SIGALRM, SIGTERM, setitimer
from _signal import signal as set_signal  # as in the module signal, without its enumerations

from leoflow.runtime import assets
from leoflow.runtime import client as _client
from leoflow.runtime import context as _context
from leoflow.runtime import loader, logs, secrets, templates
from leoflow.runtime.instance import RETURN_KEY

REASON_CHARS_MAX = 4096
NOT_RETRIED = frozenset(("AirflowFailException", "AirflowSensorTimeout", "AirflowTaskTerminated"))
INTERRUPTIONS = frozenset(("AirflowTaskTimeout", "AirflowTaskTerminated"))
STATES = {"succeeded": "success", "skipped": "skipped", "retry": "up_for_retry", "failed": "failed"}
CALLBACKS = {
    "succeeded": "on_success_callback",
    "skipped": "on_skipped_callback",
    "retry": "on_retry_callback",
    "failed": "on_failure_callback",
}


class Verdict:
    """How an attempt ended: what the agent is told, and which callbacks follow."""

    def __init__(
        self, kind, reason="", retryable=True, will_retry=False, error=None, asset_events=()
    ):
        self.kind = kind
        self.reason = reason
        self.retryable = retryable
        self.will_retry = will_retry
        self.error = error
        self.asset_events = asset_events

    @property
    def name(self):
        return "retry" if self.kind == "failed" and self.will_retry else self.kind


def main(control, log, leave):
    """Serves the one attempt that arrives on `control`; never returns, but ends with
    `leave(status)`."""
    pid, status = os.getpid(), 1
    try:
        attend(control, log)
        status = 0
    except _client.AgentGone:
        pass
    except BaseException as error:
        if os.getpid() == pid:
            logs.log_failure("the task process broke", error)
    finally:
        _exit(status, pid, leave)


def attend(control, log):
    """Serves the attempt that arrives on `control`, and logs to `log`."""
    agent = _client.Client(control)
    _client.install(agent)
    logs.open_log(log)
    serve(agent.read_frame(), agent)


def _exit(status, pid, leave):
    try:
        if os.getpid() == pid:
            atexit._run_exitfuncs()
            logs.shutdown()
            logs.flush()
    finally:
        leave(status)


def serve(start, agent):
    """Runs the attempt of `start` and reports its outcome."""
    agent.secrets.extend(start.get("mask") or ())
    secrets.delivered = start.get("secrets") or {}
    _export(start.get("env") or {})
    _export(secrets.delivered)
    _export(
        {"AIRFLOW_CTX_DAG_ID": start["dag_id"], "AIRFLOW_CTX_DAG_RUN_ID": start["run"]["run_id"]}
    )
    loader.extend_path(start["file"], start.get("bundle"), start.get("project"))
    agent.running()
    gc.enable()
    if start.get("kind") == "dag_callback":
        DagCallbacks(start, agent).run()
    else:
        Attempt(start, agent).run()


class Attempt:
    """One try of one task."""

    def __init__(self, start, agent):
        self.start = start
        self.agent = agent
        self.task = None
        self.context = None
        self._map_label = None

    def run(self):
        set_signal(SIGTERM, self._on_terminate)
        try:
            verdict = self._work()
        except _client.AgentGone:
            raise
        except BaseException as error:
            verdict = self._judge(error)
        set_signal(SIGTERM, SIG_DFL)
        self._log(verdict)
        logs.flush()
        reason = templates.mask(verdict.reason, self.agent.secrets)
        self.agent.outcome(
            verdict.kind,
            reason,
            retryable=verdict.retryable,
            will_retry=verdict.will_retry,
            map_label=self._map_label,
            asset_events=verdict.asset_events,
        )
        self._after(verdict)

    def _work(self):
        self._prepare()
        is_mapped = self.start.get("map_index", -1) >= 0
        result = self._execute_and_label() if is_mapped else self._execute()
        self._push(result)
        told = assets.updates(self.task, self.context)
        return Verdict("succeeded", asset_events=told)

    def _prepare(self):
        start = self.start
        dags = loader.load_dags(start["file"], start["dag_id"], start["task_id"])
        dag, task = loader.find(dags, start["dag_id"], start["task_id"], start["file"])
        context = _context.build(start, dag, task, self.agent)
        self.task, self.context = task, context
        _context.push_context(context)
        renderer = None
        if start.get("map_index", -1) >= 0:
            from leoflow.runtime import mapping

            renderer = mapping.become_instance(task, context)
        if getattr(task, "template_fields", None):
            templates.render_fields(task, context, renderer=renderer)
            self.agent.rendered(templates.report_fields(task, self.agent.secrets))
        _export(_task_environment(start, task))

    def _execute(self):
        task, context = self.task, self.context
        if getattr(task, "pre_execute", None) is not None:
            task.pre_execute(context)
        run_callbacks(getattr(task, "on_execute_callback", None), context, "on_execute_callback")
        result = self._execute_in_time()
        if getattr(task, "post_execute", None) is not None:
            task.post_execute(context, result)
        return result

    def _execute_and_label(self):
        """A label that cannot be rendered fails the task, unless it has failed already."""
        from leoflow.runtime import mapping

        arguments = self.task, self.context, self.agent.secrets
        try:
            result = self._execute()
        except _client.AgentGone:
            raise
        except BaseException:
            self._map_label = mapping.label_of_failed(*arguments)
            raise
        self._map_label = mapping.label_of(*arguments)
        return result

    def _execute_in_time(self):
        seconds = self.start.get("execution_timeout")
        try:
            if seconds:
                set_signal(SIGALRM, self._on_alarm)
                setitimer(ITIMER_REAL, seconds)
            result = self.task.execute(self.context)
            return assets.run_to_end(result, self.context["outlet_events"])
        except BaseException as error:
            if type(error).__name__ in INTERRUPTIONS:
                self._stop_work()
            raise
        finally:
            if seconds:
                setitimer(ITIMER_REAL, 0)

    def _on_alarm(self, number, frame):
        from airflow.sdk.exceptions import AirflowTaskTimeout

        seconds = self.start["execution_timeout"]
        self.agent.interrupt(
            AirflowTaskTimeout(f"the task ran longer than its execution_timeout of {seconds:g} s")
        )

    def _on_terminate(self, number, frame):
        from airflow.sdk.exceptions import AirflowTaskTerminated

        self.agent.interrupt(AirflowTaskTerminated("the task was told to stop (SIGTERM)"))

    def _stop_work(self):
        """Lets the operator end what it started outside of this process.

        Not called from the signal handlers: they may have interrupted the very wait on_kill() would
        make.
        """
        on_kill = getattr(self.task, "on_kill", None)
        try:
            if on_kill is not None:
                on_kill()
        except Exception as error:
            logs.log_failure("on_kill raised", error)

    def _push(self, result):
        task, length = self.task, None
        if not getattr(task, "do_xcom_push", True):
            result = None
        if "map_length_max" in self.start and self.start.get("map_index", -1) < 0:
            length = self._length_of(result)
        if result is None:
            return
        instance = self.context["ti"]
        if getattr(task, "multiple_outputs", False):
            for key, value in _outputs(result):
                instance.xcom_push(key, value)
        instance._push(RETURN_KEY, result, length)

    def _length_of(self, result):
        """Other tasks are mapped over the result; raises if they cannot be."""
        length_max = self.start["map_length_max"]
        if length_max is None:
            return None
        from leoflow.runtime import mapping

        return mapping.checked_length(result, length_max)

    def _judge(self, error):
        names = {kind.__name__ for kind in type(error).__mro__}
        if "AirflowSkipException" in names:
            return Verdict("skipped", str(error), error=error)
        retryable = not names & NOT_RETRIED
        again = retryable and self.start.get("try_number", 1) <= self.start.get("max_tries", 0)
        return Verdict("failed", reason_of(error), retryable, again, error)

    def _log(self, verdict):
        if verdict.kind == "skipped":
            logs.task_logger().info(
                "Skipping task.%s", f" {verdict.reason}" if verdict.reason else ""
            )
        elif verdict.error is not None:
            logs.log_failure("Task failed with exception", verdict.error)

    def _after(self, verdict):
        name = CALLBACKS[verdict.name]
        callbacks = getattr(self.task, name, None)
        if self.context is None or callbacks is None:
            return
        self.context["ti"].state = STATES[verdict.name]
        if verdict.kind == "failed":
            self.context["exception"] = verdict.error
        run_callbacks(callbacks, self.context, name)


class DagCallbacks:
    """The callbacks of a DAG whose run has ended. They count as done even if one raises."""

    def __init__(self, start, agent):
        self.start = start
        self.agent = agent

    def run(self):
        kind, reason = "succeeded", ""
        try:
            self._call()
        except _client.AgentGone:
            raise
        except BaseException as error:
            logs.log_failure("The callbacks of the DAG could not be called", error)
            kind, reason = "failed", reason_of(error)
        logs.flush()
        self.agent.outcome(kind, templates.mask(reason, self.agent.secrets))

    def _call(self):
        start = self.start
        dags = loader.load_dags(start["file"], start["dag_id"])
        dag, _ = loader.find(dags, start["dag_id"], None, start["file"])
        context = _context.build_for_run(start, dag)
        _context.push_context(context)
        name = f"{start['callback']['name']}_callback"
        run_callbacks(getattr(dag, name, None), context, name)


def run_callbacks(callbacks, context, name):
    """Calls one callback or each of several; what they raise is logged and goes no further."""
    if callbacks is None:
        return
    for callback in callbacks if isinstance(callbacks, (list, tuple)) else (callbacks,):
        try:
            callback(context)
        except _client.AgentGone:
            raise
        except BaseException as error:
            logs.log_failure(f"{name} raised", error)


def reason_of(error):
    """One short text for the outcome: "ValueError: x"."""
    try:
        text = str(error)
    except Exception:
        text = ""
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:REASON_CHARS_MAX]


def _outputs(result):
    if not hasattr(result, "items"):
        raise TypeError(
            f"multiple_outputs needs a dictionary, and the task returned {type(result).__name__}"
        )
    for key in result:
        if not isinstance(key, str):
            raise TypeError(
                f"multiple_outputs needs keys that are strings, not {type(key).__name__} ({key!r})"
            )
    return result.items()


def _export(values):
    environment = os.environ
    for name in values:
        environment[name] = values[name]


def _task_environment(start, task):
    owner, email = getattr(task, "owner", None), getattr(task, "email", None)
    values = {
        "AIRFLOW_CTX_TASK_ID": start["task_id"],
        "AIRFLOW_CTX_TRY_NUMBER": str(start.get("try_number", 1)),
        "AIRFLOW_CTX_DAG_OWNER": owner or "",
    }
    date = start["run"].get("logical_date")
    if date is not None:
        values["AIRFLOW_CTX_LOGICAL_DATE"] = _context.parse_date(date).isoformat()
    if email:
        values["AIRFLOW_CTX_DAG_EMAIL"] = email if isinstance(email, str) else ",".join(email)
    return values
