"""From sentences of one language, or of two side by side, to code-mixed ones."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.errors import DataError, SpecError
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.corpora import starter_parallel
from codemix_lab.text.measures import measure_tags
from codemix_lab.text.mixing.alignment import MOST_PAIRS, Aligner
from codemix_lab.text.mixing.lattice import ALIGNED, Slot, alternation_slots, insertion_slots, words_of
from codemix_lab.text.mixing.lexicon import Lexicon, starter_lexicon
from codemix_lab.text.mixing.spelling import varied
from codemix_lab.text.mixing.target import Target
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.romanise import romanise
from codemix_lab.text.tagging.tokens import OTHER, is_word, script_of, tokenise

Parallel = tuple[str, str]

MATCHED = 0.03
"""How near the index must come to the one asked for to be called matched."""

_CLOSING = re.compile(r"[.,!?;:%)\]}…।'’”]+$")
_OPENING = ("(", "[", "{", "¿", "¡", "“")
_REPORT_EVERY = 500


@dataclass(frozen=True)
class Mixed:
    """A code-mixed sentence with the language that each token was taken from ("other" for signs)."""

    text: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


class Mixer:
    """Mixes one sentence after the other as a spec asks; seeded, and with a memory only of running means."""

    def __init__(self, spec: MixSpec, lexicon: Lexicon | None = None, known: Iterable[Parallel] = ()) -> None:
        """`known` are parallel sentences (English, other) from which words are aligned."""
        first, self._second = languages_of(spec)
        self._matrix = spec.matrix or self._second
        self._embedded = first if self._matrix == self._second else self._second
        self.spec = spec
        self._rng = random.Random(spec.seed)
        self._target = Target(spec.index, spec.switch_rate, self._rng)
        lexicon = (lexicon or starter_lexicon(spec.pair)).romanised()
        self._lexicon = lexicon if self._matrix == "en" else lexicon.inverted()
        self._stems = self._lexicon.stems(self._matrix)
        pairs = ((tokenise(a), tokenise(_latin(b))) for a, b in known)
        self._aligner = Aligner(lexicon, pairs)

    def mix(self, source: str | Parallel) -> Mixed:
        """One sentence of the matrix language, or (English, other); alternation needs both.

        Insertion takes content words that the lexicon knows, then adverbs and discourse words, then verbs,
        then inflected words by their stem, and then, where there is a parallel sentence, short stretches
        aligned with it; each step only as far as the target needs it.
        """
        slots = self._slots(source)
        chosen = self._target.choose(slots)
        tokens: list[str] = []
        tags: list[str] = []
        for slot, switched in zip(slots, chosen, strict=True):
            language = self._embedded if switched else self._matrix
            taken = (slot.other or ()) if switched else slot.matrix
            for token in taken:
                tokens.append(self._spelt(token, language))
                tags.append(language if is_word(token) else OTHER)
        if tokens and tokens[0].islower() and _first(source, self._matrix)[:1].isupper():
            tokens[0] = tokens[0][0].upper() + tokens[0][1:]
        return Mixed(joined(tokens), tuple(tokens), tuple(tags))

    def _slots(self, source: str | Parallel) -> list[Slot]:
        matrix = tokenise(_latin(_first(source, self._matrix)))
        insertion = self.spec.method is MixMethod.INSERTION
        if isinstance(source, str):
            if insertion:
                return self._inserted(matrix)
            raise DataError(
                "Alternation needs parallel sentences, two columns (English, the other language). "
                "For text in one language choose the method insertion."
            )
        english, other = tokenise(source[0]), tokenise(_latin(source[1]))
        links = self._aligner.links(english, other)
        if self._matrix == "en":
            slots = alternation_slots(english, other, links)
        else:
            slots = alternation_slots(other, english, [(j, i) for i, j in links])
        return [part for slot in slots for part in self._parts(slot, len(matrix), insertion)]

    def _parts(self, slot: Slot, length: int, insertion: bool) -> list[Slot]:
        """A stretch that is most of its sentence cannot be switched whole: words are inserted there.

        For insertion that is so of every stretch with a word that can be, and the rest comes last.
        """
        if 2 * len(slot.matrix) > length:
            return self._inserted(slot.matrix)
        if not insertion:
            return [slot]
        parts = self._inserted(slot.matrix)
        if any(words_of(part.other or ()) for part in parts):
            return parts
        return [replace(slot, rank=ALIGNED)]

    def _inserted(self, tokens: Sequence[str]) -> list[Slot]:
        return insertion_slots(tokens, self._lexicon, self._matrix, self._stems)

    def _spelt(self, token: str, language: str) -> str:
        if language != self._second or not is_word(token):
            return token
        return varied(token, language, self._rng, self.spec.spelling)


def languages_of(spec: MixSpec) -> tuple[str, str]:
    """The two languages of a spec's pair. Raises `SpecError` when pair or matrix language is none."""
    known = PAIRS.get(spec.pair)
    if known is None or len(known.languages) != 2:
        pairs = ", ".join(code for code, one in PAIRS.items() if len(one.languages) == 2)
        raise SpecError(f"pair “{spec.pair}” cannot be mixed: choose one of {pairs}.")
    if spec.matrix is not None and spec.matrix not in known.languages:
        raise SpecError(
            f"matrix “{spec.matrix}” is no language of {spec.pair}: choose {' or '.join(known.languages)}."
        )
    return known.languages[0], known.languages[1]


