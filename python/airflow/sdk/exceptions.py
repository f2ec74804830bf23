# SPDX-License-Identifier: Apache-2.0
"""Exceptions of the authoring surface.

What a task raises decides its state: AirflowSkipException skips it, AirflowFailException fails it
without a retry, and everything else (AirflowTaskTimeout included) fails the try. The others are
raised while a DAG file is read.
"""


class AirflowException(Exception):
    """Base of everything the surface raises."""


class AirflowRuntimeError(AirflowException):
    """A call to the server was refused; `code` is the wire's word, as VARIABLE_NOT_FOUND."""

    def __init__(self, message="", code="GENERIC_ERROR"):
        super().__init__(message)
        self.code = code


class AirflowNotFoundException(AirflowException):
    """A connection, variable or other named thing does not exist."""


class AirflowSkipException(AirflowException):
    """Ends the task as skipped."""


class AirflowFailException(AirflowException):
    """Ends the task as failed; no retry follows."""


class AirflowTaskTimeout(BaseException):
    """execution_timeout has passed. Not an Exception, so that `except Exception` in a task does not
    swallow it."""


class AirflowTaskTerminated(BaseException):
    """The task was told to stop from outside (SIGTERM)."""


class AirflowBadRequest(AirflowException):
    """The server could not make sense of a request."""


class AirflowConfigException(AirflowException):
    """A configuration option is unknown or has the wrong type."""


class AirflowOptionalProviderFeatureException(AirflowException):
    """A part of a provider needs a package that is not installed."""


class XComNotFound(AirflowException):
    """An XCom that had to exist does not."""

    def __init__(self, dag_id=None, task_id=None, key=None):
        super().__init__(
            f"XComArg result from {task_id} at {dag_id} with key=\"{key}\" is not found!")
        self.dag_id, self.task_id, self.key = dag_id, task_id, key


class ParamValidationError(AirflowException):
    """A param breaks its schema, or has no value."""


class AirflowDagCycleException(AirflowException):
    """The edges of a DAG form a cycle."""


class AirflowDagDuplicatedIdException(AirflowException):
    """Two DAGs of one file share an id."""


class DuplicateTaskIdFound(AirflowException):
    """Two tasks or groups of one DAG share an id."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task belongs to one group only."""


class TaskNotFound(AirflowException):
    """A DAG has no task of that id."""


class DagNotFound(AirflowException):
    """There is no DAG of that id."""


class AirflowTimetableInvalid(AirflowException):
    """A schedule is not usable."""


class FailFastDagInvalidTriggerRule(AirflowException):
    """A DAG with fail_fast holds tasks that do not wait for all successes."""


class XComForMappingNotPushed(TypeError):
    """A task that others are mapped over returned nothing."""

    def __str__(self):
        return ("did not push XCom for task mapping: other tasks are mapped over what this one "
                "returns, which has to be a list or a dict")


class UnmappableXComTypePushed(TypeError):
    """A task that others are mapped over returned neither a list nor a dict."""

    def __init__(self, value, *values):
        super().__init__(value, *values)
        self.value = value

    def __str__(self):
        return (f"unmappable return type {type(self.value).__qualname__!r}: other tasks are mapped "
                "over what this one returns, which has to be a list or a dict")


class UnmappableXComLengthPushed(ValueError):
    """A task that others are mapped over returned more elements than are allowed."""

    def __init__(self, value, max_length):
        super().__init__(value, max_length)
        self.value, self.max_length = value, max_length

    def __str__(self):
        return (f"unmappable return value length: {len(self.value)} > {self.max_length}\n"
                "hint: return fewer elements, each of which may hold several things, or raise "
                "max_map_length of the server")


class NotSupportedError(AirflowException, NotImplementedError):
    """The file uses a feature Leoflow does not run. `feature` is its name, `hint` what to do
    instead."""

    def __init__(self, feature, hint="", where=""):
        super().__init__(f"{where}: {feature} is not supported by Leoflow" if where else
                         f"{feature} is not supported by Leoflow")
        self.feature, self.hint, self.where = feature, hint, where
        if hint:
            self.__notes__ = [f"hint: {hint}"]


def __getattr__(name):
    if name in ("TaskDeferred", "AirflowRescheduleException", "AirflowSensorTimeout",
                "DagRunTriggerException", "DownstreamTasksSkipped", "TaskDeferralError",
                "TaskDeferralTimeout"):
        from airflow.sdk._unsupported import refused
        return refused(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
