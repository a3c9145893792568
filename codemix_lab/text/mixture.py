"""Unlabelled text for continued pre-training: corpora by name or file, mixed by shares, kept clear of test sets."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codemix_lab.errors import DataError
from codemix_lab.text.corpora import held_out, open_corpus, starter_corpora
from codemix_lab.text.duplicates import normalise
from codemix_lab.text.pairs import guess_pair
from codemix_lab.text.tasks import Task

HELD_OUT = 64
FEW = 200
"""Corpora of fewer sentences give none away for measuring, and the user is told."""
CODE_MIXED, MONOLINGUAL = "code-mixed", "monolingual"


@dataclass(frozen=True, eq=False)
class Mixture:
    """What is read and what is measured on.

    `lines` are to be trained on, in order; `held_out` maps "code-mixed" and "monolingual" to sentences
    that are not among them; `used` says how many sentences each corpus gave; `digest` is the SHA-256 of
    `lines`; `warnings` are sentences for the user.
    """

    lines: list[str]
    held_out: dict[str, list[str]]
    used: dict[str, int]
    digest: str
    warnings: tuple[str, ...]


def distinct_sentences(source: str) -> list[str]:
    """The sentences of `corpora.open_corpus`, each once (the first of those equal after `normalise`)."""
    return list({normalise(line): line for line in reversed(open_corpus(source))}.values())[::-1]


def mix(corpora: Sequence[str], shares: Sequence[float] = (), seed: int = 0) -> Mixture:
    """Read the corpora, set sentences aside to measure on, and draw the rest by `shares`.

    With shares the mixture is as large as the scarcest corpus allows, and nothing is repeated; without,
    all is read. Monolingual text to measure on comes with the lab; code-mixed sentences are the 64 of
    smallest hash from the corpora that are not monolingual by name (starter ones where those are small).
    Order is drawn with `seed`. Raises `DataError` for no corpus and what `open_corpus` raises.
    """
    if not corpora:
        raise DataError(
            f"No corpus to read: name a starter corpus ({', '.join(starter_corpora())}) or a file."
        )
    if len(set(corpora)) < len(corpora):
        raise DataError("A corpus is named twice: name each once, and weigh them by their shares.")
    texts = {source: distinct_sentences(source) for source in corpora}
    pair = next(
        filter(None, (guess_pair(Path(source).name) for source in texts if not _is_mono(source))), None
    )
    mixed = [line for source, lines in texts.items() if not _is_mono(source) for line in lines]
    warnings, own = [], held_out(pair)
    if len(mixed) >= FEW:
        code_mixed = sorted(mixed, key=_hash)[:HELD_OUT]
    else:
        code_mixed = own.code_mixed
        if mixed:
            warnings.append(
                f"Only {len(mixed)} code-mixed sentences: the model may learn them by heart. "
                "Loss is measured on sentences that come with the lab."
            )
    measured = {CODE_MIXED: code_mixed, MONOLINGUAL: own.monolingual}
    kept_back = {normalise(line) for lines in measured.values() for line in lines}
    texts = {
        source: [line for line in lines if normalise(line) not in kept_back]
        for source, lines in texts.items()
    }
    rng = random.Random(seed)
    for lines in texts.values():
        rng.shuffle(lines)
    if shares:
        whole = min(len(lines) / share for lines, share in zip(texts.values(), shares, strict=True))
        texts = {
            source: lines[: round(whole * share)]
            for (source, lines), share in zip(texts.items(), shares, strict=True)
        }
    together = [line for lines in texts.values() for line in lines]
    if not together:
        raise DataError(
            "After setting sentences aside to measure on, nothing is left to read: give more text."
        )
    rng.shuffle(together)
    used = {source: len(lines) for source, lines in texts.items()}
    return Mixture(together, measured, used, _digest(together), tuple(warnings))


def leaks(lines: Iterable[str], task: Task) -> Counter[str]:
    """How many distinct dev and test sentences of `task` stand in `lines`, equal after `normalise`."""
    read = {normalise(line) for line in lines}
    return Counter(split for split, text in _scored(task) if text in read)


def without_leaks(mixture: Mixture, tasks: Iterable[Task]) -> Mixture:
    """The mixture without the dev and test sentences of `tasks`; `warnings` say how many lines that took.

    Raises `DataError` when nothing is left.
    """
    scored = {text for task in tasks for _, text in _scored(task)}
    lines = [line for line in mixture.lines if normalise(line) not in scored]
    gone = len(mixture.lines) - len(lines)
    if not gone:
        return mixture
    if not lines:
        raise DataError("The corpus is dev and test text of the task and nothing else: give other text.")
    told = f"{gone:,} {'line' if gone == 1 else 'lines'} left out: dev or test text of the task."
    return replace(mixture, lines=lines, digest=_digest(lines), warnings=(*mixture.warnings, told))


def refuse_leaks(lines: Iterable[str], task: Task) -> None:
    """Raise `DataError` when dev or test sentences of `task` are among the text to be read."""
    found = leaks(lines, task)
    if found:
        told = " and ".join(f"{count:,} {split}" for split, count in sorted(found.items()))
        raise DataError(
            f"The corpus holds {told} sentences of the task {task.name}: scores on it would be too good. "
            "Have them left out (--without-leaks), or force it where that is what you want."
        )


def _scored(task: Task) -> set[tuple[str, str]]:
    rows = task.frame[task.frame["split"].isin(["dev", "test"])]
    return {(split, normalise(text)) for split, text in zip(rows["split"], rows["text"], strict=True)}


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _is_mono(source: str) -> bool:
    return source.startswith("mono.")


def _hash(line: str) -> bytes:
    return hashlib.sha256(line.encode()).digest()
