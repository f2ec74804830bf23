# SPDX-License-Identifier: Apache-2.0
"""Helpers of the authoring tests: DAG files from text, read in this process or by the real
extractor."""
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORPUS = os.path.join(os.path.dirname(HOME), "test", "conformance")
EXTRACTOR = os.path.join(HOME, "leoflow", "extract.py")
if HOME not in sys.path:
    sys.path.insert(0, HOME)


def run_extractor(file, project=None, **request):
    """The extractor's answer, and what the file wrote to stdout."""
    read, write = os.pipe()
    request = {"file": file, "project": project or os.path.dirname(file), **request}
    with open(read, "rb") as answer:
        shell = ["/bin/bash", "-c", f'exec "$@" 3>&{write}', "bash"]
        command = [*shell, sys.executable, "-I", EXTRACTOR]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, pass_fds=(write,))
        os.close(write)
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
        text = answer.read()
        printed, errors = process.stdout.read(), process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    status = process.wait()
    if status != 0:
        raise AssertionError(f"the extractor ended with {status}: {errors.decode()}")
    return json.loads(text), printed.decode()


def extract_corpus(name):
    """The answer for a file of the conformance corpus."""
    return run_extractor(os.path.join(CORPUS, "dags", f"{name}.py"))[0]


def extract_text(source, files=(), **request):
    """The answer for a project whose dag.py holds the text; `files` maps more names to texts."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"dag.py": source, **dict(files)}.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
        return run_extractor(os.path.join(folder, "dag.py"), folder, **request)[0]


def one_dag(source, files=()):
    """The only dag.json document of the text, with its tasks by id under `by_id`."""
    answer = extract_text(source, files)
    if not answer["ok"]:
        raise AssertionError(answer["error"]["trace"])
    (found,) = answer["dags"]
    found["by_id"] = {task["task_id"]: task for task in found["tasks"]}
    return found


def golden(name):
    with open(os.path.join(CORPUS, "golden", f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def cases():
    with open(os.path.join(CORPUS, "cases.json"), encoding="utf-8") as file:
        return json.load(file)["cases"]


def documented_keys():
    """Every key docs/dag-json.md names."""
    with open(os.path.join(os.path.dirname(HOME), "docs", "dag-json.md"), encoding="utf-8") as file:
        return set(re.findall(r'"([a-z_]+)":', file.read()))


def edges(dag):
    """The edges of a DAG as "a>b" texts."""
    return {f"{task.task_id}>{after}" for task in dag.tasks for after in task.downstream_task_ids}
