# SPDX-License-Identifier: Apache-2.0
"""What a task logs. The module logging takes longer to import than all that a small task does, so
it is taken over in the moment in which somebody imports it (log_lines.py)."""

import os
import sys
from datetime import datetime, timezone
from importlib.machinery import PathFinder
from time import time

from leoflow.runtime.client import json_text

TASK_LOGGER = "airflow.task"

_fd = None  # where the records of this process go


class _Awaited:
    """Finds logging as the usual finder does, until somebody has imported it."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name == "logging" else None
        if spec is not None:
            spec.loader = _TakingOver(spec.loader)
        return spec


class _TakingOver:
    """The usual loader, for whoever only looks; what it has loaded is ours at once."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _Awaited]
        _take_over()


def _take_over():
    from leoflow.runtime import log_lines

    log_lines.take_over(_fd)


def prepare():
    """From now on logging is ours: the template interpreter imported it for all its forks, an
    attempt by itself perhaps never does."""
    if "logging" in sys.modules:
        _take_over()
    elif _Awaited not in sys.meta_path:
        sys.meta_path.insert(0, _Awaited)


def _lines():
    """The module that knows logging, if somebody does; it is there before the task can log."""
    return sys.modules.get("leoflow.runtime.log_lines")


def shutdown():
    """Ends logging, which writes out what handlers hold back."""
    if lines := _lines():
        lines.shutdown()


def open_log(fd):
    """Sends the records of this process to `fd`; nowhere with None."""
    global _fd
    _fd = fd
    if lines := _lines():
        lines.HANDLER.fd = fd


def make_line(created, level, logger, event, **more):
    """One JSON line as bytes, of an instant in seconds since 1970."""
    at = datetime.fromtimestamp(created, timezone.utc).isoformat(timespec="microseconds")
    entry = {"timestamp": at, "level": level, "logger": logger, "event": event, **more}
    return json_text(entry).encode("utf-8", "backslashreplace") + b"\n"


def write_line(fd, line):
    """Raises OSError when nobody reads it."""
    while line:
        line = line[os.write(fd, line) :]


def info(logger, message, *values):
    """As logging.getLogger(logger).info(), but where nobody has imported logging, which then has no
    handler, level or filter of anybody, without it."""
    if _fd is not None and "logging" not in sys.modules:
        try:
            return write_line(_fd, make_line(time(), "info", logger, message % values))
        except Exception:
            pass  # told as logging tells it
    import logging

    logging.getLogger(logger).info(message, *values)


def task_logger():
    import logging

    return logging.getLogger(TASK_LOGGER)


def log_failure(event, error):
    """Logs `error` with its traceback from the first frame that is not ours, and its note if
    rendering added one."""
    logger = task_logger()
    from leoflow.runtime.log_lines import exception_text

    note = getattr(error, "leoflow_note", None)
    text = f"{event} ({note})" if note else event
    logger.error("%s", text, extra={"leoflow_exception": exception_text(error)})


def flush():
    """Writes out what stdout and stderr still hold."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
