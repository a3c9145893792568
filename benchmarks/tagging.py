"""How fast text is tagged and mixed on one core, and how often the tags are those of published gold.

    python benchmarks/tagging.py [--quick]

The comparison by gold tags wants published data: `../shared/data` or the folder CODEMIX_LAB_REAL_DATA names.
Tokens tagged OTHER (or ne, mixed, ambiguous …) are left out. Accuracy is given over all gold tokens, in which
the tagger's “other” is an error, and over words, without handles, hashtags, links and their pieces (`@ user`,
`https // t . co / x`). Of SentiMix's raw files only the half is scored that was not looked at (by a hash of
the sentence). Beside that stand what its tags allow: how often a form met ten times has its own commonest tag,
and what a model trained on four fifths of the same tags, with the words around, reaches on the fifth left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.text.corpora import open_corpus, starter_sentences
from codemix_lab.text.mixing import mix
from codemix_lab.text.mixing.mixer import starter_sources
from codemix_lab.text.readers.conll import Sentence, read_sentences
from codemix_lab.text.tagging import is_word, open_tagger, tokenise
from codemix_lab.text.tagging.features import grams
from codemix_lab.text.tagging.tokens import SCRIPT_LANGUAGE, in_links, script_of

ROOT = Path(__file__).resolve().parent.parent
GOLD = {
    "en-hi": {"en": "en", "hi": "hi", "eng": "en", "hin": "hi"},
    "en-es": {"en": "en", "es": "es", "lang1": "en", "lang2": "es"},
}
OFTEN = 10
PAIRS = ("en-hi", "en-es", "en-ta", "en-ml")


def tagging(pair: str, times: int) -> tuple[float, float]:
    """Tokens a second of processor time, tokenising included: with an empty memory, and with a full one."""
    texts = open_corpus(pair) * times
    speeds = []
    tagger = replace(open_tagger(pair), _known={})
    tagger.log_odds(["warm"])
    for _ in range(2):
        start = time.process_time()
        tokens = [tokenise(text) for text in texts]
        tagger.tag_many(tokens)
        speeds.append(sum(map(len, tokens)) / (time.process_time() - start))
    return speeds[0], speeds[1]


def new_words(pair: str) -> float:
    """Words a second through the model itself, each met for the first time."""
    words = sorted({token for text in open_corpus(pair) for token in tokenise(text)})
    start = time.process_time()
    open_tagger(pair).log_odds(words)
    return len(words) / (time.process_time() - start)


def mixing(pair: str, method: MixMethod, count: int) -> float:
    """Sentences a second of processor time."""
    sources = (starter_sources(pair) * (count // 400 + 1))[:count]
    taken = [one[0] for one in sources] if method is MixMethod.INSERTION else sources
    start = time.process_time()
    made = list(mix(taken, MixSpec(pair, method, "en")))
    return len(made) / (time.process_time() - start)


def majority(pair: str) -> float:
    """Share of the larger language among the starter's tagged words."""
    tags = [tag for one in starter_sentences(pair) for tag in one.tags if tag in pair.split("-")]
    return max(tags.count(language) for language in pair.split("-")) / len(tags)


def by_gold(pair: str, sentences: Sequence[Sentence]) -> dict[str, float]:
    """Shares of gold tokens that get their tag: by the tagger, by one answer, by the script alone."""
    tagged = open_tagger(pair).tag_many([one.tokens for one in sentences])
    right: Counter[str] = Counter()
    golds: Counter[str] = Counter()
    words = 0
    for one, tags in zip(sentences, tagged, strict=True):
        pieces = in_links(one.tokens)
        for place, (token, tag) in enumerate(zip(one.tokens, tags, strict=True)):
            gold = GOLD[pair].get(one.tags[place].lower())
            if gold is None:
                continue
            golds[gold] += 1
            right["all gold tokens"] += tag == gold
            right["script only"] += SCRIPT_LANGUAGE.get(script_of(token), "en") == gold
            if is_word(token) and place not in pieces:
                words += 1
                right["words"] += tag == gold
    total = golds.total()
    return {
        "tokens": total,
        "without pieces": words,
        "majority": golds.most_common(1)[0][1] / total,
        "script only": right["script only"] / total,
        "all gold tokens": right["all gold tokens"] / total,
        "words": right["words"] / words,
    }


