"""What tells the languages of words apart: counts from text, word lists, tagged sentences and parallel ones.

Evidence is two numbers a word in lower case, for the pair's first and second language.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from codemix_lab.errors import DataError
from codemix_lab.text.corpora import starter_corpora, starter_corpus, starter_parallel, starter_sentences
from codemix_lab.text.mixing.lexicon import starter_lexicon
from codemix_lab.text.mixing.spelling import varied
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.readers import read_lines, read_table
from codemix_lab.text.romanise import romanise
from codemix_lab.text.sources import STARTER, starter_tasks
from codemix_lab.text.tagging.tokens import is_word, script_of, tokenise
from codemix_lab.text.tasks import open_task

Evidence = dict[str, list[float]]

PARALLEL = {"en-hi": ("en-hi.cmudog.tsv.gz", "en-hi.top.en_codemixed.tsv.gz")}
SPEECH = {"en-es": ("en-es.bangor.txt.gz",)}

CHAT = STARTER / "chat.tsv"
"""Spellings of chats, by language, that prose has not: *lol*, *nhi*, *xq*."""

EVERYDAY = STARTER / "everyday.tsv"
"""Everyday words by language, inflected as they are said, and for Hindi spelt as they are typed."""

_GOLD = 2.0
_LISTED = 1.0
_EVERYDAY = 6.0
_CHAT = 6.0
_BESIDE = 0.3


def no_evidence() -> Evidence:
    """A table in which a new word starts without any."""
    return defaultdict(lambda: [0.0, 0.0])


def from_lists(pair: str, folder: str | Path | None) -> Evidence:
    """Evidence of text in one language (the root of each count, so that a frequent word is no tyrant) and word lists."""
    evidence = no_evidence()
    for side, words in enumerate((_words(_english(folder)), _words(_other(pair)))):
        for word, count in Counter(words).items():
            evidence[word][side] += count**0.5
    for english, others in starter_lexicon(pair).entries.items():
        for side, listed in ((0, [english]), (1, others)):
            for word in _words(listed):
                evidence[word][side] += _LISTED
    _add_table(evidence, pair, EVERYDAY, _EVERYDAY)
    _add_table(evidence, pair, CHAT, _CHAT)
    return evidence


def from_mixtures(pair: str, folder: str | Path | None, gold: bool) -> Evidence:
    """Counts of code-mixed words: in the English sentence beside it or not, and as tagged in the starter (`gold`)."""
    seen = no_evidence()
    for name in PARALLEL.get(pair, ()) if folder else ():
        for line in read_lines(_beside(folder, "parallel", name)):
            english, _, mixed = line.partition("\t")
            there = {word.lower() for word in tokenise(english)}
            for word in _words([mixed]):
                seen[word][word not in there] += _BESIDE
    if gold:
        _add_gold(seen, pair)
    return seen


def damp(evidence: Evidence, counts: Evidence) -> None:
    """Add counts to evidence, each to the power of 0.7."""
    for word, sides in counts.items():
        mine = evidence.setdefault(word, [0.0, 0.0])
        for side in (0, 1):
            mine[side] += sides[side] ** 0.7


def unlabelled(pair: str, folder: str | Path | None) -> list[str]:
    """Code-mixed sentences without tags."""
    texts = list(_corpus(pair))
    for task in starter_tasks():
        if task.partition(".")[0] == pair:
            texts += open_task(task).frame["text"].tolist()
    for name in SPEECH.get(pair, ()) if folder else ():
        texts += read_lines(_beside(folder, "cpt", name))
    return texts


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


def _add_table(evidence: Evidence, pair: str, path: Path, weight: float) -> None:
    table = read_table(path)
    for word, language in zip(table["word"], table["language"], strict=True):
        if language in PAIRS[pair].languages:
            evidence[word][PAIRS[pair].languages.index(language)] += weight


def _english(folder: str | Path | None) -> list[str]:
    texts = [*starter_corpus("mono.en"), *open_task("en").frame["text"]]
    for code, known in PAIRS.items():
        texts += _parallel(code, "english") if len(known.languages) == 2 else []
    for name in PARALLEL["en-hi"] if folder else ():
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
