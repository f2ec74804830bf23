# SPDX-License-Identifier: Apache-2.0
"""The connection of a task process to its agent: frames over the control socket
(docs/task-protocol.md, part 3).

One call at a time, answered in order; threads of the task take turns. A process forked by user code
must not use it:
two processes reading one socket would steal each other's answers.
"""

import os
from _thread import allocate_lock

from leoflow.runtime import usage

FRAME_BYTES_MAX = 64 * 1024 * 1024
READ_BYTES = 4096  # at least; what a frame is known to have is read at once

_current = None


class _Strict:
    """How json.JSONDecoder() reads."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}.get


def _refuse(value):
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _in_c():
    """What the module json is made of. The module itself makes regular expressions first, and their
    module, which takes longer than all else that a small task imports."""
    from _json import encode_basestring, make_encoder, make_scanner

    chunks = make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, False)
    return lambda message: "".join(chunks(message, 0)), make_scanner(_Strict)


def _make_codec():
    """As json.dumps(), which makes an encoder for every message, and json.loads()."""
    try:
        return _in_c()
    except (ImportError, TypeError, AttributeError):  # there is none in C, or a different one
        import json

        encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return encoder.encode, json.JSONDecoder().scan_once


json_text, _decode = _make_codec()


class AgentError(RuntimeError):
    """The agent refused a call. `code` is one of the error codes of the protocol, such as not_found
    or denied."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message


class AgentGone(ConnectionError):
    """The control socket is closed: the agent ended, nothing this process still does can be
    recorded."""


def current():
    """The client of this task process, or None outside of one (extraction, tests, plain
    scripts)."""
    return _current


def install(client):
    """Makes `client` what current() answers; None removes it."""
    global _current
    _current = client


def parse_json(body):
    """The value of JSON text in UTF-8; as json.loads() for a text without space around it."""
    try:
        return _decode(body.decode("utf-8", "surrogatepass"), 0)[0]
    except StopIteration:
        raise ValueError("a frame is no JSON") from None


def encode_frame(message):
    """The bytes of one frame. Raises ValueError for text that is not Unicode, NaN, or more than
    FRAME_BYTES_MAX."""
    try:
        body = json_text(message).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"text with a lone surrogate cannot be sent: {error.reason}") from None
    except RecursionError:
        raise ValueError("what is nested too deeply, or contains itself, cannot be sent") from None
    if len(body) > FRAME_BYTES_MAX:
        raise ValueError(
            f"{len(body)} bytes are more than one message may have ({FRAME_BYTES_MAX})"
        )
    return len(body).to_bytes(4, "big") + body


