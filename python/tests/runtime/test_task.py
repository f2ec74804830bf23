# SPDX-License-Identifier: Apache-2.0
"""Task processes as the agent sees them: real forks of template.py."""

import os
import unittest

import harness

DAG = """
import logging, os, sys
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, AirflowTaskTimeout


def note(kind, context):
    ti = context["ti"]
    print(kind, ti.task_id, ti.state, type(context.get("exception")).__name__)


def boom(context):
    raise ValueError("planned")


def exits(code):
    return lambda context: sys.exit(code)


def skips(context):
    raise AirflowSkipException("not today")


def fails_now(context):
    raise AirflowFailException("no retry")


def breaks(context):
    raise RuntimeError("callback broke")


def slow(context):
    import time
    time.sleep(30)


def catches(context):
    try:
        slow(context)
    except AirflowTaskTimeout:
        return "caught"


def chatty(context):
    print("on stdout")
    print("on stderr", file=sys.stderr)
    logging.getLogger("mine").warning("a %s", "word")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("mine").exception("with trace")


def tree(context):
    from leoflow.runtime.context import get_current_context
    import helper
    assert get_current_context() is context
    return {k: os.environ.get(k) for k in ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_TASK_ID", "AIRFLOW_CTX_DAG_RUN_ID",
            "AIRFLOW_CTX_TRY_NUMBER", "AIRFLOW_CTX_LOGICAL_DATE", "AIRFLOW_CTX_DAG_OWNER", "AIRFLOW_CTX_DAG_EMAIL",
            "GREETING", "AIRFLOW_VAR_X", "LEAK", "LEOFLOW_REHEARSAL")} | {"helper": helper.VALUE}


def pulls(context):
    ti = context["ti"]
    return [ti.xcom_pull(task_ids="ready"), ti.xcom_pull(task_ids=["stored", "nobody"], key="k"),
            ti.xcom_pull(task_ids="nobody", default="d"), ti.xcom_pull(task_ids="nobody", map_indexes=-1, default="d"),
            ti.xcom_pull(key="own")]


def detached(context):
    return [os.getpid() == os.getsid(0), os.getppid() != 1, sorted(map(int, os.listdir("/proc/self/fd")))]


CALLS = {f"on_{name}_callback": [lambda c, name=name: note(name, c)]
         for name in ("execute", "success", "failure", "retry", "skipped")}


class Killable(Op):
    def on_kill(self):
        print("on_kill")


DAG = Dag("d",
    Op("t", lambda c: 7, **CALLS), Op("boom", boom, **CALLS), Op("exit3", exits(3)), Op("exit0", exits(0)),
    Op("keyboard", lambda c: exec("raise KeyboardInterrupt")), Op("hard", lambda c: os._exit(3)),
    Op("skips", skips, **CALLS), Op("fails_now", fails_now, **CALLS), Op("none"), Op("pulls", pulls),
    Op("broken_callback", lambda c: 1, on_success_callback=breaks, on_execute_callback=breaks),
    Killable("slow", slow), Op("catches", catches), Op("chatty", chatty), Op("tree", tree, email=["a@b", "c@d"]),
    Op("many", lambda c: {"a": 1, "b": (2,)}, multiple_outputs=True), Op("many_bad", lambda c: {1: 2}, multiple_outputs=True),
    Op("many_list", lambda c: [1], multiple_outputs=True), Op("silent", lambda c: 1, do_xcom_push=False),
    Op("bytes", lambda c: b"x"), Op("detached", detached), Op("fields", lambda c: None, template_fields=("a",), a="x\\n"),
    Op("params", lambda c: dict(c["params"]), params={"count": 5}), Op("secret", lambda c: exec("raise ValueError('hunter22')")),
    Op("hooks", lambda c: print("execute"), pre_execute=lambda c: print("pre"), post_execute=lambda c, r: print("post", r)),
    params={"count": 1, "size": "M"}, on_success_callback=lambda c: print("dag ok", c["reason"], c["run_id"], c["dag_run"].state),
    on_failure_callback=[breaks, lambda c: print("dag bad", c["reason"], c["params"]["size"], "ti" in c)])
"""


class TaskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = harness.Agent(environment={**os.environ, "LEAK": "yes"})
        cls.bundle = harness.Bundle(DAG, {"helper.py": "VALUE = 'beside'\n"})

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()
        cls.bundle.close()

    def setUp(self):
        self.agent.errors.clear()

    def run_task(self, task_id, **over):
        return self.agent.run(harness.start_frame(self.bundle.file, task_id=task_id, **over))

    def assert_outcome(self, result, kind, reason="", retryable=True, will_retry=False):
        told = dict(result.outcome)
        for name in ("cpu_us", "memory_peak_bytes"):
            self.assertGreater(told.pop(name), 0)
        self.assertEqual(
            {
                "op": "outcome",
                "kind": kind,
                "reason": reason,
                "retryable": retryable,
                "will_retry": will_retry,
            },
            told,
        )
        self.assertEqual(0, result.status)


