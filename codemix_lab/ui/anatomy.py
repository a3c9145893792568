"""What the task vectors on the bench are made of: looked at when it is unfolded, the same wherever the dials are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from codemix_lab.ui import words
from codemix_lab.ui.chart import chart, numbers
from codemix_lab.ui.desk import Desk
from codemix_lab.ui.escape import short
from codemix_lab.ui.figures import layers

if TYPE_CHECKING:
    from codemix_lab.training.anatomy import Anatomy

ENERGY = "energy_"


def anatomy(desk: Desk) -> None:
    """Norm and energy by layer, agreement between sources, and the pieces that moved most."""
    fold = st.expander(
        "What the task vectors are made of",
        icon=":material/biotech:",
        key="anatomy",
        on_change="rerun",
        bind="query-params",
    )
    if not fold.open:
        return
    with fold:
        found = desk.anatomy()
        if found is None:
            st.caption(":material/hourglass_top: Being worked out …")
        else:
            _tabs(found)


def _tabs(found: Anatomy) -> None:
    sources = list(dict.fromkeys(found.lengths["adapted"]))
    ref = sources[0]
    if len(sources) > 1:
        ref = st.selectbox("Task vector of", sources, format_func=short, key="anatomy-of")
    own, rows = (
        table[table["adapted"] == ref].drop(columns="adapted") for table in (found.lengths, found.rows)
    )
    pairs = len(found.agreement) > 0
    tabs = st.tabs(["How far", "Energy by density", "Pieces", *(["Agreement"] if pairs else [])])
    with tabs[0]:
        chart(layers.moved(own), own, "moved")
    with tabs[1]:
        kept = energy_by_layer(own)
        chart(layers.energy(kept), kept, "energy", words.ENERGY)
    with tabs[2]:
        st.caption(words.PIECES)
        numbers(rows, "pieces")
    if pairs:
        with tabs[3]:
            _agreement(found.agreement)


def _agreement(table: pd.DataFrame) -> None:
    pairs = list(dict.fromkeys(zip(table["one"], table["other"], strict=True)))
    one, other = pairs[0]
    if len(pairs) > 1:
        one, other = st.selectbox(
            "Between", pairs, format_func=lambda pair: " and ".join(map(short, pair)), key="anatomy-pair"
        )
    pair = table[(table["one"] == one) & (table["other"] == other)]
    chart(layers.agreement(pair), pair, "agreement", words.AGREEMENT)


def energy_by_layer(lengths: pd.DataFrame) -> pd.DataFrame:
    """Columns layer, density, energy: the share of ‖τ‖² that a density keeps in a layer, all its modules together.

    `lengths` is the table of `merging.anatomy.lengths`. Layers that did not move are left out.
    """
    densities = [name for name in lengths if str(name).startswith(ENERGY)]
    squares = lengths["norm"] ** 2
    kept = lengths[densities].mul(squares, axis=0).groupby(lengths["layer"], sort=False).sum()
    whole = squares.groupby(lengths["layer"], sort=False).sum()
    shares = kept[whole > 0].div(whole[whole > 0], axis=0)
    long = shares.reset_index().melt("layer", var_name="density", value_name="energy")
    return long.assign(density=long["density"].str.removeprefix(ENERGY).astype(float))