def allowed(pair: str, sentences: Sequence[Sentence]) -> dict[str, float]:
    """Agreement of the gold with itself by form, and what can be learnt of it in five folds by sentences."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows, tags, folds = [], [], []
    forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number, one in enumerate(sentences):
        pieces = in_links(one.tokens)
        golds = [GOLD[pair].get(tag.lower()) for tag in one.tags]
        words = [
            (token.lower(), gold)
            for place, (token, gold) in enumerate(zip(one.tokens, golds, strict=True))
            if gold and is_word(token) and place not in pieces
        ]
        for place, (word, gold) in enumerate(words):
            near = {
                f"{step}={words[place + step][0]}": 1
                for step in (-2, -1, 1, 2)
                if 0 <= place + step < len(words)
            }
            rows.append(dict.fromkeys(grams(word), 1) | near)
            tags.append(gold)
            folds.append(number % 5)
            forms[word][gold] += 1
    often = [counts for counts in forms.values() if counts.total() >= OFTEN]
    matrix, wanted, fold = DictVectorizer().fit_transform(rows), np.array(tags), np.array(folds)
    learnt = 0
    for out in range(5):
        model = LogisticRegression(C=0.3, max_iter=300).fit(matrix[fold != out], wanted[fold != out])
        learnt += int((model.predict(matrix[fold == out]) == wanted[fold == out]).sum())
    same = sum(max(counts.values()) for counts in often) / sum(counts.total() for counts in often)
    return {"gold with itself": same, "learnt from this gold": learnt / len(tags)}


def unseen(one: Sentence) -> bool:
    """Whether a sentence is of the half that no list of words was written after."""
    return hashlib.sha256(" ".join(one.tokens).encode()).digest()[0] % 2 == 1


def against_gold(folder: Path) -> dict[str, dict[str, float]]:
    """All comparisons, by pair and set."""
    found = {}
    for pair in GOLD:
        dev = read_sentences(folder / "tokens" / f"{pair}.lid.gluecos.dev.conll.gz")
        raw = read_sentences(folder / "raw" / f"sentimix2020.{pair}.conll.txt")
        found[f"{pair} GLUECoS dev"] = by_gold(pair, dev)
        found[f"{pair} SentiMix"] = by_gold(pair, list(filter(unseen, raw))) | allowed(pair, raw)
    return {name: {what: round(value, 4) for what, value in one.items()} for name, one in found.items()}


def main() -> None:
    quick = "--quick" in sys.argv
    count = 1_000 if quick else 5_000
    rows = {}
    for pair in PAIRS:
        cold, warm = tagging(pair, 2 if quick else 10)
        rows[pair] = {
            "tokens_per_second": round(cold),
            "tokens_per_second_again": round(warm),
            "new_words_per_second": round(new_words(pair)),
            "alternation_per_second": round(mixing(pair, MixMethod.ALTERNATION, count)),
            "insertion_per_second": round(mixing(pair, MixMethod.INSERTION, count)),
            "majority": round(majority(pair), 4),
        }
        print(pair, *(f"{name} {value:,}" for name, value in rows[pair].items()), sep="  ")
    folder = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or ROOT.parent / "shared" / "data")
    gold = against_gold(folder) if folder.is_dir() else {}
    for name, figures in gold.items():
        print(name, *(f"{what} {value:,}" for what, value in figures.items()), sep="  ")
    print(json.dumps(rows | {"gold": gold}))


if __name__ == "__main__":
    main()
