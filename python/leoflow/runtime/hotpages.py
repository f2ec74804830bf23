# SPDX-License-Identifier: Apache-2.0
"""The memory pages a task writes, learned once and mapped ahead of time in children that wait.

A fork shares the template's pages; each first write to one is a fault and a copy, some 700 for a
task that does nothing. Which pages these are hardly depends on the task, because most hold our own
code and the interpreter's. Only speed depends on any of this: where the kernel does not help
(MADV_POPULATE_WRITE is Linux 5.14), nothing is learned and children fault as they go.
"""

import array
import ctypes
import errno
import mmap
import os

MADV_POPULATE_WRITE = 23
PROCESS_MADVISE = 440  # the number of the system call, on every machine
WRITTEN = 1 << 63 | 1 << 56  # of an entry of /proc/self/pagemap: present, mapped here alone
ENTRY_BYTES = 8
FIELDS = 2  # of a range: address, bytes

_libc = ctypes.CDLL(None, use_errno=True)
_madvise = _libc.madvise
_madvise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)
_syscall = _libc.syscall
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_uint,
)
_syscall.restype = ctypes.c_ssize_t


def learn(fork, work):
    """Runs `work` in a child that `fork` makes and returns the ranges it wrote as (address, bytes);
    empty if it fails."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        pid = fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return []
    if pid == 0:
        try:
            os.close(reading)
            work()
            with open(writing, "wb") as file:
                file.write(array.array("Q", _flat(_written())).tobytes())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        data = file.read()
    os.waitpid(pid, 0)
    numbers = array.array("Q", data[: len(data) // (FIELDS * ENTRY_BYTES) * FIELDS * ENTRY_BYTES])
    return list(zip(*[iter(numbers)] * FIELDS))


class Populating:
    """Gives a process its own copies of the pages of `ranges`, as writing to them would."""

    def __init__(self, ranges):
        self._ranges = ranges
        self._vector = array.array("Q", _flat(ranges)).tobytes()
        self._size = sum(size for _, size in ranges)

    def __call__(self):
        """Linux 6.13 takes all ranges at once, and 1024 at most; older kernels one by one."""
        if self._ranges and not self._at_once():
            self._one_by_one()

    def _at_once(self):
        try:
            own = os.pidfd_open(os.getpid())
        except OSError:
            return False
        count = len(self._ranges)
        advised = _syscall(PROCESS_MADVISE, own, self._vector, count, MADV_POPULATE_WRITE, 0)
        os.close(own)
        return advised == self._size

    def _one_by_one(self):
        for address, size in self._ranges:
            failed = _madvise(address, size, MADV_POPULATE_WRITE) != 0
            if failed and ctypes.get_errno() == errno.EINVAL:
                return


def _flat(ranges):
    return [number for one in ranges for number in one]


def _written():
    found = []
    with open("/proc/self/maps", encoding="utf-8") as maps:
        areas = [line.split(None, 2)[:2] for line in maps]
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for addresses, rights in areas:
            first, end = (int(text, 16) for text in addresses.split("-"))
            if rights.startswith("rw") and rights.endswith("p"):
                found += _written_of_area(pagemap, first, end)
    return found


def _written_of_area(pagemap, first, end):
    """The pages this process has to itself: those written since the fork."""
    size = mmap.PAGESIZE
    pagemap.seek(first // size * ENTRY_BYTES)
    entries = array.array("Q", pagemap.read((end - first) // size * ENTRY_BYTES))
    found, begin = [], None
    for index, entry in enumerate((*entries, 0)):
        if entry & WRITTEN == WRITTEN:
            begin = index if begin is None else begin
        elif begin is not None:
            found.append((first + begin * size, (index - begin) * size))
            begin = None
    return found