class Outcomes(TaskTest):
    def test_success_pushes_then_reports_then_calls_back(self):
        result = self.run_task("t")
        self.assert_outcome(result, "succeeded")
        self.assertEqual(["running", "xcom_push", "outcome"], [call["op"] for call in result.calls])
        self.assertEqual({"return_value": 7}, result.xcoms)
        self.assertEqual("execute t running NoneType\nsuccess t success NoneType\n", result.out)

    def test_failure_is_final_without_retries(self):
        result = self.run_task("boom")
        self.assert_outcome(result, "failed", "ValueError: planned")
        self.assertIn("failure boom failed ValueError", result.out)
        self.assertNotIn("retry", result.out)

    def test_failure_with_a_try_left_calls_the_retry_callback_only(self):
        result = self.run_task("boom", max_tries=1)
        self.assert_outcome(result, "failed", "ValueError: planned", will_retry=True)
        self.assertIn("retry boom up_for_retry ValueError", result.out)
        self.assertNotIn("failure", result.out)
        self.assertFalse(self.run_task("boom", try_number=2, max_tries=1).outcome["will_retry"])

    def test_exits_and_interrupts_are_retryable_failures(self):
        for task_id, reason in (
            ("exit3", "SystemExit: 3"),
            ("exit0", "SystemExit: 0"),
            ("keyboard", "KeyboardInterrupt"),
        ):
            with self.subTest(task_id):
                self.assert_outcome(
                    self.run_task(task_id, max_tries=1), "failed", reason, will_retry=True
                )

    def test_a_process_that_ends_itself_reports_nothing(self):
        result = self.run_task("hard")
        self.assertIsNone(result.outcome)
        self.assertEqual(3, os.waitstatus_to_exitcode(result.status))

    def test_skip(self):
        result = self.run_task("skips", max_tries=2)
        self.assert_outcome(result, "skipped", "not today")
        self.assertIn("skipped skips skipped NoneType", result.out)

    def test_fail_exception_is_not_retried(self):
        result = self.run_task("fails_now", max_tries=2)
        self.assert_outcome(result, "failed", "AirflowFailException: no retry", retryable=False)
        self.assertIn("failure fails_now failed AirflowFailException", result.out)

    def test_callbacks_cannot_change_the_outcome(self):
        result = self.run_task("broken_callback")
        self.assert_outcome(result, "succeeded")
        self.assertEqual(
            ["on_execute_callback raised", "on_success_callback raised"], result.events
        )

    def test_pre_and_post_execute(self):
        self.assertEqual("pre\nexecute\npost None\n", self.run_task("hooks").out)

    def test_execution_timeout_ends_the_task(self):
        result = self.run_task("slow", execution_timeout=0.2, max_tries=1)
        self.assertTrue(result.outcome["will_retry"])
        self.assertIn("AirflowTaskTimeout", result.outcome["reason"])
        self.assertIn("on_kill", result.out)

    def test_a_timeout_can_be_caught(self):
        result = self.run_task("catches", execution_timeout=0.2)
        self.assertEqual({"return_value": "caught"}, result.xcoms)

    def test_secrets_do_not_leave_in_the_reason(self):
        self.assertEqual(
            "ValueError: ***", self.run_task("secret", mask=["hunter22"]).outcome["reason"]
        )


class XComs(TaskTest):
    def test_none_and_do_not_push(self):
        self.assertEqual({}, self.run_task("none").xcoms)
        self.assertEqual({}, self.run_task("silent").xcoms)

    def test_multiple_outputs(self):
        pushes = [call["key"] for call in self.run_task("many").of("xcom_push")]
        self.assertEqual(["a", "b", "return_value"], pushes)

    def test_multiple_outputs_of_other_things_fail(self):
        self.assertIn("keys that are strings", self.run_task("many_bad").outcome["reason"])
        self.assertIn("returned list", self.run_task("many_list").outcome["reason"])

    def test_what_has_no_json_fails_the_task(self):
        reason = self.run_task("bytes").outcome["reason"]
        self.assertIn(
            "TypeError: XCom 'return_value': cannot store an object of type bytes", reason
        )

    def test_a_value_too_large_fails_the_task(self):
        self.agent.errors["xcom_push"] = {
            "code": "too_large",
            "message": "300000 bytes, 262144 allowed",
        }
        self.assertIn("too large: 300000 bytes", self.run_task("t").outcome["reason"])

    def test_pull(self):
        self.agent.xcoms.update(
            {
                ("stored", "k"): {
                    "__classname__": "builtins.tuple",
                    "__version__": 1,
                    "__data__": [1],
                },
                ("pulls", "own"): "mine",
            }
        )
        result = self.run_task("pulls", xcoms={"ready": {"found": True, "value": [1, 2]}})
        tuple_1 = {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1]}
        self.assertEqual([[1, 2], [tuple_1, None], None, "d", "mine"], result.xcoms["return_value"])
        self.assertNotIn(
            "ready", [name for call in result.of("xcom_pull") for name in call["task_ids"]]
        )


