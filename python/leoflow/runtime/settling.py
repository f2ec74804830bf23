# SPDX-License-Identifier: Apache-2.0
"""Packs the memory a task writes into few pages, before the template forks.

A fork shares the template's pages and copies each one it writes to, and running a function writes
to it: its reference count, its bytecode. After the imports the few functions every task runs lie
scattered among the many it does not, and so do the gaps that the allocators fill first. Here the
gaps are filled once, in the template, and the code of the functions is laid side by side. Only
speed depends on any of this.
"""

import ctypes
import gc
import sys
import types

SMALL_BYTES_MAX = 512  # of an object in one of Python's own pools
GRANULE = 16
POOL_BYTES = 16384
RUN_MAX = 64  # neighbours in a row that tell an untouched pool
NEAR = 4  # sizes apart that still are neighbours: counting them takes places too
OBJECTS_MAX = 4096  # of one size; a bound where pools are laid out otherwise
BYTES_HEAD = 33  # of a bytes object beside its content
BLOCK_BYTES_MAX = 65536
FILLED_BYTES_MAX = 8 << 20

_libc = ctypes.CDLL(None)
_libc.malloc.argtypes = (ctypes.c_size_t,)
_libc.malloc.restype = ctypes.c_size_t
_libc.free.argtypes = (ctypes.c_size_t,)
_libc.free.restype = None


def fill_gaps():
    """Takes the free places between what is in use, so that what comes next is laid side by side.

    Returns what takes them; it has to be kept.
    """
    filled = []
    for size in range(GRANULE, SMALL_BYTES_MAX + 1, GRANULE):
        _fill_pools(size, filled)
    _fill_blocks()
    return filled


def pack_code(work, owners=()):
    """Moves the code of the functions that `work` runs, and of those in the classes and modules
    `owners`, to new places, one after another."""
    hot = _code_run_by(work)
    for owner in owners:
        for function in vars(owner).values():
            if isinstance(function, types.FunctionType):
                hot[id(function.__code__)] = function.__code__
    for function in gc.get_objects():
        if type(function) is types.FunctionType and id(function.__code__) in hot:
            function.__code__ = _moved(function.__code__, hot)


def _fill_pools(size, filled):
    """Objects of `size` bytes, until they come from a pool that nothing has used before."""
    wanted = min(RUN_MAX, POOL_BYTES // size - 2)
    run = last = 0
    for _ in range(OBJECTS_MAX):
        one = _object_of(size)
        filled.append(one)
        run = run + 1 if 0 < id(one) - last <= NEAR * size else 0
        last = id(one)
        if run >= wanted:
            return


def _object_of(size):
    if size == GRANULE:
        return object()
    if size <= BYTES_HEAD:
        return NEAR << 40  # computed anew each time
    return bytes(size - BYTES_HEAD)


def _fill_blocks():
    """Blocks of the C library, from large to small, until each size comes from fresh memory. They
    are never freed."""
    top = taken = 0
    size = BLOCK_BYTES_MAX
    while size >= GRANULE + 8:
        while (block := _libc.malloc(size)) <= top and taken < FILLED_BYTES_MAX:
            taken += size
        top = max(top, block)
        if size > SMALL_BYTES_MAX:
            _libc.free(block)
        size -= GRANULE if size <= 2 * SMALL_BYTES_MAX else size // 160 * GRANULE


def _code_run_by(work):
    found = {}

    def note(frame, event, argument):
        if event == "call":
            found[id(frame.f_code)] = frame.f_code

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def _moved(code, hot):
    """A copy of `code`, and of the code inside it that is run too."""
    return code.replace(
        co_consts=tuple(
            _moved(one, hot) if id(one) in hot else one
            for one in code.co_consts
        )
    )
