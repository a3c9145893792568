"""How fast text is tagged and mixed on one core, and what one answer for all words would score.

python benchmarks/tagging.py [--quick]
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.text.corpora import open_corpus, starter_sentences
from codemix_lab.text.mixing import mix
from codemix_lab.text.mixing.mixer import starter_sources
from codemix_lab.text.tagging import open_tagger, tokenise

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
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
