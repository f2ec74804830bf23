# SPDX-License-Identifier: Apache-2.0
"""What the Bash, Python and Empty operators do when they run."""
import contextlib
import io
import os
import signal
import tempfile
import threading
import unittest

import authoring_support  # noqa: F401
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task
from airflow.sdk import _scope
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

CONTEXT = {"ti": "TI", "params": {"p": 1}, "run_id": "r", "ds": "2024-01-01"}


def run_bash(command, **options):
    """Result and printed text of a command."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        result = BashOperator(task_id="t", bash_command=command, **options).execute({})
    return result, printed.getvalue()


class Bash(unittest.TestCase):
    def setUp(self):
        _scope.begin()

    def test_last_line_of_both_streams(self):
        self.assertEqual(("err", "out\nerr\n"), run_bash("echo out; echo err >&2"))
        self.assertEqual(("", ""), run_bash("true"))
        self.assertEqual(("  third", "first\n  third\n"),
                         run_bash("echo first; printf '  third  \\n'"))
        self.assertEqual("é\\xff", run_bash("printf 'é\\xff'")[0])

    def test_output_processor(self):
        self.assertEqual(7, run_bash("echo 7", output_processor=int)[0])

    def test_exit_codes(self):
        with self.assertRaisesRegex(AirflowException, "non-zero exit code 3"):
            run_bash("exit 3")
        for options, code in (({}, 99), ({"skip_on_exit_code": 7}, 7),
                              ({"skip_on_exit_code": [7, 8]}, 8)):
            with self.assertRaises(AirflowSkipException):
                run_bash(f"exit {code}", **options)
        for options, code in (({"skip_on_exit_code": None}, 99), ({"skip_on_exit_code": [7]}, 99)):
            with self.assertRaisesRegex(AirflowException, "exit code 99"):
                run_bash(f"exit {code}", **options)
        with self.assertRaises(AirflowException):
            run_bash("kill -9 $$")

    def test_environment(self):
        os.environ["OUTSIDE_OF_TASK"] = "seen"
        self.addCleanup(os.environ.pop, "OUTSIDE_OF_TASK")
        show = 'echo "${INSIDE:-none}|${OUTSIDE_OF_TASK:-none}"'
        self.assertEqual("none|seen", run_bash(show)[0])
        self.assertEqual("in|none", run_bash(show, env={"INSIDE": "in"})[0])
        self.assertEqual("in|seen", run_bash(show, env={"INSIDE": "in"}, append_env=True)[0])

    def test_working_folder(self):
        self.assertEqual("/", run_bash("pwd", cwd="/")[0])
        folder = run_bash("pwd")[0]
        self.assertIn("airflowtmp", folder)
        self.assertFalse(os.path.exists(folder))
        with self.assertRaisesRegex(AirflowException, "Can not find the cwd"):
            run_bash("pwd", cwd="/no/such/folder")
        with tempfile.NamedTemporaryFile() as file, self.assertRaisesRegex(AirflowException,
                                                                           "must be a directory"):
            run_bash("pwd", cwd=file.name)

    def test_own_process_group(self):
        self.assertEqual("leads",
                         run_bash('test "$(ps -o pgid= -p $$ | tr -d " ")" = "$$" && echo leads')[
                             0])

    def test_on_kill_ends_the_whole_group(self):
        operator = BashOperator(task_id="t", bash_command="sleep 60 & echo $!; wait")
        seen = threading.Event()
        failure = []

        def relay(stream):
            failure.append(int(stream.readline()))
            seen.set()
            stream.read()
            return ""
        operator._relay = relay

        def run():
            with contextlib.suppress(AirflowException):
                operator.execute({})
        thread = threading.Thread(target=run)
        thread.start()
        self.assertTrue(seen.wait(30))
        operator.on_kill()
        thread.join(30)
        self.assertFalse(thread.is_alive())
        self.assertEqual(-signal.SIGTERM, operator._process.returncode)


class Python(unittest.TestCase):
    def setUp(self):
        _scope.begin()

    def call(self, function, *args, **kwargs):
        return PythonOperator(task_id="t", python_callable=function, op_args=args,
                              op_kwargs=kwargs).execute(CONTEXT)

    def test_context_is_injected_by_name(self):
        self.assertEqual([1, "TI", 1], self.call(lambda a, ti, params: [a, ti, params["p"]], 1))
        self.assertEqual(["TI", None], self.call(lambda *, ti=None, dag=None: [ti, dag]))
        self.assertEqual({**CONTEXT, "a": 5, "templates_dict": None},
                         self.call(lambda **kw: kw, a=5))
        self.assertEqual([1, "2024-01-01"], self.call(lambda one, ds=None,
                                                      **kw: [one, ds] if "one" not in kw else None,
                                                      1))
        self.assertEqual((1, 2), self.call(lambda *args: args, 1, 2))

    def test_arguments_win_over_the_context(self):
        self.assertEqual("mine", self.call(lambda ti: ti, ti="mine"))
        with self.assertRaisesRegex(ValueError, "'ti' in args"):
            self.call(lambda ti: ti, "mine")

    def test_missing_arguments_fail(self):
        with self.assertRaises(TypeError):
            self.call(lambda alpha, ti: alpha)

    def test_templates_dict_and_async(self):
        operator = PythonOperator(task_id="t",
                                  python_callable=lambda templates_dict: templates_dict,
                                  templates_dict={"a": 1}, templates_exts=[".sql"])
        self.assertEqual({"a": 1}, operator.execute(CONTEXT))
        self.assertEqual((".sql",), operator.template_ext)

        async def later(ti):
            return ti
        self.assertEqual("TI", self.call(later))

    def test_result_is_logged_unless_unwanted(self):
        for show, text in ((True, "returned 5".replace("returned", "Returned value was:")),
                           (False, "not shown")):
            operator = PythonOperator(task_id="t", python_callable=lambda: 5,
                                      show_return_value_in_logs=show)
            with self.assertLogs("airflow.task", "INFO") as logs:
                operator.execute(CONTEXT)
            self.assertIn(text, logs.output[0])

    def test_empty_operator(self):
        self.assertIsNone(EmptyOperator(task_id="e").execute({}))


class BashDecorator(unittest.TestCase):
    def run_task(self, function, *args):
        _scope.begin()
        with DAG("d"):
            operator = task.bash(function)(*args).operator
        with contextlib.redirect_stdout(io.StringIO()):
            return operator, operator.execute({"ti": "TI", "task": operator, "dag": operator.dag})

    def test_runs_what_the_function_returns(self):
        operator, result = self.run_task(lambda word, ti: f"echo fn-{word}-{ti}", "z")
        self.assertEqual("fn-z-TI", result)
        self.assertEqual("echo fn-z-TI", operator.bash_command)
        self.assertEqual(("op_args", "op_kwargs", "bash_command", "env", "cwd"),
                         operator.template_fields)

    def test_wants_text(self):
        for wrong in (5, "", "  ", None):
            with self.assertRaisesRegex(TypeError, "non-empty string"):
                self.run_task(lambda value=wrong: value)


if __name__ == "__main__":
    unittest.main()
