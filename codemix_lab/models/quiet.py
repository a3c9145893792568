"""Loading without the library's own bars and reports, one model at a time.

transformers changes itself for as long as a model is loaded (no tying of weights, no initialisation) and puts
back what it found: two threads at it at once can leave it changed for good.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator

from transformers.utils import logging

_ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers' progress bars, load reports and warnings while the block runs; other threads wait."""
    with _ONE_AT_A_TIME:
        verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()
