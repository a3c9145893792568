"""Training the taggers anew, from authored text and text under Apache-2.0 only.

    python -c "from codemix_lab.text.tagging.training import train_taggers; train_taggers('../shared/data', 'new')"

The folder holds, where it has them, `parallel/en-hi.{cmudog,top.en_codemixed}.tsv.gz` (English and the
same sentence code-mixed) and `cpt/en-es.bangor.txt.gz` (speech in both languages); the rest is the
starter. Without gold tags for these, a code-mixed word that stands in the English sentence beside it
counts as English and any other as Hindi; for Spanish, the model tags the speech itself and learns from
its own posteriors (EM, three rounds).
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codemix_lab.errors import DataError
from codemix_lab.paths import new_folder
from codemix_lab.progress import Progress, ShouldStop, raise_if_stopped, report
from codemix_lab.text.corpora import starter_corpora, starter_corpus, starter_parallel, starter_sentences
from codemix_lab.text.mixing.lexicon import starter_lexicon
from codemix_lab.text.mixing.spelling import varied
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.readers import read_lines, read_table
from codemix_lab.text.romanise import romanise
from codemix_lab.text.sources import STARTER, starter_tasks
from codemix_lab.text.tagging.features import hashed
from codemix_lab.text.tagging.tagger import Tagger, smoothed
from codemix_lab.text.tagging.tokens import is_word, script_of, tokenise
from codemix_lab.text.tasks import open_task


@dataclass(frozen=True)
class Recipe:
    """How one pair is trained: files beside the starter, rounds of EM, and the switch penalty of the chain."""

    parallel: tuple[str, ...] = ()
    speech: tuple[str, ...] = ()
    rounds: int = 0
    penalty: float = 0.5


RECIPES = {
    "en-hi": Recipe(parallel=("en-hi.cmudog.tsv.gz", "en-hi.top.en_codemixed.tsv.gz")),
    "en-es": Recipe(speech=("en-es.bangor.txt.gz",), rounds=3, penalty=1.5),
    "en-ta": Recipe(rounds=1, penalty=0.5),
    "en-ml": Recipe(rounds=1, penalty=0.5),
}

_INVERSE_L2 = 3.0
_GOLD = 2.0
_LISTED = 1.0
_CHAT = 6.0
CHAT = STARTER / "chat.tsv"
"""Spellings of chats, by language, that prose has not: *lol*, *nhi*, *xq*."""
Evidence = dict[str, list[float]]


def train_taggers(
    folder: str | Path,
    target: str | Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> None:
    """Write `<pair>.npz` of all four pairs into a new folder. About two minutes on one core."""
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
    english = _words(_english(folder))
    other = _words(_other(pair))
    evidence: Evidence = defaultdict(lambda: [0.0, 0.0])
    for side, counts in ((0, Counter(english)), (1, Counter(other))):
        for word, count in counts.items():
            evidence[word][side] += count**0.5
    _add_lexicon(evidence, pair)
    _add_chat(evidence, pair)
    seen: Evidence = defaultdict(lambda: [0.0, 0.0])
    for name in recipe.parallel if folder else ():
        _compare(seen, _beside(folder, "parallel", name))
    if gold:
        _add_gold(seen, pair)
    _damp(evidence, seen)
    tagger = _fit(pair, evidence, recipe.penalty)
    if recipe.rounds:
        mixed = [[w for w in tokenise(text) if is_word(w)] for text in _mixed(pair, folder)]
        for _ in range(recipe.rounds):
            again = {word: list(sides) for word, sides in evidence.items()}
            _damp(again, _expected(tagger, mixed))
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
    counts: Evidence = defaultdict(lambda: [0.0, 0.0])
    for words in sentences:
        latin = [word.lower() for word in words if script_of(word) == "Latn"]
        for word, value in zip(latin, smoothed([odds[word] for word in latin], tagger.penalty), strict=True):
            share = 1 / (1 + np.exp(-value))
            counts[word][0] += 1 - share
            counts[word][1] += share
    return counts


def _damp(evidence: Evidence, counts: Evidence) -> None:
    for word, sides in counts.items():
        mine = evidence.setdefault(word, [0.0, 0.0])
        for side in (0, 1):
            mine[side] += sides[side] ** 0.7


def _compare(seen: Evidence, path: Path) -> None:
    for pair in read_lines(path):
        english, _, mixed = pair.partition("\t")
        there = {word.lower() for word in tokenise(english)}
        for word in _words([mixed]):
            seen[word][word not in there] += 0.3


def _add_gold(seen: Evidence, pair: str) -> None:
    try:
        sentences = starter_sentences(pair)
    except DataError:
        return
    languages = PAIRS[pair].languages
    for sentence in sentences:
        for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
            if tag in languages and is_word(token) and script_of(token) == "Latn":
                seen[token.lower()][languages.index(tag)] += _GOLD


def _add_lexicon(evidence: Evidence, pair: str) -> None:
    for english, others in starter_lexicon(pair).entries.items():
        for side, words in ((0, [english]), (1, others)):
            for word in _words(words):
                evidence[word][side] += _LISTED


def _add_chat(evidence: Evidence, pair: str) -> None:
    table = read_table(CHAT)
    for word, language in zip(table["word"], table["language"], strict=True):
        if language in PAIRS[pair].languages:
            evidence[word][PAIRS[pair].languages.index(language)] += _CHAT


def _english(folder: str | Path | None) -> list[str]:
    texts = [*starter_corpus("mono.en"), *open_task("en").frame["text"]]
    for pair in RECIPES:
        texts += _parallel(pair, "english")
    for name in RECIPES["en-hi"].parallel if folder else ():
        texts += [line.partition("\t")[0] for line in read_lines(_beside(folder, "parallel", name))]
    return texts


def _other(pair: str) -> list[str]:
    language = PAIRS[pair].languages[1]
    texts = _parallel(pair, "spanish" if language == "es" else "romanised")
    texts += [text for name in (f"mono.{language}", f"mono.{language}-latn") for text in _corpus(name)]
    if language == "hi":
        rng = random.Random(0)
        native = [text for text in texts if script_of(text) == "Deva"]
        texts += [romanise(text) for text in native] + [romanise(t, rng) for t in native for _ in range(2)]
    if language == "es":
        texts += [_as_typed(text) for text in texts]
    return texts


def _as_typed(text: str) -> str:
    """Spanish as it is typed in haste: k for qu and hard c, y for ll, no accents and no silent h."""
    plain = varied(text.lower(), "es", random.Random(0), 1.0)
    return re.sub(r"c(?=[aou])|qu(?=[ei])", "k", re.sub(r"\bh", "", plain.replace("ll", "y")))


def _mixed(pair: str, folder: str | Path | None) -> list[str]:
    texts = list(_corpus(pair))
    for task in starter_tasks():
        if task.partition(".")[0] == pair:
            texts += open_task(task).frame["text"].tolist()
    for name in RECIPES[pair].speech if folder else ():
        texts += read_lines(_beside(folder, "cpt", name))
    return texts


def _beside(folder: str | Path | None, kind: str, name: str) -> Path:
    return Path(folder or ".") / kind / name


def _corpus(name: str) -> list[str]:
    return starter_corpus(name) if name in starter_corpora() else []


def _parallel(pair: str, column: str) -> list[str]:
    try:
        return starter_parallel(pair)[column].tolist()
    except DataError:
        return []


def _words(texts: Iterable[str]) -> list[str]:
    return [
        token.lower()
        for text in texts
        for token in tokenise(text)
        if is_word(token) and script_of(token) == "Latn"
    ]
