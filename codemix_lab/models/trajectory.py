"""The way a continued pre-training went: one checkpoint folder every so many steps, within a limit of disk."""

from __future__ import annotations

from pathlib import Path

FOLDER = "trajectory"


def step_folder(root: Path, step: int) -> Path:
    """Where the checkpoint of `step` lies under `root`; names sort by step."""
    return root / f"step-{step:07d}"


def steps_kept(root: Path) -> dict[int, Path]:
    """Step → checkpoint folder, in order."""
    return {int(path.name.removeprefix("step-")): path for path in sorted(root.glob("step-*"))}


def place_of(ref: str) -> Path:
    """The folder that a reference may mean, there or not.

    FOLDER@STEP is the checkpoint that continued pre-training left on its way to FOLDER, after so many
    optimiser steps; whatever exists under its plain name, and all else, is that name.

    >>> place_of("adapted/en-hi@200").as_posix(), place_of("adapted/en-hi").as_posix()
    ('adapted/en-hi/trajectory/step-0000200', 'adapted/en-hi')
    """
    plain = Path(ref).expanduser()
    name, _, step = ref.rpartition("@")
    if not name or not (step.isascii() and step.isdecimal()) or plain.exists():
        return plain
    return step_folder(Path(name).expanduser() / FOLDER, int(step))


def size(folder: Path) -> int:
    """Bytes of all files under `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def thinned(steps: list[int], keep: int) -> list[int]:
    """At most `keep` of the steps: of all but the last, the one that leaves the smallest gap goes first.

    >>> thinned([10, 20, 30, 40, 50], 3)
    [20, 40, 50]
    """
    left = sorted(steps)
    while len(left) > max(1, keep):
        gaps = {step: after - before for before, step, after in zip([0, *left], left, left[1:], strict=False)}
        left.remove(min(gaps, key=lambda step: (gaps[step], step)))
    return left
