# SPDX-License-Identifier: Apache-2.0
"""The memory pages a task touches, learned once and mapped ahead of time in children that wait.

A fork shares the template's pages; each first write to one is a fault and a copy, some 700 for a
task that does nothing. Which pages these are hardly depends on the task, because most hold our own
code and the interpreter's. Only speed depends on any of this: where the kernel does not help
(MADV_POPULATE is Linux 5.14), nothing is learned and children fault as they go.
"""

import array
import ctypes
import errno
import mmap
import os

MADV_POPULATE_READ, MADV_POPULATE_WRITE = 22, 23
PRESENT, OURS_ALONE = 1 << 63, 1 << 56  # bits of an entry of /proc/self/pagemap
ENTRY_BYTES = 8
FIELDS = 3  # of a range: address, bytes, advice
USER_SPACE_END = 1 << 63  # above it is what the kernel shows of itself, such as [vsyscall]

_libc = ctypes.CDLL(None, use_errno=True)
_madvise = _libc.madvise
_madvise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)


def learn(work):
    """Runs `work` in a fork and returns the ranges it touched as (address, bytes, advice); empty if
    it fails."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            work()
            with open(writing, "wb") as file:
                file.write(array.array("Q", _flat(_touched())).tobytes())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        data = file.read()
    os.waitpid(pid, 0)
    numbers = array.array("Q", data[: len(data) // (FIELDS * ENTRY_BYTES) * FIELDS * ENTRY_BYTES])
    return list(zip(*[iter(numbers)] * FIELDS))


def populate(ranges):
    """Maps the pages of `ranges` in this process, copies of its own where it would write to
    them."""
    for address, size, advice in ranges:
        if _madvise(address, size, advice) != 0 and ctypes.get_errno() == errno.EINVAL:
            return


def _flat(ranges):
    return [number for one in ranges for number in one]


def _touched():
    found = []
    with open("/proc/self/maps", encoding="utf-8") as maps:
        areas = [line.split(None, 2)[:2] for line in maps]
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for addresses, rights in areas:
            first, end = (int(text, 16) for text in addresses.split("-"))
            if rights.startswith("r") and rights.endswith("p") and end < USER_SPACE_END:
                found += _touched_of_area(pagemap, first, end, "w" in rights)
    return found


def _touched_of_area(pagemap, first, end, writable):
    """Of a writable area the pages that were written since the fork, of others all that are
    mapped."""
    wanted = PRESENT | OURS_ALONE if writable else PRESENT
    advice = MADV_POPULATE_WRITE if writable else MADV_POPULATE_READ
    size = mmap.PAGESIZE
    pagemap.seek(first // size * ENTRY_BYTES)
    entries = array.array("Q", pagemap.read((end - first) // size * ENTRY_BYTES))
    found, begin = [], None
    for index, entry in enumerate((*entries, 0)):
        if entry & wanted == wanted:
            begin = index if begin is None else begin
        elif begin is not None:
            found.append((first + begin * size, (index - begin) * size, advice))
            begin = None
    return found
