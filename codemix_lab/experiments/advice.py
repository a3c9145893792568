"""The paper's three data regimes as a guide: what one has in, which regimes with which settings out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from codemix_lab.config import Regime
from codemix_lab.errors import SpecError
from codemix_lab.experiments.regime_choice import regimes_sweep

_TABLE = Path(__file__).with_name("advice.yaml")
FEW = 100
"""Labelled sentences below which a curve begins low and more seeds are asked for."""


class Case(StrEnum):
    """What text somebody has."""

    LABELLED = "labelled"
    UNLABELLED = "unlabelled"
    TRANSFER = "transfer"

    @property
    def heading(self) -> str:
        """The case in three or four words."""
        return str(_cases()[self]["title"])

    @property
    def has(self) -> str:
        """What is there in this case."""
        return str(_cases()[self]["has"])


@dataclass(frozen=True)
class Advice:
    """A recipe: regimes and fields of `RunSpec` to run them with, and why.

    `paper` and `here` are evidence, from arXiv 2510.19782 and from this lab; `missing` says what the
    recipe still lacks, `next` what to do besides.
    """

    case: Case
    recipe: str
    regimes: tuple[Regime, ...]
    train_sizes: tuple[int, ...]
    seeds: int
    settings: dict[str, Any] = field(default_factory=dict)
    paper: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    next: tuple[str, ...] = ()


def advise(
    case: Case,
    labelled: int = 200,
    english: str | None = None,
    adapted: Sequence[str] = (),
    target: str | None = None,
) -> Advice:
    """What to run in a case with so many labelled train sentences, and what there is besides.

    `english` is an English task with the same labels, `adapted` checkpoints after continued pre-training,
    `target` the task that is only scored. Regimes whose needs are not met are left out, and `missing`
    says so. Raises `SpecError` for fewer than two sentences.

    >>> found = advise(Case.UNLABELLED, 400, adapted=["starter:en-hi"])
    >>> found.regimes[-1].label, found.train_sizes, found.seeds
    ('TIES → FT', (50, 100, 200, 400), 5)
    """
    if labelled < 2:
        raise SpecError("labelled must be at least 2 sentences: without any, nothing can be fine-tuned.")
    case = Case(case)
    said: Mapping[str, Any] = _cases()[case]
    names = [
        *said["regimes"],
        *(said["with_english"] if english else ()),
        *(said["with_adapted"] if adapted else ()),
        *(said["with_both"] if english and adapted else ()),
    ]
    given = {"english": english, "adapted": tuple(adapted)}
    wanted = tuple(map(Regime, names))
    regimes = tuple(regime for regime in wanted if all(given[name] for name in regime.needs))
    settings: dict[str, Any] = (
        dict(said["settings"]) if any("scalings" in regime.reads for regime in regimes) else {}
    )
    settings |= {name: value for name, value in given.items() if value and _reads(regimes, name)}
    missing = []
    if len(regimes) < len(wanted):
        left = ", ".join(regime.label for regime in wanted if regime not in regimes)
        missing.append(f"{left}: an adapted checkpoint is needed first (codemix-lab cpt, or the page Adapt).")
    if case is Case.TRANSFER:
        settings |= {"targets": (target,)} if target else {}
        missing += (
            []
            if target
            else [
                "Name the task of the pair that matters (--target, “Also scored on”): it is never trained on."
            ]
        )
    return Advice(
        case,
        said["recipe"],
        regimes,
        train_sizes(labelled),
        10 if labelled <= FEW else 5,
        settings,
        tuple(said["paper"]),
        tuple(said["here"]),
        tuple(missing),
        tuple(said["next"]),
    )


def train_sizes(labelled: int) -> tuple[int, ...]:
    """Sizes of a learning curve: doubling from 50 up to what is there, four at most.

    >>> train_sizes(30), train_sizes(50), train_sizes(1000)
    ((30,), (50,), (125, 250, 500, 1000))
    """
    sizes = [labelled]
    while sizes[0] >= 100 and len(sizes) < 4:
        sizes.insert(0, sizes[0] // 2)
    return tuple(sizes)


def as_sweep(advice: Advice, task: str, base: str = "starter") -> dict[str, Any]:
    """The recipe as a sweep: `run` and `over`, as `codemix-lab sweep` reads it."""
    fields = {**advice.settings, "score_size": 1000}
    return regimes_sweep(task, base, advice.regimes, advice.train_sizes, range(advice.seeds), fields)


def _reads(regimes: Sequence[Regime], name: str) -> bool:
    return any(name in regime.reads for regime in regimes)


@functools.cache
def _cases() -> dict[str, Any]:
    return dict(yaml.safe_load(_TABLE.read_text(encoding="utf-8")))
