"""How a synthetic mixture is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codemix_lab.config.spec import Spec, parameter


class MixMethod(StrEnum):
    """Where a sentence may switch."""

    INSERTION = "insertion"
    """Words of the other language in a sentence of the matrix language, by a bilingual lexicon."""
    ALTERNATION = "alternation"
    """Whole stretches of two parallel sentences, where both have their words in the same order."""


@dataclass(frozen=True)
class MixSpec(Spec):
    """A synthetic mixture: its pair, how it is made, and how mixed it shall be."""

    pair: str = parameter(help="Language pair: en-hi, en-es, en-ta or en-ml.")
    method: MixMethod = parameter(
        MixMethod.ALTERNATION,
        help="insertion (lexicon words into sentences of one language) or alternation (parallel sentences).",
    )
    matrix: str | None = parameter(
        None, help="Matrix language by its code: the one that most words are in (the second when left out)."
    )
    index: float = parameter(
        0.25, low=0.0, high=0.5, step=0.01, help="Code-mixing index to reach, as a share (CMI / 100)."
    )
    switch_rate: float | None = parameter(
        None,
        low=0.0,
        high=1.0,
        step=0.01,
        help="I-index to come near: switches by places (free when left out).",
    )
    spelling: float = parameter(
        0.0, low=0.0, high=1.0, step=0.05, help="Share of romanised words that vary in spelling."
    )
    seed: int = parameter(0, low=0, high=2**31 - 1, step=1, help="Seed of all choices.")
