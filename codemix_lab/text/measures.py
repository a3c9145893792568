"""How much, how often and how regularly languages are mixed: the field's measures over language tags.

A sentence is its tags, one a token: a language code, or "other" for tokens of no language, which no
measure counts. Over a corpus, tokens are pooled, while switch points and spans never cross the end of
a sentence. Where a measure is undefined (no word, a single span) it is None.

CMI: Gambäck and Das, *On Measuring the Complexity of Code-Mixing* (2014) and *Comparing the Level of
Code-Switching in Corpora* (LREC 2016). M-index: Barnett et al., *The LIDES Coding Manual* (2000).
I-index, entropy, burstiness and memory: Guzmán, Ricard, Serigos, Bullock and Toribio, *Metrics for
Modeling Code-Switching Across Corpora* (Interspeech 2017), burstiness and memory after Goh and
Barabási (2008). Matrix language is taken to be the language of most words, a common simplification
of Myers-Scotton's frame.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any

from codemix_lab.text.tagging.tokens import OTHER, is_word, script_of

Tags = Sequence[str]


def words_only(tags: Tags) -> list[str]:
    """The tags that name a language.

    >>> words_only(["en", "other", "hi"])
    ['en', 'hi']
    """
    return [tag for tag in tags if tag != OTHER]


def spans(tags: Tags) -> list[tuple[str, int]]:
    """Runs of one language and their lengths in words; "other" does not break a run.

    >>> spans(["en", "en", "other", "en", "hi"])
    [('en', 3), ('hi', 1)]
    """
    return [(language, len(list(run))) for language, run in groupby(words_only(tags))]


def switch_points(tags: Tags) -> int:
    """Places where a word and the next one differ in language (P of Gambäck and Das).

    >>> switch_points(["en", "hi", "other", "hi", "en"])
    2
    """
    return max(0, len(spans(tags)) - 1)


def matrix_language(tags: Tags) -> str | None:
    """Language of most words; a tie goes to the one that comes first. None without words.

    >>> matrix_language(["en", "hi", "hi", "other"])
    'hi'
    """
    counts = Counter(words_only(tags))
    return max(counts, key=counts.__getitem__) if counts else None


def cmi(tags: Tags) -> float:
    """Code-mixing index of a sentence, 0 to 100: 100 · (1 − max wᵢ / (n − u)); 0 without words (2014).

    >>> cmi(["en", "en", "hi", "other", "hi", "en"])
    40.0
    """
    counts = Counter(words_only(tags))
    total = sum(counts.values())
    return 100.0 * (total - max(counts.values())) / total if total else 0.0


def cmi_with_switches(tags: Tags) -> float:
    """Cᵤ of Gambäck and Das (2016): 100 · (N − max tᵢ + P) / 2N, 0 to 100; 0 without words.

    >>> cmi_with_switches(["en", "en", "hi", "other", "hi", "en"])
    40.0
    """
    counts = Counter(words_only(tags))
    total = sum(counts.values())
    return 50.0 * (total - max(counts.values()) + switch_points(tags)) / total if total else 0.0


def corpus_cmi(sentences: Sequence[Tags]) -> float:
    """C_c of Gambäck and Das (2016), which also counts changes between sentences and mixed sentences.

    100/U · [½ Σ (1 − (max tᵢ − P)/N + δ) + 5/6 S], δ = 1 where the matrix language differs from that
    of the sentence before, S mixed sentences among U. Sentences without words add nothing but count in U.

    >>> round(corpus_cmi([["en", "hi", "hi", "hi"], ["en", "en"]]), 4)
    79.1667
    """
    if not sentences:
        return 0.0
    total, before = 0.0, None
    for tags in sentences:
        total += cmi_with_switches(tags) / 100
        matrix = matrix_language(tags)
        if matrix is not None:
            total += 0.5 * (before is not None and matrix != before)
            before = matrix
        total += 5 / 6 * (switch_points(tags) > 0)
    return 100.0 * total / len(sentences)


def m_index(counts: Iterable[int]) -> float | None:
    """Multilingual index, 0 (one language) to 1 (equal shares): (1 − Σp²) / ((k − 1) Σp²).

    k is the number of languages given, those with no word included. None below two languages.

    >>> m_index([5, 5]), m_index([9, 0]), round(m_index([9, 1]), 4)
    (1.0, 0.0, 0.2195)
    """
    found = list(counts)
    total = sum(found)
    if total == 0 or len(found) < 2:
        return None
    squares = sum((count / total) ** 2 for count in found)
    return (1 - squares) / ((len(found) - 1) * squares)


def language_entropy(counts: Iterable[int]) -> float | None:
    """Entropy of the shares of languages in bits, 0 to log₂ k. None without words.

    >>> language_entropy([5, 5]), language_entropy([3, 0])
    (1.0, 0.0)
    """
    found = [count for count in counts if count]
    total = sum(found)
    return sum(n / total * math.log2(total / n) for n in found) if total else None


def i_index(sentences: Iterable[Tags]) -> float | None:
    """Integration index, 0 to 1: switch points over the places where one could be, Σ (n − 1).

    >>> i_index([["en", "hi", "hi", "en", "en"]])
    0.5
    """
    switches = places = 0
    for tags in sentences:
        switches += switch_points(tags)
        places += max(0, len(words_only(tags)) - 1)
    return switches / places if places else None


def burstiness(lengths: Sequence[int]) -> float | None:
    """(σ − μ) / (σ + μ) of span lengths, −1 (regular) to 1 (bursty). None below two spans.

    >>> burstiness([2, 2, 2]), burstiness([4, 0])
    (-1.0, 0.0)
    """
    if len(lengths) < 2 or not any(lengths):
        return None
    mean = sum(lengths) / len(lengths)
    deviation = math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths))
    return (deviation - mean) / (deviation + mean)


def memory(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Correlation of the lengths of spans that follow each other, −1 to 1. None where undefined.

    >>> round(memory([(1, 2), (2, 4), (3, 6)]), 6)
    1.0
    """
    if len(pairs) < 2:
        return None
    firsts, seconds = [p[0] for p in pairs], [p[1] for p in pairs]
    mean_1, mean_2 = sum(firsts) / len(pairs), sum(seconds) / len(pairs)
    spread_1 = sum((a - mean_1) ** 2 for a in firsts)
    spread_2 = sum((b - mean_2) ** 2 for b in seconds)
    if not spread_1 or not spread_2:
        return None
    product = sum((a - mean_1) * (b - mean_2) for a, b in pairs)
    return max(-1.0, min(1.0, product / math.sqrt(spread_1 * spread_2)))


