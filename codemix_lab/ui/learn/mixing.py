"""Step 1: a sentence taken apart."""

from __future__ import annotations

import html
from collections import Counter

import pandas as pd
import streamlit as st

from codemix_lab.text.measures import cmi, matrix_language, switch_points, words_only
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging import OTHER, tag_sentence
from codemix_lab.ui.chart import numbers
from codemix_lab.ui.escape import plain
from codemix_lab.ui.learn.seat import Seat

EXAMPLES = {
    "en-hi": "they increased the fees by 18 percent, facilities wahi purani, paani ka cooler bhi kharab",
    "en-es": "My suitcase pesaba two pounds de más, so I wore three chamarras en el avión",
    "en-ta": "Next month-la irundhu water tax online-la kattalaam nu corporation notice board-la potrukaanga",
    "en-ml": "Swimming class-il vellathinekkal kooduthal neram canteen-il aanu",
}
"""Sentences of the starter text, which was written for this project."""


def draw(seat: Seat) -> None:
    """The student's sentence or an example, word by word, and its measures."""
    left, right = st.columns([1, 2.4], vertical_alignment="bottom")
    pair = left.selectbox(
        "Languages",
        list(EXAMPLES),
        format_func=lambda code: PAIRS[code].name,
        key="mixed",
        bind="query-params",
    )
    text = right.text_input(
        "Your sentence", key="say", bind="query-params", placeholder=EXAMPLES[pair], max_chars=400
    )
    tagged = tag_sentence((text or "").strip() or EXAMPLES[pair], pair)
    names = dict(zip(PAIRS[pair].languages, PAIRS[pair].name.split("–"), strict=True))
    st.html(words_html(tagged, names))
    measures([tag for _, tag in tagged], names)
    with st.expander("Numbers", icon=":material/table_chart:"):
        numbers(word_table(tagged, names), "words")


def measures(tags: list[str], names: dict[str, str]) -> None:
    """CMI and its working, switch points, matrix language."""
    counts = Counter(words_only(tags))
    matrix = matrix_language(tags)
    with st.container(key="finding"):
        if matrix is None:
            st.markdown("There is no word of either language in this sentence.")
            return
        total = sum(counts.values())
        share = f"{counts[matrix]} of {total} words are {plain(names[matrix])}"
        st.markdown(
            f"{share}, the matrix language: CMI = 100 · (1 − {counts[matrix]}/{total}) = **{cmi(tags):.1f}**, "
            f"with **{switch_points(tags)}** switch points."
        )
    with st.container(horizontal=True, gap="small"):
        st.metric("Words", f"{total}", border=True)
        st.metric("Code-mixing index", f"{cmi(tags):.1f}", border=True)
        st.metric("Switch points", f"{switch_points(tags)}", border=True)
        st.metric("Matrix language", names[matrix], border=True)


def word_table(tagged: list[tuple[str, str]], names: dict[str, str]) -> pd.DataFrame:
    """One row a token: the token, its language, and whether the language switches before it."""
    rows, before = [], None
    for token, tag in tagged:
        switches = tag != OTHER and before not in (None, tag)
        rows.append({"token": token, "language": names.get(tag, "none"), "switch before": switches})
        before = before if tag == OTHER else tag
    return pd.DataFrame(rows)


def words_html(tagged: list[tuple[str, str]], names: dict[str, str]) -> str:
    """The sentence as words with their languages, and ⇄ where it switches; every text is escaped.

    >>> words_html([("yes", "en"), ("haan", "hi")], {"en": "English", "hi": "Hindi"}).count("⇄")
    1
    """
    places = {language: f"l{place}" for place, language in enumerate(names)}
    parts = []
    for row, (token, tag) in zip(word_table(tagged, names).to_dict("records"), tagged, strict=True):
        if row["switch before"]:
            parts.append('<i title="switch point" aria-label="switch point">⇄</i>')
        about = f"<small>{html.escape(names[tag])}</small>" if tag in names else "<small>–</small>"
        parts.append(f'<span class="{places.get(tag, "lo")}">{html.escape(token)}{about}</span>')
    return f'<div class="words" dir="auto">{"".join(parts)}</div>'
