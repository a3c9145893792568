"""Text of users inside Streamlit's markdown: shown as it is, never read as markup."""

from __future__ import annotations

import math
import re

_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=])")


def plain(text: str) -> str:
    r"""The text with everything that markdown, LaTeX, colours or emoji codes react to made harmless.

    What turns the direction of the text after it is left out.

    >>> plain("a_b $5 :red[x]")
    'a\\_b \\$5 \\:red\\[x\\]'
    """
    return _SPECIAL.sub(r"\\\1", _TURNING.sub("", text.replace("\n", " ")))


def short(ref: str) -> str:
    """A checkpoint or file in a few letters: a starter name as it is, a path by its last part.

    >>> short("starter:en-hi"), short("/models/xlmr/"), short("org/model")
    ('starter:en-hi', 'xlmr', 'org/model')
    """
    return ref.rstrip("/").rsplit("/", 1)[-1] if ref.startswith(("/", ".", "~")) else ref


def brief(value: float | None, digits: int = 2) -> str:
    """A share as the field writes it: without the leading zero; a dash where it is unknown.

    >>> brief(0.536), brief(1.0), brief(-0.02), brief(None)
    ('.54', '1.00', '−.02', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return (
        f"{value:.{digits}f}".replace("0.", ".", 1).replace("-", "−")
        if abs(value) < 1
        else f"{value:.{digits}f}"
    )