def script_share(tokens: Iterable[str]) -> dict[str, float]:
    """Share of every script among the words, by ISO 15924 code.

    >>> script_share(["ठीक", "hai", "!", "yaar", "ok"])
    {'Deva': 0.25, 'Latn': 0.75}
    """
    counts = Counter(script_of(token) for token in tokens if is_word(token))
    total = sum(counts.values())
    return {script: counts[script] / total for script in sorted(counts)}


def measure_tags(sentences: Sequence[Tags], languages: Sequence[str]) -> dict[str, Any]:
    """All measures that need tags only; `languages` are the pair's codes. Percentages 0–100, shares 0–1."""
    counts = Counter(tag for tags in sentences for tag in words_only(tags))
    by_language = [counts[language] for language in languages]
    runs = [spans(tags) for tags in sentences]
    lengths = [length for one in runs for _, length in one]
    directions = Counter(f"{a[0]}>{b[0]}" for one in runs for a, b in pairwise(one))
    switches = sum(directions.values())
    worded = [tags for tags in sentences if words_only(tags)]
    mixed = [tags for tags in worded if switch_points(tags)]
    matrices = Counter(matrix_language(tags) for tags in worded)
    values = [cmi(tags) for tags in worded]
    words = sum(counts.values())
    return {
        "sentences": len(sentences),
        "words": words,
        "cmi": sum(values) / len(values) if values else None,
        "cmi_mixed": sum(values) / len(mixed) if mixed else None,
        "cmi_with_switches": _mean([cmi_with_switches(tags) for tags in worded]),
        "cmi_corpus": corpus_cmi(sentences) if worded else None,
        "m_index": m_index(by_language),
        "i_index": i_index(sentences),
        "language_entropy": language_entropy(by_language),
        "burstiness": burstiness(lengths),
        "memory": memory([(a[1], b[1]) for one in runs for a, b in pairwise(one)]),
        "span_length": _mean(lengths),
        "switch_points": switches,
        "switches_per_sentence": switches / len(worded) if worded else None,
        "switch_parts": {way: n / switches for way, n in sorted(directions.items())},
        "language_share": {language: counts[language] / words for language in languages} if words else {},
        "matrix_language": {
            language: matrices[language] / len(worded) for language in languages if matrices[language]
        },
        "monolingual_share": 1 - len(mixed) / len(worded) if worded else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
