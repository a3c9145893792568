"""Mixing a whole file into a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.errors import DataError, StorageError
from codemix_lab.paths import new_file
from codemix_lab.progress import Progress, ShouldStop, report
from codemix_lab.text.corpora import open_corpus
from codemix_lab.text.measures import measure_tags
from codemix_lab.text.mixing.lexicon import Lexicon, read_lexicon, read_romanisations
from codemix_lab.text.mixing.mixer import MATCHED, Parallel, languages_of, mix, starter_sources
from codemix_lab.text.mixing.reach import highest_index
from codemix_lab.text.readers import read_lines


def mix_file(
    source: str | None,
    spec: MixSpec,
    out: Path,
    lexicon: Path | None = None,
    romanisation: Path | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> dict[str, Any]:
    """Write mixed sentences to the new file `out`, one a line, and return their measures.

    `source` is a parallel file, a text or corpus in the matrix language, or None for the starter's parallel
    sentences. `highest` is the index that they reach at most; it is told as progress before they are mixed. Raises `DataError`,
    `SpecError`, `Cancelled`, and `StorageError` when `out` exists.
    """
    languages = languages_of(spec)
    words = own_lexicon(lexicon, romanisation)
    sources = sources_of(source, spec)
    if Path(out).exists():
        raise StorageError(f"{out} exists already, and nothing is overwritten. Choose another name.")
    highest = highest_index(sources, spec, words)
    report(on_progress, 0, len(sources), f"an index of up to {highest:.2f} can be reached; mixing")
    tags = []
    with new_file(Path(out)) as beside, beside.open("w", encoding="utf-8") as file:
        for one in mix(sources, spec, words, len(sources), on_progress, should_stop):
            file.write(one.text.replace("\n", " ") + "\n")
            tags.append(one.tags)
    found = measure_tags(tags, languages)
    reached = (found["cmi"] or 0.0) / 100
    return {
        "out": str(out),
        "spec": spec.to_dict(),
        "highest": round(highest, 4),
        "matched": abs(reached - spec.index) <= MATCHED,
        **found,
    }


def own_lexicon(lexicon: Path | None, romanisation: Path | None) -> Lexicon | None:
    """The user's word list in Latin letters, or None for the starter's. Raises `DataError`."""
    if lexicon is None:
        if romanisation is not None:
            raise DataError("A romanisation list serves a lexicon in native script: give --lexicon too.")
        return None
    spellings = read_romanisations(romanisation) if romanisation else None
    found = read_lexicon(lexicon).romanised(spellings)
    if not found.entries:
        raise DataError(
            f"{lexicon}: no translation can be written in Latin letters. "
            "Give a list of native words and their romanisations with --romanisation."
        )
    return found


def sources_of(source: str | None, spec: MixSpec) -> list[str | Parallel]:
    """Sentences to mix: pairs where the source has them, else lines in one language. Raises `DataError`."""
    pairs = starter_sources(spec.pair) if source is None else _pairs(Path(source))
    if pairs:
        return list(pairs)
    if spec.method is MixMethod.ALTERNATION:
        raise DataError(
            f"{source} holds no parallel sentences (two columns apart by a tab: English, the other language), "
            "which alternation needs. Choose --method insertion for text in one language."
        )
    return list(open_corpus(str(source)))


def _pairs(path: Path) -> list[Parallel]:
    """Rows of a file in which every line has two cells or more apart by tabs, the header left out; else none."""
    if not path.is_file():
        return []
    rows = [line.split("\t") for line in read_lines(path)]
    if any(len(cells) < 2 for cells in rows):
        return []
    if rows[0][0].strip().lower() in ("english", "en"):
        rows = rows[1:]
    return [(cells[0].strip(), cells[1].strip()) for cells in rows if cells[0].strip() and cells[1].strip()]
