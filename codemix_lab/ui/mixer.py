"""The mixer on the page: a pair, a method and how much to mix; the sentences change at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from codemix_lab.config import MixMethod, MixSpec
from codemix_lab.text.measures import measure_tags
from codemix_lab.text.mixing import highest_index, preview
from codemix_lab.text.mixing.mixer import joined, starter_sources
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging import open_tagger
from codemix_lab.ui import tagged, words
from codemix_lab.ui.allowed import read_only
from codemix_lab.ui.chart import numbers
from codemix_lab.ui.corpus import Corpus, Tagged
from codemix_lab.ui.data import measured, offer_to_adapt
from codemix_lab.ui.escape import short
from codemix_lab.ui.uploads import CORPORA, keep_upload

SHOWN = 12
MEASURED = 300
MOST_KEPT = 10_000


def mixer(beside: Corpus) -> None:
    """Dials above, mixtures of the starter's parallel sentences below, and their measures beside the text shown."""
    pair = beside.pair
    pairs = [code for code, known in PAIRS.items() if len(known.languages) == 2]
    cells = st.columns([2, 3, 3, 2], gap="small", vertical_alignment="bottom")
    of = cells[0].selectbox(
        "Mix", pairs, index=pairs.index(pair) if pair in pairs else 0, key="mix-pair", bind="query-params"
    )
    method = cells[1].segmented_control(
        "Method",
        [str(method) for method in MixMethod],
        default=str(MixSpec.parameters()["method"].default),
        key="mix-method",
        bind="query-params",
        required=True,
    )
    declared = MixSpec.parameters()
    index = cells[2].slider(
        "Code-mixing index",
        float(declared["index"].low or 0),
        float(declared["index"].high or 1),
        float(declared["index"].default),
        0.01,
        key="mix-index",
        bind="query-params",
        help=declared["index"].help,
    )
    seed = int(cells[3].number_input("Seed", 0, 10_000, 0, key="mix-seed", bind="query-params"))
    spec = MixSpec(pair=str(of), method=MixMethod(str(method)), index=index, seed=seed)
    made = _mixed(spec)
    languages = PAIRS[spec.pair].languages
    reached = measure_tags([[tag for _, tag in one] for one in made], languages)
    st.caption(told(reached, index, len(made), _highest(spec.pair, spec.method)))
    st.html(tagged.legend(spec.pair))
    st.html(tagged.table([(one, ()) for one in made[:SHOWN]], languages))
    st.caption(words.MIXER)
    if not read_only() and st.button(
        "Keep this mixture", icon=":material/save:", key="mix-keep", help=words.DATA_HELP["keep"]
    ):
        offer_to_adapt(str(kept(spec)), "read-mixture")
    if beside.pair == spec.pair and beside.measures:
        st.subheader("The mixture beside the text above")
        columns = {short(beside.name): beside.measures, "this mixture": retagged(made, spec.pair)}
        numbers(measured(columns), "mixture")
        st.caption(words.BOTH_TAGGED)


def kept(spec: MixSpec) -> Path:
    """All of the starter's parallel sentences mixed, kept as a text that Adapt offers."""
    lines = [joined([token for token, _ in one]) for one in preview(spec, MOST_KEPT)]
    name = f"{spec.pair}.{spec.method}-{spec.index:.2f}-{spec.seed}.txt"
    return keep_upload(name, "\n".join(lines).encode(), room=CORPORA)


def told(reached: dict[str, Any], asked: float, count: int, highest: float) -> str:
    """What can be reached, and what came of it."""
    return (
        f"These sentences reach an index of up to {highest:.2f}. Asked for an index of {asked:.2f}; "
        f"{count:,} mixed sentences reach {(reached['cmi'] or 0) / 100:.2f}, "
        f"with {reached['switches_per_sentence'] or 0:.1f} switches in a sentence."
    )


def retagged(made: list[Tagged], pair: str) -> dict[str, Any]:
    """Measures of a mixture by the tagger, as those of any other text are made."""
    tokens = [[token for token, _ in one] for one in made]
    return measure_tags(open_tagger(pair).tag_many(tokens), PAIRS[pair].languages)


@st.cache_data(max_entries=32, show_spinner=False)
def _highest(pair: str, method: MixMethod) -> float:
    return highest_index(starter_sources(pair), MixSpec(pair=pair, method=method))


@st.cache_data(max_entries=32, show_spinner="Mixing …")
def _mixed(spec: MixSpec) -> list[Tagged]:
    return preview(spec, MEASURED)
