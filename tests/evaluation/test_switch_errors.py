"""Words near a switch are found by hand-made sentences, and blame is counted against how often they occur."""

from __future__ import annotations

from codemix_lab.evaluation.switch_errors import POSITIONS, blame_table, switch_positions


def test_what_is_no_language_is_passed_over() -> None:
    assert switch_positions(["en", "other", "hi"]) == ["before a switch", "elsewhere", "at a switch"]
    assert switch_positions(["en", "hi", "en"]) == ["before a switch", "at a switch", "at a switch"]
    assert switch_positions(["hi"] * 3) == ["elsewhere"] * 3
    assert switch_positions([]) == []


def test_blame_is_held_against_chance() -> None:
    sentence = ["en", "en", "en", "hi", "hi", "hi", "hi", "hi"]
    table = blame_table([sentence] * 40, [3] * 40).set_index("value")
    assert set(POSITIONS) <= set(table.index)
    at = table.loc["at a switch"]
    assert at["words"] == 40 and at["share"] == 1 and at["expected"] == 1 / 8 and at["ratio"] == 8
    assert at["p_value"] < 1e-6
    assert table.loc["hi", "share"] == 1 and table.loc["en", "blamed"] == 0


def test_no_sentences_give_an_empty_table() -> None:
    assert blame_table([], []).empty
