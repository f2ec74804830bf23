# SPDX-License-Identifier: Apache-2.0
"""What a task logs: Python's logging as JSON lines on the log descriptor, and tracebacks without
our own frames."""

import atexit
import logging
import os
import sys
import traceback
from datetime import datetime, timezone

from leoflow.runtime.client import json_text

# As our frames name it: in an archive not the same as __file__.
_FILE = sys._getframe().f_code.co_filename
PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(_FILE)))
OUR_FOLDERS = tuple(os.path.join(PACKAGES, name) + os.sep for name in ("leoflow", "airflow"))
TASK_LOGGER = "airflow.task"


class LineHandler(logging.Handler):
    """Writes each record at once as one JSON line to `fd`; silent while fd is None. `known` are
    weak references to the handlers there were before the task."""

    fd = None
    known = ()

    def emit(self, record):
        if self.fd is None:
            return
        try:
            line = _line(record)
        except Exception:
            self.handleError(record)
            return
        try:
            while line:
                line = line[os.write(self.fd, line) :]
        except OSError:
            self.fd = None


HANDLER = LineHandler()


def prepare():
    """Makes the handler the only one of the root logger. The template interpreter does this once
    for all its forks; their end calls shutdown()."""
    atexit.unregister(logging.shutdown)
    logging.raiseExceptions = True
    root = logging.getLogger()
    root.handlers[:] = [HANDLER]
    root.setLevel(logging.INFO)
    HANDLER.known = list(logging._handlerList)


def shutdown():
    """Ends logging, which writes out what handlers hold back. Those there before the task began
    hold nothing."""
    if logging._handlerList != HANDLER.known:
        logging.shutdown()


def open_log(fd):
    """Sends the records of this process to `fd`."""
    HANDLER.fd = fd


def task_logger():
    return logging.getLogger(TASK_LOGGER)


def log_failure(event, error):
    """Logs `error` with its traceback from the first frame that is not ours, and its note if
    rendering added one."""
    note = getattr(error, "leoflow_note", None)
    text = f"{event} ({note})" if note else event
    task_logger().error("%s", text, extra={"leoflow_exception": exception_text(error)})


def exception_text(error):
    """The traceback as text, without the leading frames of our own packages in it and in its
    causes."""
    for one in _chain(error):
        one.__traceback__ = _without_our_frames(one.__traceback__)
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip("\n")


def flush():
    """Writes out what stdout, stderr and other handlers still hold."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass


def _chain(error):
    seen, waiting = set(), [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__]
            yield one


def _without_our_frames(trace):
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(OUR_FOLDERS):
        trace = trace.tb_next
    return trace


def _line(record):
    entry = {
        "timestamp": datetime.fromtimestamp(record.created, timezone.utc).isoformat(
            timespec="microseconds"
        ),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage(),
    }
    exception = getattr(record, "leoflow_exception", None)
    if exception is None and record.exc_info and record.exc_info[1] is not None:
        exception = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    if exception is not None:
        entry["exception"] = exception
    if record.stack_info:
        entry["stack"] = str(record.stack_info)
    return json_text(entry).encode("utf-8", "backslashreplace") + b"\n"