class Surroundings(TaskTest):
    def test_environment_modules_and_context(self):
        value = self.run_task(
            "tree",
            env={"GREETING": "hi"},
            secrets={"AIRFLOW_VAR_X": "s"},
            run={"logical_date": "2024-07-01T10:00:00Z"},
        ).xcoms["return_value"]
        self.assertEqual(
            {
                "AIRFLOW_CTX_DAG_ID": "d",
                "AIRFLOW_CTX_TASK_ID": "tree",
                "AIRFLOW_CTX_DAG_RUN_ID": "r1",
                "AIRFLOW_CTX_TRY_NUMBER": "1",
                "AIRFLOW_CTX_LOGICAL_DATE": "2024-07-01T10:00:00+00:00",
                "GREETING": "hi",
                "AIRFLOW_CTX_DAG_OWNER": "airflow",
                "AIRFLOW_CTX_DAG_EMAIL": "a@b,c@d",
                "AIRFLOW_VAR_X": "s",
                "LEAK": None,
                "LEOFLOW_REHEARSAL": None,
                "helper": "beside",
            },
            value,
        )

    def test_no_attempt_sees_another_ones_environment(self):
        self.run_task("tree", env={"GREETING": "first"}, secrets={"AIRFLOW_VAR_X": "s"})
        value = self.run_task("tree").xcoms["return_value"]
        self.assertEqual((None, None), (value["GREETING"], value["AIRFLOW_VAR_X"]))

    def test_own_session_and_no_foreign_descriptors(self):
        leader, has_parent, fds = self.run_task("detached").xcoms["return_value"]
        self.assertTrue(leader and has_parent)
        # stdin, stdout, stderr, log, control, the one of listing, and the one the shell of the
        # harness leaves open
        self.assertLessEqual(len(fds), 7)

    def test_output_and_log_lines(self):
        result = self.run_task("chatty")
        self.assertEqual(("on stdout\n", "on stderr\n"), (result.out, result.err))
        self.assertEqual(
            [("warning", "mine", "a word"), ("error", "mine", "with trace")],
            [(line["level"], line["logger"], line["event"]) for line in result.log],
        )
        self.assertIn("ZeroDivisionError", result.log[1]["exception"])
        self.assertRegex(
            result.log[0]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$"
        )

    def test_a_failure_is_logged_from_the_users_frames_on(self):
        line = self.run_task("boom").log[0]
        self.assertEqual("Task failed with exception", line["event"])
        self.assertIn("planned", line["exception"])
        self.assertNotIn(os.sep + "leoflow" + os.sep, line["exception"])

    def test_rendered_fields_are_reported_before_execution(self):
        result = self.run_task("fields")
        self.assertEqual(["running", "rendered", "outcome"], [call["op"] for call in result.calls])
        self.assertEqual({"a": "x"}, result.of("rendered")[0]["fields"])

    def test_params_dag_then_task_then_conf(self):
        self.assertEqual({"count": 5, "size": "M"}, self.run_task("params").xcoms["return_value"])
        value = self.run_task("params", run={"conf": {"count": 9, "new": [1]}}).xcoms[
            "return_value"
        ]
        self.assertEqual({"count": 9, "size": "M", "new": [1]}, value)

    def test_what_the_file_does_not_define_is_named(self):
        self.assertIn("has no task 'nope' (it has: ", self.run_task("nope").outcome["reason"])
        self.assertIn(
            "does not define the DAG 'x' (it defines: d)",
            self.run_task("t", dag_id="x").outcome["reason"],
        )

    def test_a_broken_file_fails_the_task(self):
        path = self.bundle.write("broken.py", "import not_a_module_of_this_world\n")
        result = self.agent.run(harness.start_frame(path))
        self.assert_outcome(
            result, "failed", "ModuleNotFoundError: No module named 'not_a_module_of_this_world'"
        )
        self.assertIn('broken.py", line 1', result.log[0]["exception"])


class DagCallbacks(TaskTest):
    def run_callback(self, name, reason):
        return self.run_task("", kind="dag_callback", callback={"name": name, "reason": reason})

    def test_success(self):
        result = self.run_callback("on_success", "success")
        self.assert_outcome(result, "succeeded")
        self.assertEqual("dag ok success r1 success\n", result.out)

    def test_each_failure_callback_is_called_even_if_one_raises(self):
        result = self.run_callback("on_failure", "task_failure")
        self.assert_outcome(result, "succeeded")
        self.assertEqual("dag bad task_failure M False\n", result.out)
        self.assertEqual(["on_failure_callback raised"], result.events)


if __name__ == "__main__":
    unittest.main()
