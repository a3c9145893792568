"""Views of the errors page: piles, confusions, the table to filter, the sentence that was opened."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from codemix_lab.config import TaskSpec
from codemix_lab.evaluation.compare import PILES, Comparison
from codemix_lab.experiments.inspection import predictions
from codemix_lab.ui import findings, words
from codemix_lab.ui.chart import chart, download
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures import bars, matrices

ICONS = {
    "fixed": ":material/build:",
    "broken": ":material/broken_image:",
    "both wrong": ":material/close:",
    "both right": ":material/check:",
}
ROW_HEIGHT = 360


def piles(found: Comparison) -> None:
    """The four piles, and in words what they mean."""
    with st.container(key="finding"):
        st.markdown(findings.piles(found))
    for cell, (name, count) in zip(st.columns(4, gap="small"), found.counts.items(), strict=True):
        cell.metric(
            f"{ICONS[name]} {name.capitalize()}",
            f"{count:,}",
            f"{count / max(1, len(found.frame)):.0%}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )


def confusions(found: Comparison) -> None:
    """A, B and what moved between them, side by side."""
    titles = ("Model A", "Model B", "B − A")
    figures = (
        matrices.confusion(found.confusion_a, found.labels, titles[0]),
        matrices.confusion(found.confusion_b, found.labels, titles[1]),
        matrices.confusion_difference(
            found.confusion_a, found.confusion_b, found.labels, "What moved: B − A"
        ),
    )
    tables = (found.confusion_a, found.confusion_b, found.confusion_b - found.confusion_a)
    for cell, figure, counts, name in zip(
        st.columns(3, gap="small"), figures, tables, ("a", "b", "moved"), strict=True
    ):
        table = pd.DataFrame(counts, columns=list(found.labels))
        table.insert(0, "gold ↓ predicted →", list(found.labels), allow_duplicates=True)
        with cell:
            chart(figure, table, f"confusion-{name}")


def filtered(found: Comparison) -> pd.DataFrame:
    """Draw the filters and return the rows that pass, those that changed most first."""
    left, middle, right = st.columns([5, 2, 3], gap="small")
    kept = left.pills(
        "Piles",
        PILES,
        selection_mode="multi",
        default=["fixed", "broken"],
        format_func=lambda p: f"{ICONS[p]} {p}",
        key="piles",
        wrap=True,
        bind="query-params",
    )
    label = middle.selectbox("Gold label", ["all", *found.labels], key="gold", bind="query-params")
    contains = right.text_input("Text contains", key="contains", bind="query-params", max_chars=200)
    frame = found.frame
    frame = frame[frame["pile"].isin(kept or PILES)]
    if label != "all":
        frame = frame[frame["gold"] == label]
    if contains:
        frame = frame[frame["text"].str.contains(contains, case=False, regex=False)]
    return frame.sort_values("gold_gain", key=abs, ascending=False, kind="stable")


def rows(frame: pd.DataFrame) -> int | None:
    """Draw the table and return the label of the row that was opened, if one is."""
    if frame.empty:
        st.info(words.NO_ROWS, icon=":material/search:")
        return None
    st.caption(f"{len(frame)} sentences; choose a row to open it.")
    columns = ["text", "gold", "predicted_a", "predicted_b", "pile", "gold_gain"]
    event = st.dataframe(
        frame[columns],
        hide_index=True,
        height=min(ROW_HEIGHT, 38 + 35 * len(frame)),
        on_select="rerun",
        selection_mode="single-row",
        key="rows",
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "predicted_a": "A says",
            "predicted_b": "B says",
            "gold_gain": st.column_config.NumberColumn(
                "gain",
                format="%+.2f",
                help="p_B − p_A of the gold label: positive where B is nearer to the truth.",
            ),
        },
    )
    download(frame, "rows", "Download these rows as CSV")
    chosen = event["selection"]["rows"]
    return int(frame.index[chosen[0]]) if chosen and chosen[0] < len(frame) else None


def card(
    found: Comparison, place: int, models: tuple[str, str], task: TaskSpec, split: str, limit: int | None
) -> None:
    """The sentence, and what both models think of it."""
    row = found.frame.loc[place].to_dict()
    with st.container(border=True, key="card"):
        st.text(row["text"])
        st.markdown(
            f"Gold **{plain(row['gold'])}** · A says **{plain(row['predicted_a'])}** · B says **{plain(row['predicted_b'])}** · {row['pile']}"
        )
        answers = {}
        for name, model in zip(("A", "B"), models, strict=True):
            frame = predictions(model, task, split, limit)
            hit = frame[frame["text"] == row["text"]]
            if len(hit):
                answers[name] = {
                    label.removeprefix("p_"): float(hit.iloc[0][label])
                    for label in frame.columns
                    if label.startswith("p_")
                }
        table = pd.DataFrame([{"model": name, **answer} for name, answer in answers.items()])
        chart(bars.probabilities(answers, "Probability of each label"), table, "card")
