"""The libraries that take seconds to load: once after a start, and then out of the garbage collector's way."""

from __future__ import annotations

import gc
import importlib
import threading

_HEAVY = "codemix_lab.evaluation.merge_scorer"
_there = threading.Event()
_one_loads = threading.Lock()


def loaded() -> bool:
    """Whether they are there, whole."""
    return _there.is_set()


def load() -> None:
    """Load them, or wait for the thread that does, and tell the collector that they stay.

    They are half a million objects, and a look through all of them holds every page up for a second; looks while they
    come take a quarter of the loading time. Whoever needs them on a page asks here first: what one thread is half-way
    through importing, another cannot import.
    """
    with _one_loads:
        if loaded():
            return
        gc.disable()
        try:
            importlib.import_module(_HEAVY)
        finally:
            gc.enable()
        gc.collect()
        gc.freeze()
        _there.set()
