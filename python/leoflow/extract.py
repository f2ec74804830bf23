# SPDX-License-Identifier: Apache-2.0
"""The extractor: runs one DAG file in its own environment and answers with dag.json documents.

docs/task-protocol.md, part 4. The request is on stdin, the answer goes to descriptor 3; what the
file prints goes to stdout and stderr and is no part of the answer. Runs user code, so the caller
bounds its time.
"""
import json
import os
import sys

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ANSWER_FD = 3


def main():
    """Reads the request, answers, ends the process. Exit status 0 unless the answer could not be
    written."""
    answer_fd = _take_answer_descriptor()
    request = json.load(sys.stdin)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    answer = extract(request)
    _write(answer_fd, json.dumps(answer, allow_nan=False, separators=(",", ":")).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads and exit handlers of the file are not ours to wait for


def _take_answer_descriptor():
    """Moves descriptor 3 out of the reach of user code; stdout when a person runs this by hand."""
    try:
        taken = os.dup(_ANSWER_FD)
    except OSError:
        return os.dup(1)
    os.close(_ANSWER_FD)
    return taken


def _write(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def extract(request):
    """The answer to a request, as a dict; never raises for what the file does."""
    file, project = request["file"], request.get("project") or os.path.dirname(request["file"])
    if _HOME not in sys.path:
        sys.path.insert(0, _HOME)
    limit = request.get("memory_bytes_max")
    try:
        _add_packages(request.get("site_packages") or ())
        _limit_memory(limit)
        return _extract(file, project)
    except BaseException as error:
        from leoflow.authoring.hints import describe
        return {"ok": False, "error": describe(error, file, project, limit)}


def _add_packages(folders):
    import site
    for folder in folders:
        site.addsitedir(folder)


def _limit_memory(limit):
    if limit:
        import resource
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _extract(file, project):
    from airflow.sdk import _scope
    from leoflow.authoring import checks, document, needs
    from leoflow.runtime import loader
    _load_surface()
    sys.dont_write_bytecode = True  # the project folder belongs to its author
    watcher = _Files(project)
    loader.extend_path(file, None, project)
    modules = set(sys.modules)
    dags = _dags_of(loader, _scope, file)
    checks.check_distinct(dags)
    checks.check_partials(_scope.partials)
    for dag in dags:
        checks.check_dag(dag)
    documents = [document.document(dag, project, file, ()) for dag in dags]
    missing = needs.missing_packages(dags)
    for one in documents:
        if _scope.notes:
            one["warnings"] = list(_scope.notes)
    watcher.add(needs.template_files(dags))
    watcher.add(_module_files(set(sys.modules) - modules))
    return {"ok": True, "dags": documents, "needs": missing, "warnings": list(_scope.notes),
            "files": watcher.stop(file)}


def _load_surface():
    """Loads what nearly every file uses while its bytecode may still be kept for the next time."""
    from airflow.sdk import _context, _conf, _enums, _schema, _timetables  # noqa: F401
    from airflow.providers.standard.decorators import bash, python  # noqa: F401
    from airflow.providers.standard.operators import empty  # noqa: F401
    from airflow.sdk import connection, hook, macros, variable  # noqa: F401


def _dags_of(loader, scope, file):
    """Every DAG the file made: those entered with `with` or made by @dag, and those its globals
    hold."""
    before = set(sys.modules)
    loader.load_dags(file)
    module = _main_module(before, file)
    found = list(scope.registered)
    for value in list(vars(module).values()) if module is not None else ():
        if loader._is_dag(value) and not any(value is one for one in found):
            found.append(value)
    if not found:
        raise _no_dag(module, file)
    return found


def _main_module(before, file):
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if getattr(module, "__file__", None) == file and getattr(module, "__loader__",
                                                                 None) is not None:
            return module
    return None


def _no_dag(module, file):
    from airflow.sdk._dag import _DagFactory
    from airflow.sdk.exceptions import DagNotFound
    name = os.path.basename(file)
    for value in vars(module).values() if module is not None else ():
        if isinstance(value, _DagFactory):
            error = DagNotFound(
                f"{name} defines no DAG: the function {value.__name__} under @dag is never called; "
                "write "
                f"{value.__name__}() at the end of the file")
            error.leoflow_place = (file, value.function.__code__.co_firstlineno)
            return error
    return DagNotFound(f"{name} defines no DAG: write `with DAG(...)` at the top level of the file")


def _module_files(names):
    for name in names:
        path = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(path, str):
            yield path


class _Files:
    """The files of the project that were read while the DAG file ran: a change to one means reading
    it again."""

    def __init__(self, project):
        self._root = os.path.realpath(project) + os.sep
        self._seen, self._active = set(), True
        sys.addaudithook(self._on_event)

    def _on_event(self, event, arguments):
        if event == "open" and self._active:
            path, _, flags = arguments
            if isinstance(path, str) and isinstance(flags,
                                                    int) and flags & os.O_ACCMODE == os.O_RDONLY:
                self._seen.add(path)

    def add(self, paths):
        self._seen.update(paths)

    def stop(self, file):
        """Their paths relative to the project, sorted."""
        self._active = False
        found = set()
        for path in self._seen | {file}:
            path = os.path.realpath(path)
            if path.startswith(self._root) and not path.endswith(".pyc") and os.path.isfile(path):
                found.add(path[len(self._root):])
        return sorted(found)


if __name__ == "__main__":
    main()
