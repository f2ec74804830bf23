# SPDX-License-Identifier: Apache-2.0
"""What the file being read has open: the DAG and group of the enclosing `with`, the DAGs seen, and
compile notes.

One file is read by one thread of one process, so these are plain module lists; `begin` clears them
for the next file.
"""
dags = []           # enclosing `with DAG`, innermost last
groups = []         # enclosing `with TaskGroup`; a DAG pushes its root group
registered = []     # DAGs that were entered or made by @dag, in order
notes = []          # compile notes, each once
partials = []       # (task_id, place) of each Operator.partial() that is not expanded yet
parsing = [None, None]  # dag_id and task_id a task process is about to run; None while compiling


def begin(dag_id=None, task_id=None):
    """Forgets the previous file."""
    dags.clear()
    groups.clear()
    registered.clear()
    notes.clear()
    partials.clear()
    parsing[:] = (dag_id, task_id)


def note(text):
    """Records a compile note."""
    if text not in notes:
        notes.append(text)


def check_key(key, what):
    """Raises unless `key` is a legal id: letters, digits, `_`, `.`, `-`, at most 250 characters."""
    if key.__class__ is not str and not isinstance(key, str):
        raise TypeError(f"The {what} has to be a string and is {type(key)}:{key}")
    if key.isidentifier():
        legal = True
    else:
        legal = key.replace("_", "0").replace("-", "0").replace(".", "0").isalnum()
    if not legal:
        raise ValueError(
            f"The {what} {key!r} has to be made of alphanumeric characters, dashes, dots, and "
            "underscores exclusively")
    if len(key) > 250:
        raise ValueError(f"The {what} {key!r} has to be less than 250 characters, not {len(key)}")