def mix(
    sources: Iterable[str | Parallel],
    spec: MixSpec,
    lexicon: Lexicon | None = None,
    total: int = 0,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Iterator[Mixed]:
    """Mix sentences as they stream by; up to 10,000 parallel ones are read ahead to align their words.

    Raises `SpecError` for a pair that cannot be mixed, `DataError` for alternation of unpaired
    sentences, and `Cancelled`.
    """
    stream = iter(sources)
    ahead = list(itertools.islice(stream, MOST_PAIRS))
    mixer = Mixer(spec, lexicon, [one for one in ahead if not isinstance(one, str)])
    for done, source in enumerate(itertools.chain(ahead, stream)):
        if done % _REPORT_EVERY == 0:
            raise_if_stopped(should_stop)
            report(on_progress, done, total, "mixing")
        yield mixer.mix(source)


def starter_sources(pair: str) -> list[Parallel]:
    """The starter's parallel sentences of a pair: English, and the other language in Latin letters."""
    frame = starter_parallel(pair)
    column = "romanised" if "romanised" in frame.columns else frame.columns[1]
    return list(zip(frame["english"].tolist(), frame[column].tolist(), strict=True))


def preview(spec: MixSpec, count: int = 10) -> list[list[tuple[str, str]]]:
    """Some starter sentences mixed as the spec asks: tokens with their language, for a page to show."""
    sources = starter_sources(spec.pair)
    mixer = Mixer(spec, None, sources)
    return [list(zip(m.tokens, m.tags, strict=True)) for m in map(mixer.mix, sources[:count])]


def mixture_frame(mixed: Sequence[Mixed], spec: MixSpec) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A column text, and the measures of the tags known from the making; `matched` tells ±0.03 of the index."""
    measures = measure_tags([one.tags for one in mixed], languages_of(spec))
    reached = (measures["cmi"] or 0.0) / 100
    measures |= {"asked_index": spec.index, "matched": abs(reached - spec.index) <= MATCHED}
    return pd.DataFrame({"text": [one.text for one in mixed]}, dtype="str"), measures


def joined(tokens: Sequence[str]) -> str:
    """Tokens as a sentence is written: no blank before closing signs or after opening ones.

    >>> joined(["¿", "Vienes", "to", "the", "party", "?", ":)"])
    '¿Vienes to the party? :)'
    """
    pieces: list[str] = []
    for token in tokens:
        glue = (
            not pieces
            or pieces[-1] in _OPENING
            or (_CLOSING.match(token) and token[:2] not in (":)", ":(", ";)"))
        )
        pieces += [token] if glue else [" ", token]
    return "".join(pieces)


def _first(source: str | Parallel, matrix: str) -> str:
    return source if isinstance(source, str) else source[0 if matrix == "en" else 1]


def _latin(text: str) -> str:
    return romanise(text) if script_of(text) == "Deva" else text
