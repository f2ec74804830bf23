# SPDX-License-Identifier: Apache-2.0
"""Records of the module logging as JSON lines on the log descriptor, and tracebacks without our own
frames. Imported with logging (logs.py)."""

import atexit
import logging
import os
import sys
import traceback

from leoflow.runtime.logs import make_line, write_line

# As our frames name it: in an archive not the same as __file__.
_FILE = sys._getframe().f_code.co_filename
PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(_FILE)))
OUR_FOLDERS = tuple(os.path.join(PACKAGES, name) + os.sep for name in ("leoflow", "airflow"))


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
            write_line(self.fd, line)
        except OSError:
            self.fd = None


HANDLER = LineHandler()


def take_over(fd):
    """Makes the handler the only one of the root logger. Whoever ends the process calls
    shutdown()."""
    atexit.unregister(logging.shutdown)
    logging.raiseExceptions = True
    root = logging.getLogger()
    root.handlers[:] = [HANDLER]
    root.setLevel(logging.INFO)
    HANDLER.fd = fd
    HANDLER.known = list(logging._handlerList)


def shutdown():
    """Ends logging, which writes out what handlers hold back. Those there before the task began
    hold nothing."""
    if logging._handlerList != HANDLER.known:
        logging.shutdown()


def exception_text(error):
    """The traceback as text, without the leading frames of our own packages in it and in its
    causes."""
    for one in _chain(error):
        one.__traceback__ = _without_our_frames(one.__traceback__)
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip("\n")


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
    more = {}
    exception = getattr(record, "leoflow_exception", None)
    if exception is None and record.exc_info and record.exc_info[1] is not None:
        exception = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    if exception is not None:
        more["exception"] = exception
    if record.stack_info:
        more["stack"] = str(record.stack_info)
    level, event = record.levelname.lower(), record.getMessage()
    return make_line(record.created, level, record.name, event, **more)
