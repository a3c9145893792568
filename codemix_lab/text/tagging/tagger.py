"""The tagger: the script decides where it can; elsewhere a word model, smoothed along the sentence.

A word's log-odds come from logistic regression over the word and its character n-grams, as in King
and Abney (*Labeling the Languages of Words in Mixed-Language Documents*, 2013). Neighbours count by a
two-state Markov chain with one switch penalty; its best tags are found by max-marginals (Viterbi with
both directions), which for two states is a sum of clipped messages.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np

from codemix_lab.errors import DataError
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging.features import hashed
from codemix_lab.text.tagging.tokens import OTHER, SCRIPT_LANGUAGE, in_links, is_word, script_of, tokenise

_SURE = 8.0
_MOST_CACHED = 200_000
_APART = frozenset(("@", "http", "https", "www"))


def smoothed(odds: Sequence[float], penalty: float) -> list[float]:
    """Max-marginal log-odds along a chain in which a switch costs `penalty` (0 leaves them as they are).

    >>> smoothed([2.0, -0.5, 2.0], 1.0)
    [2.5, 1.5, 2.5]
    """
    forward, message = [], 0.0
    for value in odds:
        forward.append(value + message)
        message = max(-penalty, min(penalty, value + message))
    message = 0.0
    for place in range(len(odds) - 1, -1, -1):
        forward[place] += message
        message = max(-penalty, min(penalty, odds[place] + message))
    return forward


@dataclass(eq=False)
class Tagger:
    """Tags of one pair. `weights` has one float32 number for every hashed n-gram; positive log-odds mean the second language."""

    pair: str
    weights: np.ndarray
    bias: float
    penalty: float
    _known: dict[str, float] = field(default_factory=dict, repr=False)

    def tag(self, tokens: Sequence[str]) -> list[str]:
        """One tag a token: a code of the pair's languages, or "other"."""
        return self.tag_many([tokens])[0]

    def tag_many(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Tags of many sentences; words that were not met before go through the model together."""
        self._learn({token for tokens in sentences for token in tokens})
        return [self._tag(tokens) for tokens in sentences]

    def log_odds(self, words: Sequence[str]) -> np.ndarray:
        """log P(second language) − log P(first), each word alone, by its letters only."""
        return np.asarray(hashed(words) @ self.weights + self.bias)

    def _tag(self, tokens: Sequence[str]) -> list[str]:
        first, second = PAIRS[self.pair].languages
        known = self._known
        apart = in_links(tokens) if _APART.intersection(tokens) else ()
        places = [p for p, token in enumerate(tokens) if known[token] == known[token] and p not in apart]
        tags = [OTHER] * len(tokens)
        for place, value in zip(
            places, smoothed([known[tokens[p]] for p in places], self.penalty), strict=True
        ):
            tags[place] = second if value > 0 else first
        return tags

    def _learn(self, tokens: set[str]) -> None:
        """Put the log-odds of new tokens in the memory; NaN stands for no word."""
        if len(self._known) > _MOST_CACHED:
            self._known.clear()
        new = [token for token in tokens if token not in self._known]
        second, latin = PAIRS[self.pair].languages[1], []
        for token in new:
            if not is_word(token):
                self._known[token] = float("nan")
            elif (script := script_of(token)) == "Latn":
                latin.append(token)
            else:
                self._known[token] = _SURE if SCRIPT_LANGUAGE[script] == second else float("nan")
        if latin:
            self._known.update(zip(latin, self.log_odds(latin).tolist(), strict=True))


@functools.cache
def open_tagger(pair: str) -> Tagger:
    """The tagger of a pair of two languages. Raises `DataError` for any other pair."""
    if len(PAIRS[pair].languages) != 2 if pair in PAIRS else True:
        pairs = ", ".join(code for code, known in PAIRS.items() if len(known.languages) == 2)
        raise DataError(f"There are no language tags for “{pair}”. Choose one of {pairs}.")
    with (files("codemix_lab.text.tagging") / f"{pair}.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        weights = stored["weights"].astype(np.float32) * np.float32(stored["scale"])
        bias, penalty = float(stored["bias"]), float(stored["penalty"])
    return Tagger(pair, weights, bias, penalty)


def tag_sentence(text: str, pair: str) -> list[tuple[str, str]]:
    """Tokens of a sentence with their language tags. Raises `DataError` for an unknown pair.

    >>> tag_sentence("yaar the movie bahut achhi thi!", "en-hi")
    [('yaar', 'hi'), ('the', 'en'), ('movie', 'en'), ('bahut', 'hi'), ('achhi', 'hi'), ('thi', 'hi'), ('!', 'other')]
    """
    tokens = tokenise(text)
    return list(zip(tokens, open_tagger(pair).tag(tokens), strict=True))


def tag_sentences(texts: Iterable[str], pair: str) -> list[list[tuple[str, str]]]:
    """`tag_sentence` for many sentences at once, faster."""
    tokens = [tokenise(text) for text in texts]
    tags = open_tagger(pair).tag_many(tokens)
    return [list(zip(words, found, strict=True)) for words, found in zip(tokens, tags, strict=True)]
