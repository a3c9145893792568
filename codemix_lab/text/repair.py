"""Text made fit for use: mojibake mended, handles and links masked."""

from __future__ import annotations

import re

import ftfy
import pandas as pd

_HANDLE = re.compile(r"(?<![\w@.])@(?:\w+| user\b)")
_LINK = re.compile(
    r"https?\s?:?\s?//\s?t\s?\.?\s?co\s?/\s?\w+|https?://\S+|www\.\S+|pic\.twitter\.com/\S+", re.IGNORECASE
)


def mended(text: str) -> str:
    """UTF-8 that was read as Latin-1 or Windows-1252 put right; anything else stays as it is.

    >>> mended("nazar â€¦ aa jata"), mended("qué día")
    ('nazar … aa jata', 'qué día')
    """
    return text if text.isascii() else ftfy.fix_encoding(text)


def masked(text: str) -> str:
    """Handles as @user and links as http, also where a tokeniser took them apart as SentiMix did.

    >>> masked("@rahul_99 dekho https://t.co/abc1, meet @ 5pm, a@b.in")
    '@user dekho http, meet @ 5pm, a@b.in'
    """
    return _HANDLE.sub("@user", _LINK.sub("http", text))


def mend_all(texts: pd.Series) -> tuple[pd.Series, int]:
    """Every text `mended`, and how many changed."""
    new = texts.map(mended).astype("str")
    return new, int((new != texts).sum())


def mask_all(texts: pd.Series) -> tuple[pd.Series, int]:
    """Every text `masked`, and how many changed."""
    new = texts.map(masked).astype("str")
    return new, int((new != texts).sum())
