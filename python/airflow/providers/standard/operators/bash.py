# SPDX-License-Identifier: Apache-2.0
"""BashOperator: runs a command or script in bash; its last line of output is the result."""
from airflow.sdk._making import Known
from airflow.sdk._operator import BaseOperator


def _exit_codes(value, name="skip_on_exit_code"):
    """One exit code, several or None, as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else tuple(value)


# The arguments beside the command; @task.bash has them too.
OPTIONS = {"env": None, "append_env": None, "output_encoding": None,
           "skip_on_exit_code": _exit_codes, "cwd": None, "output_processor": None}


class BashOperator(BaseOperator):
    """Runs `bash_command` in its own process group, in `cwd` or a temporary folder.

    stderr is merged into stdout, every line is printed, the last one is returned (through
    `output_processor`). Exit codes in `skip_on_exit_code` (99) skip the task, any other than 0
    fails it. `env` replaces the environment unless `append_env`."""

    template_fields = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}
    template_ext = (".sh", ".bash")
    ui_color = "#f0ede4"
    env = cwd = output_processor = _process = None
    append_env = False
    output_encoding = "utf-8"
    skip_on_exit_code = (99,)
    _known_arguments = Known(required="bash_command", bash_command=None, **OPTIONS)

    def __init__(self, *, bash_command, env=None, append_env=False, output_encoding="utf-8",
                 skip_on_exit_code=99, cwd=None, output_processor=None, **kwargs):
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code = _exit_codes(skip_on_exit_code)
        self.cwd = cwd
        self.output_processor = output_processor

    def execute(self, context):
        from airflow.sdk.exceptions import AirflowException, AirflowSkipException
        code, last_line = self._run()
        if code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {code}. Skipping.")
        if code != 0:
            raise AirflowException(
                f"Bash command failed. The command returned a non-zero exit code {code}.")
        return self.output_processor(last_line) if self.output_processor else last_line

    def environment(self):
        """The environment of the command: `env` over the task's own, or `env` alone with
        AIRFLOW_CTX_*."""
        import os
        if not self.env:
            return dict(os.environ)
        if self.append_env:
            return {**os.environ, **self.env}
        context = {name: value for name, value in os.environ.items()
                   if name.startswith("AIRFLOW_CTX_")}
        return {**context, **self.env}

    def _run(self):
        """Exit code and last line of the command."""
        if self.cwd is not None:
            return self._run_in(self._checked_cwd())
        import tempfile
        with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
            return self._run_in(folder)

    def _checked_cwd(self):
        import os
        from airflow.sdk.exceptions import AirflowException
        if not os.path.exists(self.cwd):
            raise AirflowException(f"Can not find the cwd: {self.cwd}")
        if not os.path.isdir(self.cwd):
            raise AirflowException(f"The cwd {self.cwd} must be a directory")
        return self.cwd

    def _run_in(self, folder):
        import shutil
        import subprocess
        shell = shutil.which("bash") or "/bin/bash"
        self._process = subprocess.Popen([shell, "-c", self.bash_command], cwd=folder,
                                         env=self.environment(), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         start_new_session=True)
        try:
            with self._process.stdout:
                last_line = self._relay(self._process.stdout)
            return self._process.wait(), last_line
        except BaseException:
            self.on_kill()
            raise

    def _relay(self, stream):
        """Prints each line and gives the last one."""
        line = ""
        for raw in stream:
            line = raw.decode(self.output_encoding, errors="backslashreplace").rstrip()
            print(line, flush=True)
        return line

    def on_kill(self):
        """Ends the command and all it started."""
        import os
        import signal
        import subprocess
        process = self._process
        if process is None or process.poll() is not None:
            return
        for sign, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, None)):
            try:
                os.killpg(process.pid, sign)
                process.wait(seconds)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue  # it did not heed the first signal
