"""How mixed given sentences can become, told from a sample before they are mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codemix_lab.config import MixSpec
from codemix_lab.text.measures import measure_tags
from codemix_lab.text.mixing.lexicon import Lexicon
from codemix_lab.text.mixing.mixer import Parallel, languages_of, mix

SAMPLE = 500
_MOST = 0.5


def highest_index(sources: Sequence[str | Parallel], spec: MixSpec, lexicon: Lexicon | None = None) -> float:
    """The highest mean index, 0–0.5, that these sentences reach with the spec's method and matrix language.

    An index from 0 to it is matched within 0.03 over 1,000 sentences; asked for more, this much comes out. It is found by asking
    the most of up to 500 sentences, evenly drawn, and hangs on how many of their words the lexicon knows.
    Raises as `mix` does.

    >>> known = Lexicon({"water": ("pani",), "cold": ("thanda",)})
    >>> spec = MixSpec("en-hi", "insertion", "en", index=0.4)
    >>> highest_index(["I drink cold water", "so do we"], spec, known)
    0.25
    """
    if not sources:
        return 0.0
    step = max(1, len(sources) // SAMPLE)
    asked = replace(spec, index=_MOST, switch_rate=None)
    tags = [one.tags for one in mix(sources[::step][:SAMPLE], asked, lexicon)]
    return float(measure_tags(tags, languages_of(spec))["cmi"] or 0.0) / 100
