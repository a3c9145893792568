"""The parts of the page Data: what was recognised, the sentences, their spread, two corpora side by side."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from codemix_lab.text.measuring import compared
from codemix_lab.text.profile_record import Profile
from codemix_lab.ui import tagged, words
from codemix_lab.ui.chart import chart, download, numbers
from codemix_lab.ui.corpus import CORPUS, Corpus
from codemix_lab.ui.escape import plain, short
from codemix_lab.ui.figures import corpora

ROWS_A_PAGE = 25
WORD_EDGES = (1, 4, 7, 10, 15, 20, 30, 50)
CMI_EDGES = (0, 0.001, 10, 20, 30, 40, 50)
CMI_NAMES = ("0", "0–10", "10–20", "20–30", "30–40", "40–50", "50 +")


def recognised(found: Corpus) -> None:
    """What the source was taken for, in numbers and as a table of its columns."""
    profile = found.profile
    leaks = sum(profile.leaks.values()) if profile else 0
    facts = {
        "Sentences": f"{len(found.frame):,}",
        "Labels": str(found.frame["label"].nunique()) if _labelled(found) else "none",
        "Code-mixing index": _figure(found.measures.get("cmi"), "{:.1f}"),
        "Train rows that leak": f"{leaks:,}" if profile and _labelled(found) else "–",
    }
    for cell, (name, value) in zip(st.columns(4, gap="small"), facts.items(), strict=True):
        cell.metric(name, value, border=True, help=words.DATA_HELP.get(name))
    if profile is None:
        return
    st.caption(f"Read as {plain(profile.use)}: {plain(profile.recognised)}; pair {found.pair or 'unknown'}.")
    for note in ([profile.problem] if profile.problem else []) + list(found.warnings):
        st.caption(f":material/info: {plain(note)}")
    with st.expander("Columns, duplicates and repairs", icon=":material/fact_check:"):
        columns = pd.DataFrame([column.__dict__ for column in profile.columns])
        numbers(columns.rename(columns={"how": "found", "filled": "filled cells"}), "columns")
        numbers(_counted(profile), "profile")


def offer_to_adapt(source: str, key: str = "read-this") -> None:
    """The way to Adapt with this text chosen to be read."""
    look = "color: var(--st-primary-color); font-weight: 600"
    with st.container(key=key):
        st.html(f'<a href="{escape(adapt_address(source))}" style="{look}">{words.DATA_HELP["read"]}</a>')


def adapt_address(source: str) -> str:
    """Adapt with the bench as it is and this text; a fresh visit, so that the URL decides what is chosen."""
    placed = {name: st.query_params.get_all(name) for name in ("base", "adapted", "task")}
    return f"./Adapt?{urlencode({**placed, 'corpora': [source.removeprefix(CORPUS)]}, doseq=True)}"


def sentences(found: Corpus) -> None:
    """A page of sentences with the words in the colours of their languages, and filters above."""
    frame = found.sample
    left, middle, right, turn = st.columns([2, 2, 4, 2], gap="small")
    label = split = "all"
    if _labelled(found):
        label = left.selectbox("Label", ["all", *sorted(frame["label"].unique())], key="shown-label")
        split = middle.selectbox("Split", ["all", *frame["split"].unique()], key="shown-split")
    contains = right.text_input("Text contains", key="shown-text", max_chars=200)
    kept = [
        place
        for place, row in enumerate(frame.itertuples(index=False))
        if label in ("all", row.label)
        and split in ("all", row.split)
        and contains.casefold() in str(row.text).casefold()
    ]
    if not kept:
        st.info(words.NO_ROWS, icon=":material/search:")
        return
    pages = math.ceil(len(kept) / ROWS_A_PAGE)
    page = int(turn.number_input(f"Page of {pages:,}", 1, pages, 1, key="shown-page")) if pages > 1 else 1
    shown = kept[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    if found.tagged:
        st.html(tagged.legend(str(found.pair)))
        st.html(tagged.table([(found.tagged[p], _about(found, p)) for p in shown], found.languages))
    else:
        st.dataframe(frame.iloc[shown], hide_index=True, key="shown-rows")
        st.caption(words.NO_TAGS)
    if len(found.sample) < len(found.frame):
        st.caption(
            f"An even sample of {len(found.sample):,} of {len(found.frame):,} sentences is tagged and shown."
        )
    table = frame.iloc[kept]
    if found.cmi:
        table = table.assign(cmi=[found.cmi[place] for place in kept])
    download(table, "sentences", "Download these sentences as CSV")


def spread(found: Corpus, other: Corpus | None) -> None:
    """Labels, lengths and mixing; a second corpus stands beside the first."""
    both = [found] if other is None else [found, other]
    names = [
        one.name if len({c.name for c in both}) == len(both) else f"{one.name} ({n})"
        for n, one in enumerate(both, 1)
    ]
    names = [short(name) for name in names]
    if _labelled(found):
        counts = found.frame.groupby(["split", "label"], sort=True).size().rename("count").reset_index()
        chart(corpora.label_counts(counts), counts, "labels")
    left, right = st.columns(2, gap="medium")
    lengths = {
        name: corpora.binned([len(text.split()) for text in one.frame["text"]], WORD_EDGES)
        for name, one in zip(names, both, strict=True)
    }
    edges = [f"{a}–{b - 1}" for a, b in pairwise(WORD_EDGES)] + [f"{WORD_EDGES[-1]} +"]
    with left:
        chart(
            corpora.shares(lengths, edges, "Length", "words in a sentence"),
            pd.DataFrame({"words": edges, **lengths}),
            "lengths",
        )
    mixing = {
        name: corpora.binned(one.cmi, CMI_EDGES) for name, one in zip(names, both, strict=True) if one.cmi
    }
    if mixing:
        with right:
            chart(
                corpora.shares(mixing, CMI_NAMES, "Mixing", "code-mixing index of a sentence"),
                pd.DataFrame({"cmi": CMI_NAMES, **mixing}),
                "mixing",
            )
        st.subheader("Measures of mixing")
        measures = {name: one.measures for name, one in zip(names, both, strict=True) if one.measures}
        numbers(measured(measures), "measures")


def measured(measures: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Measures as rows and corpora as columns; with two of them also their difference."""
    table = compared(measures)
    table["measure"] = table["measure"].str.replace("_", " ")
    names = list(measures)
    table[names] = table[names].astype(float).round(3)
    if len(measures) == 2:
        first, second = names
        table["difference"] = (table[second] - table[first]).round(3)
    return table


def _about(found: Corpus, place: int) -> list[str]:
    row = found.sample.iloc[place]
    return [*filter(None, (row["label"], row["split"])), f"CMI {found.cmi[place]:.0f}"]


def _labelled(found: Corpus) -> bool:
    return bool((found.frame["label"] != "").any())


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _counted(profile: Profile) -> pd.DataFrame:
    rows = [
        {"what": what, "where": where, "count": count}
        for what, counts in profile.counts().items()
        for where, count in counts.items()
    ]
    return pd.DataFrame(rows, columns=["what", "where", "count"])
