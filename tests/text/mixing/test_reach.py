"""What can be reached is told before mixing, and what was promised is kept."""

import pytest

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.text.mixing import Lexicon, highest_index, mix, mixture_frame
from codemix_lab.text.mixing.files import mix_file
from codemix_lab.text.mixing.mixer import MATCHED, starter_sources

PAIRS = ("en-hi", "en-es", "en-ta", "en-ml")
COUNT = 1_000


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("english", [True, False])
def test_what_is_called_reachable_is_matched(pair: str, english: bool) -> None:
    """Over 1,000 sentences in one language, by insertion; parallel ones reach more."""
    matrix = "en" if english else pair[-2:]
    taken = [one[0 if english else 1] for one in starter_sources(pair)]
    spec = MixSpec(pair, MixMethod.INSERTION, matrix, seed=5)
    highest = highest_index(taken, spec)
    assert highest > 0.25
    for index in (0.15, 0.25, 0.35):
        asked = MixSpec(pair, MixMethod.INSERTION, matrix, index=index, seed=5)
        measures = mixture_frame(list(mix((taken * 3)[:COUNT], asked)), asked)[1]
        assert measures["sentences"] == COUNT
        assert measures["cmi"] / 100 == pytest.approx(min(index, highest), abs=MATCHED)
        assert measures["matched"] or index > highest


def test_without_known_words_nothing_can_be_reached() -> None:
    spec = MixSpec("en-hi", MixMethod.INSERTION, "en", index=0.3)
    assert highest_index(["we are here", "so be it"], spec, Lexicon({"water": ("pani",)})) == 0
    assert highest_index([], spec) == 0


def test_a_file_says_it_before_it_is_mixed(tmp_path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("He is at the house with us.\nShe reads a book to them.\n" * 30)
    said: list[str] = []
    spec = MixSpec("en-hi", MixMethod.INSERTION, "en", index=0.5)
    found = mix_file(
        str(path), spec, tmp_path / "out.txt", on_progress=lambda done, total, what: said.append(what)
    )
    assert said[0] == f"an index of up to {found['highest']:.2f} can be reached; mixing"
    assert not found["matched"] and found["cmi"] / 100 == pytest.approx(found["highest"], abs=MATCHED)
