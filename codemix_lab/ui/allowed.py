"""What a visitor may open and start: everything on one's own machine, little where the lab is shown to a class."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from codemix_lab import paths
from codemix_lab.errors import SpecError
from codemix_lab.models.trajectory import place_of
from codemix_lab.ui import words

READ_ONLY = "CODEMIX_LAB_READ_ONLY"
"""Set to anything but 0: nobody starts jobs, adds or opens files, or changes what is kept."""

FOLDERS = "CODEMIX_LAB_FOLDERS"
"""Folders, parted as in PATH, that files may be opened from; left out, any that the server's user may read."""


def read_only() -> bool:
    """Whether the lab is only shown."""
    return os.environ.get(READ_ONLY, "0").strip() not in ("", "0")


def check_may_change() -> None:
    """Raise `SpecError` where the lab is only shown."""
    if read_only():
        raise SpecError(words.READ_ONLY_REFUSAL)


def may_open(ref: str, offered: Collection[str]) -> str:
    """`ref` if it may be opened, else `SpecError`: what is `offered` may, a path only from allowed folders."""
    if ref in offered:
        return ref
    if read_only():
        raise SpecError(words.READ_ONLY_CHOICE)
    place = place_of(ref)
    allowed = folders()
    if allowed is None or not (place.is_absolute() or ref.startswith(".") or place.exists()):
        return ref
    if not any(place.resolve().is_relative_to(folder) for folder in allowed):
        raise SpecError(words.OUTSIDE.format(place=ref, folders=", ".join(map(str, allowed)), name=FOLDERS))
    return ref


def all_may_open(refs: Iterable[str], offered: Collection[str]) -> tuple[str, ...]:
    """`may_open` for several."""
    return tuple(may_open(str(ref), offered) for ref in refs)


def folders() -> tuple[Path, ...] | None:
    """The folders that files may be opened from, always with the lab's own; None for any."""
    named = [part for part in os.environ.get(FOLDERS, "").split(os.pathsep) if part]
    if not named:
        return None
    return (*(Path(part).expanduser().resolve() for part in named), paths.workspace(), paths.user_cache())
