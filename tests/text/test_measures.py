"""Measures of mixing, by hand and by the formulae of the papers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemix_lab.text import measures as m

E, H, X = "en", "hi", "other"
# Eleven words, five English and six Hindi in four spans 2, 4, 3, 2 (two signs in between).
WORKED = [E, E, H, H, X, X, H, H, E, E, E, H, H]

sentences = st.lists(st.sampled_from([E, H, X]), max_size=30)


def test_worked_example_by_hand() -> None:
    assert m.spans(WORKED) == [(E, 2), (H, 4), (E, 3), (H, 2)]
    assert m.switch_points(WORKED) == 3
    assert m.matrix_language(WORKED) == H
    assert m.cmi(WORKED) == pytest.approx(100 * 5 / 11)
    assert m.cmi_with_switches(WORKED) == pytest.approx(100 * (11 - 6 + 3) / 22)
    assert m.m_index([5, 6]) == pytest.approx((1 - 61 / 121) / (61 / 121))
    assert m.i_index([WORKED]) == pytest.approx(3 / 10)
    assert m.language_entropy([5, 6]) == pytest.approx(0.9940302114769565)
    mean, deviation = 2.75, math.sqrt(0.6875)
    assert m.burstiness([2, 4, 3, 2]) == pytest.approx((deviation - mean) / (deviation + mean))


def test_memory_by_hand() -> None:
    # Pairs (2,4), (4,3), (3,2): means 3 and 3; products −1, 0, 0; spreads 2 and 2.
    assert m.memory([(2, 4), (4, 3), (3, 2)]) == pytest.approx(-0.5)
    assert m.memory([(2, 4)]) is None and m.memory([(2, 1), (2, 5)]) is None


def test_corpus_cmi_counts_changes_between_sentences_and_mixed_ones() -> None:
    mixed, english, hindi = [E, E, E, H], [E, E], [H, H]
    # ½ · (4 − 3 + 1)/4 = .25 for the mixed one, δ/2 for the change to Hindi, 5/6 for one mixed sentence.
    assert m.corpus_cmi([mixed, english, hindi]) == pytest.approx(100 / 3 * (0.25 + 0.5 + 5 / 6))
    assert m.corpus_cmi([english, [X], english]) == 0


def test_extremes() -> None:
    assert m.cmi([]) == m.cmi([X]) == m.cmi([E, E]) == 0
    assert m.cmi([E, H]) == 50 and m.cmi_with_switches([E, H]) == 50
    assert m.m_index([3]) is None and m.m_index([0, 0]) is None
    assert m.i_index([[E], [H]]) is None
    assert m.burstiness([3]) is None
    assert m.language_entropy([]) is None


def test_all_measures_of_a_small_corpus() -> None:
    found = m.measure_tags([[E, E, H], [H, H, X], [X]], (E, H))
    assert (found["sentences"], found["words"], found["switch_points"]) == (3, 5, 1)
    assert found["cmi"] == pytest.approx(100 / 3 / 2) and found["cmi_mixed"] == pytest.approx(100 / 3)
    assert found["switch_parts"] == {"en>hi": 1.0}
    assert found["i_index"] == pytest.approx(1 / 3)
    assert found["matrix_language"] == {E: 0.5, H: 0.5}
    assert found["monolingual_share"] == 0.5
    assert found["span_length"] == pytest.approx(5 / 3)


def test_a_corpus_without_words_has_no_measures_but_no_error_either() -> None:
    found = m.measure_tags([[], [X]], (E, H))
    assert found["cmi"] is None and found["i_index"] is None and found["words"] == 0


@given(st.lists(sentences, max_size=8))
def test_ranges(corpus: list[list[str]]) -> None:
    found = m.measure_tags(corpus, (E, H))
    for name, low, high in (
        ("cmi", 0, 50), ("cmi_with_switches", 0, 100), ("m_index", 0, 1), ("i_index", 0, 1),
        ("language_entropy", 0, 1), ("burstiness", -1, 1), ("memory", -1, 1), ("monolingual_share", 0, 1),
    ):  # fmt: skip
        assert found[name] is None or low - 1e-9 <= found[name] <= high + 1e-9, name


@given(sentences)
def test_naming_the_languages_otherwise_changes_nothing(tags: list[str]) -> None:
    turned = [{E: H, H: E}.get(tag, tag) for tag in tags]
    assert m.cmi(tags) == m.cmi(turned)
    assert m.switch_points(tags) == m.switch_points(turned[::-1])
    assert m.i_index([tags]) == m.i_index([turned])