class Client:
    """Owns the control descriptor `fd` for the life of the process."""

    def __init__(self, fd):
        self._fd = fd
        self._pid = os.getpid()
        self._lock = allocate_lock()
        self._buffer = b""
        self._interrupt = None
        self.busy = False
        self.secrets = []

    def read_frame(self):
        """The next frame from the agent. Raises AgentGone when the socket is closed."""
        self._fill(4)
        size = int.from_bytes(self._buffer[:4], "big")
        if size > FRAME_BYTES_MAX:
            raise AgentGone(f"the agent announced a frame of {size} bytes")
        self._fill(4 + size)
        body, self._buffer = self._buffer[4 : 4 + size], self._buffer[4 + size :]
        return {} if body == b"{}" else parse_json(body)

    def send(self, message):
        """Sends a message that has no answer."""
        self._exchange(message, False)

    def call(self, message):
        """Sends a message and returns its answer. Raises AgentError when the answer is a
        refusal."""
        answer = self._exchange(message, True)
        if "error" in answer:
            error = answer["error"]
            raise AgentError(error.get("code", "internal"), error.get("message", ""))
        return answer

    def interrupt(self, error):
        """Raises `error` in the main thread: now, or as soon as the exchange under way is complete.

        For signal handlers: an exchange torn in the middle would leave the socket out of step.
        """
        if not self.busy:
            raise error
        self._interrupt = error

    def xcom_push(self, key, value, length=None):
        """`length` is that of a collection others are mapped over."""
        message = {"op": "xcom_push", "key": key, "value": value}
        if length is not None:
            message["length"] = length
        self.call(message)

    def xcom_pull(
        self,
        task_ids,
        key,
        *,
        dag_id=None,
        run_id=None,
        map_index=-1,
        include_prior_dates=False,
        offset=0,
    ):
        """One {"found", "value"} per task id, in order. With `map_index` None, which is all of
        them, one {"found", "total", "values"} with some from the `offset`th on."""
        request = {
            "op": "xcom_pull",
            "task_ids": list(task_ids),
            "key": key,
            "dag_id": dag_id,
            "run_id": run_id,
        }
        request["map_index"] = map_index
        request["include_prior_dates"] = include_prior_dates
        if map_index is None:
            request["offset"] = offset
        return self.call(request)["values"]

    def variable_get(self, key):
        """The stored text, or None."""
        answer = self.call({"op": "variable_get", "key": key})
        return answer.get("value") if answer.get("found") else None

    def variable_set(self, key, value, description=None):
        self.call({"op": "variable_set", "key": key, "value": value, "description": description})

    def variable_delete(self, key):
        self.call({"op": "variable_delete", "key": key})

    def connection_get(self, conn_id):
        """The fields of the connection as a dict, or None."""
        answer = self.call({"op": "connection_get", "conn_id": conn_id})
        return answer.get("connection") if answer.get("found") else None

    def asset_get(self, *, name=None, uri=None):
        """What is known of the asset of that name or URI, or None."""
        answer = self.call({"op": "asset_get", "name": name, "uri": uri})
        return answer.get("asset") if answer.get("found") else None

    def asset_events(self, *, name=None, uri=None, alias=None, **wanted):
        """Events of an asset, or of those told under an alias, the oldest first. `wanted`: after,
        before (ISO 8601), ascending, limit."""
        request = {"op": "asset_events", "name": name, "uri": uri, "alias": alias, **wanted}
        return self.call(request)["events"]

    def mask(self, values):
        """Asks for `values` to be hidden in everything recorded from now on."""
        fresh = [v for v in values if isinstance(v, str) and v and v not in self.secrets]
        if fresh:
            self.secrets.extend(fresh)
            self.call({"op": "mask", "values": fresh})

    def rendered(self, fields):
        self.send({"op": "rendered", "fields": fields})

    def running(self):
        self.send({"op": "running"})

    def outcome(
        self, kind, reason="", *, retryable=True, will_retry=False, map_label=None, asset_events=()
    ):
        """Reports how the attempt ended; returns when the agent has it on disk."""
        if not reason.isascii():
            reason = reason.encode("utf-8", "backslashreplace").decode()
        frame = {
            "op": "outcome",
            "kind": kind,
            "retryable": retryable,
            "reason": reason,
            "will_retry": will_retry,
            **usage.of_this_process(),
        }
        if map_label is not None:
            frame["map_label"] = map_label
        if asset_events:
            frame["asset_events"] = asset_events
        self.call(frame)

    def _exchange(self, message, answered):
        frame = encode_frame(message)
        if os.getpid() != self._pid:
            raise RuntimeError(
                "the agent can only be asked from the task's own process, not from one it forked\n"
                "hint: read variables, connections and XComs before starting worker processes"
            )
        with self._lock:
            self.busy = True
            try:
                self._write(frame)
                answer = self.read_frame() if answered else None
            finally:
                self.busy = False
        self._deliver_interrupt()
        return answer

    def _deliver_interrupt(self):
        error, self._interrupt = self._interrupt, None
        if error is not None:
            raise error

    def _write(self, data):
        try:
            sent = os.write(self._fd, data)
            while sent < len(data):
                sent += os.write(self._fd, memoryview(data)[sent:])
        except OSError as error:
            raise AgentGone(f"the agent is gone: {error.strerror}") from None

    def _fill(self, size):
        while len(self._buffer) < size:
            try:
                chunk = os.read(self._fd, max(READ_BYTES, size - len(self._buffer)))
            except OSError as error:
                raise AgentGone(f"the agent is gone: {error.strerror}") from None
            if not chunk:
                raise AgentGone("the agent closed the control socket")
            self._buffer += chunk
