# SPDX-License-Identifier: Apache-2.0
"""What to tell the author of a file that could not be read: place, reason, trace of their own
frames, and a hint."""
import os
import traceback

from airflow.sdk._unsupported import not_supported
from airflow.sdk.exceptions import NotSupportedError
from leoflow.authoring.document import relative

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_FRAMES_MAX = 30
_MESSAGE_CHARS_MAX = 4000
# Modules of Airflow that stand for a feature; the longest matching prefix counts.
_FEATURES = {
    "airflow.sensors": "BaseSensorOperator",
    "airflow.providers.standard.sensors": "BaseSensorOperator",
    "airflow.sdk.bases.sensor": "BaseSensorOperator",
    "airflow.triggers": "BaseTrigger", "airflow.providers.standard.triggers": "BaseTrigger",
    "airflow.providers.standard.operators.trigger_dagrun": "TriggerDagRunOperator",
    "airflow.operators.trigger_dagrun": "TriggerDagRunOperator",
    "airflow.providers.standard.operators.latest_only": "LatestOnlyOperator",
    "airflow.operators.latest_only": "LatestOnlyOperator",
    "airflow.providers.standard.operators.hitl": "HITLOperator",
    "airflow.providers.standard.operators.branch": "BaseBranchOperator",
    "airflow.operators.branch": "BaseBranchOperator",
    "airflow.providers.standard.operators.weekday": "BaseBranchOperator",
    "airflow.providers.standard.operators.datetime": "BaseBranchOperator",
    "airflow.operators.weekday": "BaseBranchOperator",
    "airflow.operators.datetime": "BaseBranchOperator",
    "airflow.operators.subdag": "SubDagOperator",
}
_PACKAGE_OF = {
    "yaml": "PyYAML", "sklearn": "scikit-learn", "cv2": "opencv-python", "PIL": "Pillow",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil", "dotenv": "python-dotenv", "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "Crypto": "pycryptodome", "jwt": "PyJWT", "docx": "python-docx", "pptx": "python-pptx",
    "serial": "pyserial",
    "git": "GitPython", "magic": "python-magic", "snowflake": "snowflake-connector-python",
    "skimage": "scikit-image",
    "google.cloud.storage": "google-cloud-storage",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "attr": "attrs", "markdown": "Markdown", "slack_sdk": "slack-sdk", "ruamel": "ruamel.yaml",
    "OpenSSL": "pyOpenSSL",
}
_HINTS = {
    "AirflowDagCycleException": "remove one of these edges",
    "DuplicateTaskIdFound": "give every task and group of a DAG an id of its own",
    "AirflowDagDuplicatedIdException": "give each DAG an id of its own",
    "FileNotFoundError": "paths are relative to the working folder of the parser; build them from "
                         "os.path.dirname(__file__), and list the file under include_paths if it "
                         "lies outside",
}


def describe(error, file, project, memory_bytes_max=None):
    """The error object of the extractor's answer."""
    shown = _as_feature(error) or error
    name = type(shown).__name__
    place = _place(error, file, project)
    message = str(shown) if not isinstance(error, SyntaxError) else error.msg
    return {"type": name, "message": (message or name)[:_MESSAGE_CHARS_MAX], "file": place[0],
            "line": place[1], "trace": _trace(error, shown, project),
            "hint": _hint(error, shown, project, memory_bytes_max)}


def _as_feature(error):
    """A missing module of Airflow that stands for a feature, as the refusal of that feature."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    prefix = error.name
    while prefix:
        if prefix in _FEATURES:
            return not_supported(_FEATURES[prefix], error.name)
        prefix = prefix.rpartition(".")[0]
    return None


def _is_users(frame):
    return not frame.filename.startswith((_OURS, "<frozen ")) and frame.filename != "<string>"


def _place(error, file, project):
    if isinstance(error, SyntaxError) and error.filename:
        return _shown_path(error.filename, project), error.lineno
    marked = getattr(error, "leoflow_place", None)
    if marked:
        return _shown_path(marked[0], project), marked[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__, limit=None)
              if _is_users(frame)]
    inside = [frame for frame in frames if relative(frame.filename, project)] or frames
    return (_shown_path(inside[-1].filename, project),
            inside[-1].lineno) if inside else (_shown_path(file, project), None)


def _shown_path(path, project):
    return relative(path, project) or path


def _trace(error, shown, project):
    """The usual text of a traceback without our own frames, paths relative to the project."""
    try:
        story = traceback.TracebackException.from_exception(error)
        _keep_users(story, project)
        text = "".join(story.format())
    except Exception as broken:  # an exception whose own __str__ or __traceback__ misbehaves
        text = f"{type(error).__name__} (and it cannot be shown: {type(broken).__name__})\n"
    if shown is not error:
        text += f"{type(shown).__name__}: {shown}\n"
    return text


def _keep_users(story, project):
    while story is not None:
        kept = [frame for frame in story.stack if _is_users(frame)][-_FRAMES_MAX:]
        for frame in kept:
            frame.filename = _shown_path(frame.filename, project)
        story.stack[:] = kept
        if getattr(story, "filename", None):
            story.filename = _shown_path(story.filename, project)
        story = story.__cause__ or (None if story.__suppress_context__ else story.__context__)


def _hint(error, shown, project, memory_bytes_max):
    if isinstance(shown, NotSupportedError):
        return shown.hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _module_hint(error.name, project)
    if isinstance(error, MemoryError) and memory_bytes_max:
        limit = memory_bytes_max // 2**20
        return f"a DAG file may use {limit} MiB while it is read; load data inside a task"
    if isinstance(error, SystemExit):
        return ("a DAG file must not end the interpreter; put such code below "
                "`if __name__ == \"__main__\":`")
    return _HINTS.get(type(error).__name__, "")


def _module_hint(name, project):
    if name.startswith("airflow.providers."):
        provider = name.split(".")[2]
        return (
            f"Leoflow runs Bash, Python and Empty operators; call {provider} from a @task with its "
            "own Python "
            "package, listed under `dependencies:` in leoflow.yaml")
    if name == "airflow" or name.startswith("airflow."):
        return ("import from airflow.sdk and "
                "airflow.providers.standard.operators.{bash,python,empty}")
    root = name.partition(".")[0]
    own = os.path.join(project, root)
    if os.path.exists(own) or os.path.exists(f"{own}.py"):
        inner = name.partition(".")[2] or name
        return f"{root} is part of the project, and has no module {inner!r}"
    package = _PACKAGE_OF.get(name) or _PACKAGE_OF.get(root) or root
    return f"add it to leoflow.yaml:\ndependencies:\n  - {package}"
