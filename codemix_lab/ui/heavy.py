"""The libraries that take seconds to load: once after a start, and then out of the garbage collector's way."""

from __future__ import annotations

import gc
import importlib
import sys

_HEAVY = "codemix_lab.evaluation.merge_scorer"


def loaded() -> bool:
    """Whether they are there."""
    return _HEAVY in sys.modules


def load() -> None:
    """Load them, and tell the collector that they stay.

    They are half a million objects, and a look through all of them holds every page up for a second.
    """
    if loaded():
        return
    importlib.import_module(_HEAVY)
    gc.collect()
    gc.freeze()
