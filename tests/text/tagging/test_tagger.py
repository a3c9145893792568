"""Tags of tokens: script first, then the word model and its neighbours."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.errors import DataError
from codemix_lab.text.corpora import starter_sentences
from codemix_lab.text.readers import read_table
from codemix_lab.text.readers.conll import read_sentences
from codemix_lab.text.sources import STARTER
from codemix_lab.text.tagging import OTHER, is_word, open_tagger, tag_sentence, tag_sentences, tokenise
from codemix_lab.text.tagging.tagger import smoothed
from codemix_lab.text.tagging.tokens import in_links
from codemix_lab.text.tagging.training import save, train_tagger

PAIRS = ("en-hi", "en-es", "en-ta", "en-ml")


def accuracy(pair: str, sentences: list[tuple[list[str], list[str]]]) -> float:
    """Share of tokens in the pair's two languages that get their tag."""
    tagged = open_tagger(pair).tag_many([tokens for tokens, _ in sentences])
    pairs = [
        (gold, tag)
        for (_, golds), tags in zip(sentences, tagged, strict=True)
        for gold, tag in zip(golds, tags, strict=True)
        if gold in pair.split("-")
    ]
    return sum(gold == tag for gold, tag in pairs) / len(pairs)


@pytest.mark.parametrize(
    ("pair", "text", "tags"),
    [
        ("en-hi", "मुझे this movie बहुत pasand aayi!", "hi en en hi hi hi other"),
        ("en-es", "I think que mañana no puedo come", "en en es es es es"),
        ("en-ta", "நான் tomorrow office ku varala", "ta en en ta ta"),
        ("en-ml", "ഞാൻ tomorrow office il varilla", "ml en en ml ml"),
    ],
)
def test_sentences(pair: str, text: str, tags: str) -> None:
    found = [tag for _, tag in tag_sentence(text, pair)]
    wanted = tags.split()
    assert found[: len(wanted)] == wanted


def test_signs_handles_and_foreign_scripts_are_other() -> None:
    text = "@user http://t.co/x 12 😂 ... #fun தமிழ்"
    assert {tag for _, tag in tag_sentence(text, "en-hi")} == {OTHER}


@pytest.mark.parametrize("pair", ["en", "en-de", ""])
def test_a_pair_without_tagger_is_refused(pair: str) -> None:
    with pytest.raises(DataError, match="Choose one of en-hi"):
        open_tagger(pair)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=7), st.floats(0, 4))
def test_smoothing_is_viterbi(odds: list[float], penalty: float) -> None:
    """Max-marginals against the best of all 2ⁿ taggings."""

    def worth(tags: tuple[int, ...]) -> float:
        moved = sum(a != b for a, b in itertools.pairwise(tags))
        return sum(value for value, tag in zip(odds, tags, strict=True) if tag) - penalty * moved

    every = list(itertools.product((0, 1), repeat=len(odds)))
    for place, value in enumerate(smoothed(odds, penalty)):
        best = [max(worth(tags) for tags in every if tags[place] == side) for side in (0, 1)]
        assert value == pytest.approx(best[1] - best[0], abs=1e-9)


@given(st.text(max_size=60))
def test_any_text_is_tagged(text: str) -> None:
    for pair in ("en-hi", "en-ml"):
        tagged = tag_sentence(text, pair)
        assert "".join(token for token, _ in tagged) == "".join(text.split())
        assert all((tag == OTHER) or is_word(token) for token, tag in tagged)


@pytest.mark.parametrize(
    ("tokens", "pieces"),
    [
        ("@ asha _ k aa gayi", "asha k"),
        ("@ asha __ Very funny", "asha"),
        ("dekho https // t co / hBg7 aaj", "https t co hBg7"),
        ("www . site . in par", "www site in"),
        ("co 5 @", ""),
    ],
)
def test_pieces_of_handles_and_links_are_found(tokens: str, pieces: str) -> None:
    words = tokens.split()
    assert " ".join(words[place] for place in sorted(in_links(words))) == pieces
    tags = open_tagger("en-hi").tag(words)
    assert all(tags[place] == OTHER for place in in_links(words))


@pytest.mark.parametrize("name", ["chat.tsv", "everyday.tsv"])
def test_lists_of_words_are_by_language_and_have_each_word_once(name: str) -> None:
    table = read_table(STARTER / name)
    assert list(table.columns) == ["word", "language"]
    assert set(table["language"]) <= {"en", "hi", "es", "ta", "ml"}
    assert not table.duplicated().any()
    assert all(word == word.lower() and is_word(word) for word in table["word"])


@pytest.mark.parametrize("pair", ["en-hi", "en-es"])
def test_frequent_words_are_known_wherever_they_stand(pair: str) -> None:
    """A word that was learnt is not outvoted by its neighbours or by what its letters look like."""
    own = {"en-hi": "nahi yaar {} hai na", "en-es": "ya no quiero {} porque tengo"}[pair]
    for word in ("the", "you", "made", "lol"):
        assert dict(tag_sentence(own.format(word), pair))[word] == "en"


def test_many_at_once_are_tagged_as_one_by_one() -> None:
    texts = ["kal ka plan cancel", "", "so tired yaar"]
    assert tag_sentences(texts, "en-hi") == [tag_sentence(text, "en-hi") for text in texts]


def test_tokens_keep_marks_and_apostrophes() -> None:
    assert tokenise("हिन्दी ഞാൻ don't") == ["हिन्दी", "ഞാൻ", "don't"]


def test_weights_are_small() -> None:
    from importlib.resources import files

    sizes = [len((files("codemix_lab.text.tagging") / f"{pair}.npz").read_bytes()) for pair in PAIRS]
    assert sum(sizes) < 1_000_000


def test_training_on_the_starter_alone_generalises(tmp_path: Path) -> None:
    """Without its tagged sentences in training, a new Tamil tagger knows them better than one answer does."""
    tagger = train_tagger("en-ta", None, gold=False)
    gold = [(one.tokens, one.tags) for one in starter_sentences("en-ta")]
    pairs = [
        (tag, mine)
        for tokens, tags in gold
        for tag, mine in zip(tags, tagger.tag(tokens), strict=True)
        if tag in ("en", "ta")
    ]
    assert np.mean([tag == mine for tag, mine in pairs]) > 0.85
    save(tagger, tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz", allow_pickle=False) as stored:
        kept = stored["weights"] * float(stored["scale"])
    assert np.abs(kept - tagger.weights).max() <= float(np.abs(tagger.weights).max()) / 32767


@pytest.mark.real
@pytest.mark.parametrize(("pair", "least"), [("en-hi", 0.92), ("en-es", 0.94)])
def test_accuracy_on_gold_tags(pair: str, least: float, real_data: Path) -> None:
    found = read_sentences(real_data / "tokens" / f"{pair}.lid.gluecos.dev.conll.gz")
    gold = [(list(one.tokens), [tag.lower() for tag in one.tags]) for one in found]
    assert accuracy(pair, gold) >= least


@pytest.mark.real
def test_accuracy_on_the_gold_of_sentimix(real_data: Path) -> None:
    """Its Spanish tags; the Hindi ones were made by a program and tag “I” as Hindi in 16 of 27 places."""
    found = read_sentences(real_data / "raw" / "sentimix2020.en-es.conll.txt")
    names = {"lang1": "en", "lang2": "es"}
    gold = [(list(one.tokens), [names.get(tag, tag) for tag in one.tags]) for one in found]
    assert accuracy("en-es", gold) >= 0.94
