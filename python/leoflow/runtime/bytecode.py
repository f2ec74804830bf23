# SPDX-License-Identifier: Apache-2.0
"""Compiled files of a standard library that comes without them, as that of images that were made
small does: kept in a folder that pods share, so that one pod compiles a module for all of them.

Python's own `sys.pycache_prefix` would look there for everything, also for what lies compiled
beside its source.
"""

import sys

# Frozen into every Python, and what the module importlib.machinery shows of itself: importing that
# one would compile some modules first.
import _frozen_importlib_external as machinery
from posix import stat


def share(folder):
    """Whatever is imported from now on from below the standard library, and is not compiled there,
    is compiled in `folder`. Python checks time and size of the source, as beside it, and goes on
    without what cannot be read or written. Nothing happens where the library is compiled."""
    usual_place = machinery.cache_from_source
    sample = getattr(sys.modules.get("encodings"), "__file__", None)
    if sample is None or is_there(usual_place(sample)):
        return
    library = sample.rpartition("/")[0].rpartition("/")[0]

    def cache_from_source(path, *words, **options):
        usual = usual_place(path, *words, **options)
        if not usual.startswith(library) or is_there(usual):
            return usual
        return folder + usual[len(library) :]

    machinery.cache_from_source = cache_from_source


def is_there(path):
    try:
        stat(path)
    except OSError:
        return False
    return True
