"""Step 6: sign election by hand, on eight numbers of each task vector that the student can edit."""

from __future__ import annotations

import html
import math

import pandas as pd
import streamlit as st

from codemix_lab.errors import SpecError
from codemix_lab.ui import words
from codemix_lab.ui.chart import download
from codemix_lab.ui.learn.seat import Seat

EIGHT = 8
EXAMPLE = "4 -3 1 0.5 -2 3 -1 0.2; 2 5 -1.5 -0.5 -4 -2 -3 0.1; -1 -2 3 2 1 -2 0.5 0.4"
PARAM = "changes"
PLUS, MINUS = "+", "−"
TONES = {PLUS: "up", MINUS: "down"}
ELECTED = "elected sign"
LARGEST = 1e6


def draw(seat: Seat) -> None:
    """Edit, guess, look."""
    count, keep = st.columns([1, 2], gap="large")
    sources = count.segmented_control(
        "Task vectors", [2, 3], default=2, key="vectors", bind="query-params", required=True
    )
    density = keep.slider("Density of the trim", 25, 100, 75, 25, format="%d %%", key="votes-density") / 100
    rows = changes(st.query_params.get(PARAM, EXAMPLE))
    given = rows[: sources or 2]
    names = [f"τ{'₁₂₃'[place]}" for place in range(len(given))]
    places = [str(place + 1) for place in range(EIGHT)]
    st.markdown("**The changes: double-click a number to edit it**")
    number = st.column_config.NumberColumn(required=True, min_value=-99.0, max_value=99.0, step=0.1)
    edited = (
        st.data_editor(
            pd.DataFrame(given, index=names, columns=places),
            key=f"edit-{len(given)}",
            column_config=dict.fromkeys(places, number),
            num_rows="fixed",
        )
        .to_numpy(dtype=float)
        .tolist()
    )
    if edited != given:
        st.query_params[PARAM] = written([*edited, *rows[len(given) :]])
    st.markdown("**Your guess: which sign wins?**")
    guessed = st.data_editor(
        pd.DataFrame([[None] * EIGHT], index=["sign"], columns=places, dtype="object"),
        key="guess",
        column_config={place: st.column_config.SelectboxColumn(options=[PLUS, MINUS]) for place in places},
        num_rows="fixed",
    )
    if not st.toggle("Show the election", key="elected", bind="query-params"):
        st.caption(words.LEARN["guess"])
        return
    with st.spinner("Loading the merging functions, once after a start …"):
        table = election(edited, density, names)
    show(table, [str(sign or "") for sign in guessed.to_numpy()[0]])


def show(table: pd.DataFrame, guesses: list[str]) -> None:
    """The steps as a table, and how many guesses were right."""
    elected = table.T[ELECTED].tolist()
    pairs = list(zip(guesses, elected, strict=True))
    made = [guess == truth for guess, truth in pairs if guess]
    with st.container(key="finding"):
        told = f"**{sum(made)} of {len(made)}** guesses are right. " if made else ""
        st.markdown(told + words.LEARN["elected"])
    if made:
        marks = [f"{guess} {'✓' if guess == truth else '✗'}" if guess else "" for guess, truth in pairs]
        table = pd.concat([table, pd.DataFrame([marks], index=["your guess"], columns=table.columns)])
    st.html(votes_html(table))
    download(table.reset_index(names="step"), "election")


def votes_html(table: pd.DataFrame) -> str:
    """The table with the elected signs in colour; every cell is escaped.

    >>> votes_html(pd.DataFrame({"1": ["<b>"]}, index=["sum"])).count("&lt;b&gt;")
    1
    """
    head = "".join(f'<th scope="col">{html.escape(str(place))}</th>' for place in table.columns)
    rows = []
    for name, cells in zip(table.index, table.to_numpy().tolist(), strict=True):
        tones = [TONES.get(cell, "") if name == ELECTED else "" for cell in cells]
        row = "".join(
            f'<td class="{tone}">{html.escape(cell)}</td>' if tone else f"<td>{html.escape(cell)}</td>"
            for cell, tone in zip(cells, tones, strict=True)
        )
        rows.append(f'<tr><th scope="row">{html.escape(str(name))}</th>{row}</tr>')
    return f'<div class="votes"><table><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def election(given: list[list[float]], density: float, names: list[str]) -> pd.DataFrame:
    """Trim, elect sign and disjoint mean of eight numbers a task vector, by the functions of `merging`.

    One column a weight; rows: what trim leaves of each vector, their sum, the elected sign, the mean of
    those that agree, and the plain average of what was given.
    """
    import torch

    from codemix_lab.merging.ties import disjoint_mean, elect_sign, trim

    deltas = [torch.tensor(row, dtype=torch.float64) for row in given]
    left = [trim(delta, density) for delta in deltas]
    sign = elect_sign(left)
    rows = {f"{name} after trim": delta for name, delta in zip(names, left, strict=True)}
    rows["sum"] = torch.stack(left).sum(0)
    told = {name: [shown(value) for value in row.tolist()] for name, row in rows.items()}
    told[ELECTED] = [PLUS if value > 0 else MINUS for value in sign.tolist()]
    told["disjoint mean"] = [shown(value) for value in disjoint_mean(left, sign).tolist()]
    told["plain average"] = [shown(value) for value in torch.stack(deltas).mean(0).tolist()]
    columns = [str(place + 1) for place in range(len(given[0]))]
    return pd.DataFrame.from_dict(told, orient="index", columns=columns)


def changes(text: str) -> list[list[float]]:
    """Three rows of eight numbers from the URL. Raises `SpecError` for anything else.

    >>> [row[0] for row in changes(EXAMPLE)]
    [4.0, 2.0, -1.0]
    """
    try:
        rows = [[float(part) for part in row.replace("−", "-").split()] for row in text.split(";")]
    except ValueError:
        rows = []
    whole = len(rows) == 3 and all(len(row) == EIGHT for row in rows)
    if not whole or not all(math.isfinite(value) and abs(value) < LARGEST for row in rows for value in row):
        raise SpecError(
            f"“changes” in the address must be three rows of eight numbers, parted by “;”: {EXAMPLE}"
        )
    return rows


def written(rows: list[list[float]]) -> str:
    """`changes` backwards.

    >>> written([[1.0, -0.5], [2.0, 3.0]])
    '1 -0.5; 2 3'
    """
    return "; ".join(" ".join(f"{value:g}" for value in row) for row in rows)


def shown(value: float) -> str:
    """A number for the table: at most two decimals, a real minus, and nothing for a trimmed zero.

    >>> shown(-1.5), shown(0.0), shown(2.0)
    ('−1.5', '0', '2')
    """
    return f"{round(value, 2):g}".replace("-", "−")
