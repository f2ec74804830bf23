# SPDX-License-Identifier: Apache-2.0
"""Packs the runtime for pods: `PYTHON -I -S pack.py FOLDER` writes runtime.zip there, a
leoflow/template.py that is the archive's, and the one DAG file of the runtime. A pod has three
files to write instead of some 150, which on a busy node takes longer than all the rest of its
start.

The archive holds compiled files, which Python trusts unseen, and the sources, for tracebacks and
for a Python of another bytecode. Equal sources give equal bytes.
"""

import os
import py_compile
import shutil
import sys
import tempfile
import zipfile

PACKAGES = ("airflow", "leoflow")
ARCHIVE = "runtime.zip"
REHEARSAL = "leoflow/runtime/rehearsal_dag.py"
DATE = (1980, 1, 1, 0, 0, 0)   # the first that the format knows
# A script is compiled at each start, a module of the archive is not. No package of an environment
# is to be taken for ours: the archive comes first for this one import.
LAUNCHER = """import os
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(root, "runtime.zip"))
bytecode = os.environ.pop("LEOFLOW_BYTECODE", "")
if bytecode:   # before anything is imported that may have to be compiled
    from leoflow.runtime.bytecode import share

    share(bytecode)
from leoflow import template

del sys.path[0]
if __name__ == "__main__":   # processes that multiprocessing spawns import it
    os._exit(template.main())
"""


def sources(root):
    """Paths below `root` of what belongs to it, in order."""
    for package in PACKAGES:
        for folder, folders, files in os.walk(os.path.join(root, package)):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for name in sorted(files):
                yield os.path.relpath(os.path.join(folder, name), root)


def compiled(root, path):
    """The bytes of a compiled file, in which the code is named after its place in the archive."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        py_compile.compile(
            os.path.join(root, path),
            cfile=out,
            dfile=f"{ARCHIVE}/{path}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        with open(out, "rb") as file:
            return file.read()


def pack(root, folder):
    os.makedirs(os.path.join(folder, "leoflow", "runtime"))
    shutil.copyfile(os.path.join(root, REHEARSAL), os.path.join(folder, REHEARSAL))
    with open(os.path.join(folder, "leoflow", "template.py"), "w") as file:
        file.write(LAUNCHER)
    with zipfile.ZipFile(os.path.join(folder, ARCHIVE), "w") as archive:
        for path in sources(root):
            with open(os.path.join(root, path), "rb") as file:
                data = file.read()
            if path.endswith(".py"):
                archive.writestr(zipfile.ZipInfo(path + "c", DATE), compiled(root, path))
            archive.writestr(zipfile.ZipInfo(path, DATE), data)


if __name__ == "__main__":
    pack(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), sys.argv[1])
