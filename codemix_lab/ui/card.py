"""One sentence, opened: what both models think of it, word by word, and what a change would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab.errors import DataError
from codemix_lab.evaluation.attribution import integrated_gradients, occlusion
from codemix_lab.evaluation.fill_mask import fill_mask
from codemix_lab.evaluation.neighbours import nearest
from codemix_lab.experiments.annotations import Annotation, Annotations
from codemix_lab.experiments.classifier import Classifier
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.models.loading import load_lm, load_tokenizer
from codemix_lab.text.edits import suggested_edits
from codemix_lab.text.mixing.lexicon import starter_lexicon
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging import tag_sentence
from codemix_lab.text.tasks import Task
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures import bars
from codemix_lab.ui.picker import Bench
from codemix_lab.ui.tagged import legend, table

TAGS = ("gold wrong", "irony", "sarcasm", "negation", "names", "other language", "unclear")
NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class Opened:
    """What a card needs: the row of the comparison, the two models by name, the task, its labels, the bench."""

    row: dict[str, Any]
    models: dict[str, Classifier]
    task: Task
    labels: tuple[str, ...]
    notes: Annotations
    bench: Bench


def card(opened: Opened) -> None:
    """The sentence, the answers, and below them the ways to ask on."""
    row = opened.row
    with st.container(border=True, key="card"):
        pair = opened.task.pair
        if pair is not None and pair in PAIRS and len(PAIRS[pair].languages) == 2:
            tags = tag_sentence(row["text"], pair)
            st.html(table([(tags, ())], PAIRS[pair].languages) + legend(pair))
        else:
            st.text(row["text"])
        st.markdown(
            f"Gold **{plain(row['gold'])}** · A says **{plain(row['predicted_a'])}** · "
            f"B says **{plain(row['predicted_b'])}** · {row['pile']}"
        )
        editor, blame, near, masked, notes = st.tabs(
            ["Answers and editor", "Words that decide", "Nearest train sentences", "Fill a word", "Notes"],
            on_change="rerun",
            key="card-tabs",
        )
        for tab, draw in (
            (editor, _editor),
            (blame, _blame),
            (near, _near),
            (masked, _masked),
            (notes, _notes),
        ):
            if tab.open:
                with tab:
                    draw(opened)
        st.page_link(
            "app.py",
            label="Follow this sentence over λ",
            icon=":material/tune:",
            query_params={**st.query_params.to_dict(), "sentence": row["text"]},
        )


def _editor(opened: Opened) -> None:
    text = opened.row["text"]
    key = f"edited-{hash(text)}"
    edits = {
        edit.said: edit.text for edit in suggested_edits(text, opened.task.pair, _lexicon(opened.task.pair))
    }

    def take() -> None:
        if said := st.session_state.get("edits"):
            st.session_state[key] = edits[said]

    st.pills("Suggested changes", list(edits), key="edits", on_change=take, format_func=plain)
    edited = st.text_area("Change the words", value=text, key=key, max_chars=1000, help=words.HELP["edit"])
    asked = {"as it is": text} | ({"changed": edited} if edited.strip() and edited != text else {})
    rows = pd.DataFrame({"text": list(asked.values()), "label": opened.row["gold"]})
    answers = {}
    for name, model in opened.models.items():
        frame = model.predict(opened.task, rows, opened.labels)
        for place, said in enumerate(asked):
            label = name if said == "as it is" else f"{name}, changed"
            answers[label] = {one: float(frame[f"p_{one}"].iloc[place]) for one in opened.labels}
    rows = pd.DataFrame([{"model": name, **found} for name, found in answers.items()])
    chart(bars.probabilities(answers, "Probability of each label"), rows, "card")


def _lexicon(pair: str | None) -> dict[str, str]:
    """The best translation of every word the starter's lexicon knows, both ways."""
    try:
        known = starter_lexicon(pair or "")
    except DataError:
        return {}
    return {word: others[0] for way in (known.inverted(), known) for word, others in way.entries.items()}


def _blame(opened: Opened) -> None:
    text = opened.row["text"].split()
    left, right = st.columns(2)
    label = left.selectbox(
        "Speaks for", opened.labels, index=opened.labels.index(opened.row["gold"]), key="for"
    )
    way = right.segmented_control(
        "By",
        ["occlusion", "integrated gradients"],
        default="occlusion",
        key="by",
        help=words.HELP["attribution"],
    )
    with st.spinner("Taking the words away one by one …"):
        found = {
            name: _attributed(model, opened.task, text, label, way or "occlusion")
            for name, model in opened.models.items()
        }
    numbers = pd.DataFrame({"word": text, **found})
    chart(bars.word_attributions(text, found, f"What each word adds to “{label}”"), numbers, "attribution")


def _attributed(model: Classifier, task: Task, text: list[str], label: str, way: str) -> np.ndarray:
    network, tokenizer = model.loaded
    own = model.labels_for(task)
    place = [name.casefold() for name in own].index(label.casefold())
    if way == "occlusion":
        return occlusion(network, tokenizer, text, own)[:, place]
    return integrated_gradients(network, tokenizer, text, place)


def _near(opened: Opened) -> None:
    st.caption("By their spelling (character n-grams), from the train split of the task.")
    found = nearest(opened.task.split("train"), opened.row["text"], NEIGHBOURS)
    st.dataframe(found, hide_index=True, key="nearest")


def _masked(opened: Opened) -> None:
    bench = opened.bench
    text = opened.row["text"].split()
    place = st.selectbox(
        "Hide the word",
        range(len(text)),
        format_func=lambda i: text[i],
        key="hidden",
        help=words.HELP["fill"],
    )
    for cell, ref in zip(st.columns(1 + len(bench.adapted)), (bench.base, *bench.adapted), strict=True):
        model, tokenizer = _language_model(ref, bench.base)
        cell.markdown(f"**{plain(ref)}**")
        cell.dataframe(
            fill_mask(model, tokenizer, text, int(place)),
            hide_index=True,
            column_config={"probability": st.column_config.ProgressColumn(format="percent", max_value=1)},
            key=f"fill-{ref}",
        )


@st.cache_resource(max_entries=4, show_spinner="Loading the language model …")
def _language_model(ref: str, base: str) -> tuple[Any, Any]:
    checkpoint = open_checkpoint(ref, base=open_checkpoint(base))
    return load_lm(checkpoint), load_tokenizer(checkpoint)


def _notes(opened: Opened) -> None:
    text = opened.row["text"]
    kept = opened.notes.all().get(text, Annotation(text))
    with st.form(f"note-{hash(text)}", border=False):
        note = st.text_area("Note", value=kept.note, max_chars=2000)
        tags = st.multiselect("Tags", sorted({*TAGS, *kept.tags}), default=kept.tags, accept_new_options=True)
        if st.form_submit_button("Keep", icon=":material/bookmark:"):
            opened.notes.keep(Annotation(text, note, tuple(tags)))
            st.rerun()
