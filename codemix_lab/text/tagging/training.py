"""Training the taggers anew, from authored text and text under Apache-2.0 only.

    python -c "from codemix_lab.text.tagging.training import train_taggers; train_taggers('../shared/data', 'new')"

The folder holds, where it has them, `parallel/en-hi.{cmudog,top.en_codemixed}.tsv.gz` (English and the
same sentence code-mixed) and `cpt/en-es.bangor.txt.gz` (speech in both languages); the rest is the
starter. Without gold tags for these, a code-mixed word that stands in the English sentence beside it
counts as English and any other as Hindi; for Spanish, the model tags the speech itself and learns from
its own posteriors (EM, one round: more of them drift).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging.evidence import (
    Evidence,
    damp,
    from_lists,
    from_mixtures,
    no_evidence,
    unlabelled,
)
from codemix_lab.text.tagging.features import hashed
from codemix_lab.text.tagging.tagger import Tagger, smoothed
from codemix_lab.text.tagging.tokens import is_word, script_of, tokenise


@dataclass(frozen=True)
class Recipe:
    """How one pair is trained: rounds of EM, and the switch penalty of the chain."""

    rounds: int
    penalty: float


RECIPES = {
    "en-hi": Recipe(rounds=0, penalty=0.5),
    "en-es": Recipe(rounds=1, penalty=1.5),
    "en-ta": Recipe(rounds=1, penalty=0.5),
    "en-ml": Recipe(rounds=1, penalty=0.5),
}

_INVERSE_L2 = 3.0


def train_taggers(
    folder: str | Path,
    target: str | Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> None:
    """Write `<pair>.npz` of all four pairs into a new folder. About a minute on one core."""
    with new_folder(Path(target)) as beside:
        for done, pair in enumerate(RECIPES):
            raise_if_stopped(should_stop)
            report(on_progress, done, len(RECIPES), f"training {PAIRS[pair].name}")
            save(train_tagger(pair, folder), beside / f"{pair}.npz")


def train_tagger(pair: str, folder: str | Path | None, gold: bool = True) -> Tagger:
    """Train the tagger of one pair; the same files give the same weights.

    `folder` as in the module's text; None trains on the starter alone. `gold` False leaves the
    starter's tagged sentences out, to measure on them.
    """
    recipe = RECIPES[pair]
    evidence = from_lists(pair, folder)
    damp(evidence, from_mixtures(pair, folder, gold))
    tagger = _fit(pair, evidence, recipe.penalty)
    if recipe.rounds:
        mixed = [[w for w in tokenise(text) if is_word(w)] for text in unlabelled(pair, folder)]
        for _ in range(recipe.rounds):
            again = {word: list(sides) for word, sides in evidence.items()}
            damp(again, _expected(tagger, mixed))
            tagger = _fit(pair, again, recipe.penalty)
    return tagger


def save(tagger: Tagger, path: Path) -> None:
    """Write weights as 16-bit numbers with one scale; no pickle."""
    scale = float(np.abs(tagger.weights).max()) / 32767
    np.savez_compressed(
        path,
        weights=np.round(tagger.weights / scale).astype(np.int16),
        scale=np.float64(scale),
        bias=np.float64(tagger.bias),
        penalty=np.float64(tagger.penalty),
    )


def _fit(pair: str, evidence: Evidence, penalty: float) -> Tagger:
    from sklearn.linear_model import LogisticRegression

    rows = [
        (word, side, weight)
        for word in sorted(evidence)
        for side, weight in enumerate(evidence[word])
        if weight > 0
    ]
    sides = np.array([side for _, side, _ in rows])
    weights = np.array([weight for _, _, weight in rows])
    for side in (0, 1):
        weights[sides == side] *= len(rows) / 2 / weights[sides == side].sum()
    model = LogisticRegression(C=_INVERSE_L2, max_iter=100, tol=1e-3)
    model.fit(hashed([word for word, _, _ in rows]), sides, sample_weight=weights)
    return Tagger(pair, model.coef_[0].astype(np.float32), float(model.intercept_[0]), penalty)


def _expected(tagger: Tagger, sentences: Sequence[Sequence[str]]) -> Evidence:
    """Posterior counts of the words of code-mixed text; words that the script decides teach nothing."""
    vocabulary = sorted({word.lower() for words in sentences for word in words})
    odds = dict(zip(vocabulary, tagger.log_odds(vocabulary).tolist(), strict=True))
    counts = no_evidence()
    for words in sentences:
        latin = [word.lower() for word in words if script_of(word) == "Latn"]
        for word, value in zip(latin, smoothed([odds[word] for word in latin], tagger.penalty), strict=True):
            share = 1 / (1 + np.exp(-value))
            counts[word][0] += 1 - share
            counts[word][1] += share
    return counts
