"""Synthetic mixtures: lexicons, slots, alignment, spelling, and the index that was asked for."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.errors import DataError, SpecError, StorageError
from codemix_lab.text.mixing import Lexicon, mix, mixture_frame, preview, read_lexicon, starter_lexicon
from codemix_lab.text.mixing.alignment import Aligner
from codemix_lab.text.mixing.files import mix_file
from codemix_lab.text.mixing.lattice import ALIGNED, Slot, alternation_slots, insertion_slots
from codemix_lab.text.mixing.lexicon import read_romanisations
from codemix_lab.text.mixing.mixer import Mixer, joined, starter_sources
from codemix_lab.text.mixing.spelling import stem, varied
from codemix_lab.text.mixing.target import outcome
from codemix_lab.text.tagging import tokenise

PAIRS = ("en-hi", "en-es", "en-ta", "en-ml")


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("index", [0.1, 0.35])
@pytest.mark.parametrize("method", list(MixMethod))
@pytest.mark.parametrize("english", [True, False])
def test_the_asked_index_is_matched(pair: str, index: float, method: MixMethod, english: bool) -> None:
    matrix = "en" if english else pair[-2:]
    spec = MixSpec(pair, method, matrix, index=index, seed=3)
    made = list(mix((starter_sources(pair) * 3)[:1000], spec))
    frame, measures = mixture_frame(made, spec)
    assert len(frame) == 1000
    assert measures["matched"] and abs(measures["cmi"] / 100 - index) <= 0.03
    assert measures["matrix_language"][matrix] > 0.6


def test_what_cannot_be_reached_is_told() -> None:
    spec = MixSpec("en-hi", MixMethod.INSERTION, "en", 0.35)
    measures = mixture_frame(list(mix(["He is at the of with us"] * 20, spec)), spec)[1]
    assert not measures["matched"] and measures["cmi"] == 0


def test_steps_are_taken_only_as_far_as_the_target_needs() -> None:
    """At 0.25 of eight words the two nouns do; the adverb, the verb and the plural are left as they are."""
    known = Lexicon(
        {
            "water": ("agua",),
            "house": ("casa",),
            "soon": ("pronto",),
            "bring": ("traer",),
            "plate": ("plato",),
        },
        {"soon": "r", "bring": "v"},
    )
    text = "bring me water to the house soon plates"
    made = [one.tokens for one in mix([text] * 300, MixSpec("en-es", MixMethod.INSERTION, "en", 0.2), known)]
    taken = {word: sum(word in one for one in made) for word in ("agua", "casa", "pronto", "traer", "plato")}
    assert min(taken["agua"], taken["casa"]) > taken["pronto"] > taken["traer"] > taken["plato"]


def test_stretches_of_the_parallel_sentence_come_last() -> None:
    known = Lexicon({"water": ("agua",), "the": ("el",), "i": ("yo",)}, {"the": "x", "i": "x"})
    mixer = Mixer(MixSpec("en-es", MixMethod.INSERTION, "es"), known)
    slots = mixer._slots(("I drink the water", "yo bebo el agua"))
    assert slots == [
        Slot(("yo",), ("I",), ALIGNED), Slot(("bebo", "el"), ("drink", "the"), ALIGNED), Slot(("agua",), ("water",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "near", "language"),
    [
        ("plates", "plate", "en"),
        ("dukaanon", "dukan", "hi"),
        ("platos", "plato", "es"),
        ("officil", "office", "ml"),
    ],
)
def test_inflected_words_share_a_stem(word: str, near: str, language: str) -> None:
    assert stem(word, language) == stem(near, language) != ""


def test_the_switch_rate_moves_and_the_matrix_is_kept() -> None:
    sources = starter_sources("en-es")
    rates = [
        mixture_frame(list(mix(sources, spec)), spec)[1]["i_index"]
        for spec in (MixSpec("en-es", index=0.25, switch_rate=rate, matrix="en") for rate in (0.12, 0.4))
    ]
    assert rates[1] > rates[0] + 0.1


def test_an_index_of_zero_leaves_the_matrix_language_alone() -> None:
    made = list(mix(["I drink cold water."], MixSpec("en-hi", MixMethod.INSERTION, "en", 0.0)))
    assert made[0].text == "I drink cold water."


def test_insertion_replaces_content_words_only() -> None:
    spec = MixSpec("en-es", MixMethod.INSERTION, "en", 0.5)
    made = next(mix(["The water is in the house"], spec))
    assert made.text.split()[0] == "The" and set(made.tags) == {"en", "es"}
    assert {word for word, tag in zip(made.tokens, made.tags, strict=True) if tag == "es"} <= {"agua", "casa"}


def test_the_same_seed_gives_the_same_text_and_another_one_another() -> None:
    texts = [
        [one.text for one in mix(starter_sources("en-hi")[:60], MixSpec("en-hi", spelling=0.5, seed=seed))]
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_alternation_switches_only_where_no_link_crosses() -> None:
    english, other = ["a", "b", "c", "d"], ["A", "C", "B", "D"]
    slots = alternation_slots(english, other, [(0, 0), (1, 2), (2, 1), (3, 3)])
    assert slots == [
        Slot(("a",), ("A",)), Slot(("b", "c"), ("C", "B")), Slot(("d",), ("D",)),
    ]  # fmt: skip
    assert alternation_slots(english, other, []) == [Slot(("a", "b", "c", "d"))]


@given(st.permutations(range(6)), st.integers(1, 6))
def test_slots_cover_both_sentences_in_order(order: list[int], count: int) -> None:
    matrix, other = [f"m{i}" for i in range(6)], [f"o{i}" for i in range(6)]
    slots = alternation_slots(matrix, other, list(enumerate(order))[:count])
    assert [token for slot in slots for token in slot.matrix] == matrix
    assert [token for slot in slots for token in slot.other or ()] == other


def test_insertion_slots_know_ranks() -> None:
    known = Lexicon({"water": ("pani",), "go": ("ja",), "the": ("x",)}, {"water": "n", "go": "v", "the": "x"})
    slots = insertion_slots(["The", "water", "go", "up"], known)
    assert [(slot.other, slot.rank) for slot in slots] == [
        (None, 0), (("pani",), 0), (("ja",), 2), (None, 0),
    ]  # fmt: skip


def test_links_by_lexicon_and_by_meeting_together() -> None:
    seen = [(["red", "kite"], ["patang", "laal"])] * 3 + [(["kite"], ["patang"]), (["red"], ["laal"])]
    aligner = Aligner(Lexicon({"water": ("pani",)}), seen)
    assert aligner.links(["red", "kite", "water"], ["pani", "laal", "patang"]) == [(0, 1), (1, 2), (2, 0)]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8), st.data())
def test_outcome_agrees_with_counting(sizes: list[tuple[int, int]], data: st.DataObject) -> None:
    from codemix_lab.text.measures import cmi, switch_points

    chosen = [data.draw(st.booleans()) for _ in sizes]
    tags = [
        tag
        for (mine, theirs), switched in zip(sizes, chosen, strict=True)
        for tag in (["hi"] * theirs if switched else ["en"] * mine)
    ]
    index, switches, words, others = outcome(sizes, chosen)
    assert index == pytest.approx(cmi(tags) / 100)
    assert (switches, words, others) == (switch_points(tags), len(tags), tags.count("hi"))


def test_spelling_varies_at_the_asked_rate() -> None:
    rng = random.Random(0)
    changed = sum(varied("paani", "hi", rng, 0.3) != "paani" for _ in range(2000)) / 2000
    assert 0.25 < changed < 0.35
    assert varied("paani", "hi", rng, 0.0) == "paani"


def test_starter_lexicons_are_in_latin_letters_and_large_enough() -> None:
    for pair in PAIRS:
        entries = starter_lexicon(pair).entries
        assert len(entries) > 600
        assert all(word.isascii() or pair == "en-es" for words in entries.values() for word in words)
    assert starter_lexicon("en-hi").entries["water"] == ("pani",)
    assert starter_lexicon("en-hi", native=True).entries["water"] == ("पानी",)
    with pytest.raises(DataError, match="Choose one of"):
        starter_lexicon("en")


def test_muse_and_dakshina_files_are_read_as_they_are(tmp_path: Path) -> None:
    muse, dakshina = tmp_path / "muse.txt", tmp_path / "dakshina.tsv"
    muse.write_text("water தண்ணீர்\nwater நீர்\nmoon நிலா\n", encoding="utf-8")
    dakshina.write_text("தண்ணீர்\tthanneer\t3\nநிலா\tnila\t2\nநிலா\tnilaa\t1\n", encoding="utf-8")
    lexicon = read_lexicon(muse)
    assert lexicon.entries["water"] == ("தண்ணீர்", "நீர்")
    assert lexicon.romanised(read_romanisations(dakshina)).entries == {
        "water": ("thanneer",),
        "moon": ("nila",),
    }
    with pytest.raises(DataError, match="line 1"):
        read_lexicon(dakshina)
    with pytest.raises(DataError, match="line 1"):
        read_romanisations(muse)
    (tmp_path / "one").write_text("water\n")
    with pytest.raises(DataError, match="two words"):
        read_lexicon(tmp_path / "one")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"pair": "en-de"}, "cannot be mixed"),
        ({"pair": "en"}, "cannot be mixed"),
        ({"pair": "en-hi", "matrix": "es"}, "no language of en-hi"),
        ({"pair": "en-hi", "index": 0.6}, "out of range"),
    ],
)
def test_wrong_specs_are_refused(values: dict[str, object], match: str) -> None:
    with pytest.raises(SpecError, match=match):
        next(mix(["a"], MixSpec.from_dict(values)))


def test_files_are_mixed_into_new_files(tmp_path: Path) -> None:
    parallel, out = tmp_path / "p.tsv", tmp_path / "mixed.txt"
    rows = starter_sources("en-hi")[:50]
    parallel.write_text("\n".join("\t".join(row) for row in rows), encoding="utf-8")
    found = mix_file(str(parallel), MixSpec("en-hi", index=0.2), out)
    assert len(out.read_text(encoding="utf-8").splitlines()) == found["sentences"] == 50
    with pytest.raises(StorageError, match="exists already"):
        mix_file(str(parallel), MixSpec("en-hi"), out)
    plain = tmp_path / "plain.txt"
    plain.write_text("I drink water.\nShe reads a book.\n")
    with pytest.raises(DataError, match="insertion"):
        mix_file(str(plain), MixSpec("en-hi"), tmp_path / "b.txt")
    told = mix_file(str(plain), MixSpec("en-hi", MixMethod.INSERTION, "en", 0.2), tmp_path / "b.txt")
    assert told["sentences"] == 2


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5))
def test_any_pair_of_texts_is_mixed(pairs: list[tuple[str, str]]) -> None:
    for one in mix(pairs, MixSpec("en-ta", index=0.3, spelling=0.5)):
        assert len(one.tokens) == len(one.tags)


def test_preview_has_tokens_with_languages() -> None:
    shown = preview(MixSpec("en-ml"), 5)
    assert len(shown) == 5 and {tag for one in shown for _, tag in one} <= {"en", "ml", "other"}


@pytest.mark.parametrize("text", ["¿Vienes to the party? :)", "No, no (kal) 5.30 pe."])
def test_sentences_are_written_as_they_were(text: str) -> None:
    assert joined(tokenise(text)) == text
