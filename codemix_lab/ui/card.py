"""One sentence, opened: what every model thinks of it, word by word, and what a change would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.evaluation.neighbours import Neighbours
from codemix_lab.evaluation.sentence_curve import SentenceCurve
from codemix_lab.experiments.annotations import Annotation
from codemix_lab.experiments.jobs import JobQueue, JobState
from codemix_lab.experiments.sentence_curves import kept_sentence_curve
from codemix_lab.text.edits import suggested_edits
from codemix_lab.text.mixing.lexicon import starter_lexicon
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tagging import tag_sentence
from codemix_lab.text.tasks import Task
from codemix_lab.ui import heavy, jobs, rows, words
from codemix_lab.ui.allowed import check_may_change, read_only
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures import bars, over_lambda
from codemix_lab.ui.opened import Opened, task_of
from codemix_lab.ui.tagged import legend, table

if TYPE_CHECKING:
    from codemix_lab.experiments.classifier import Classifier

TAGS = ("gold wrong", "irony", "sarcasm", "negation", "names", "other language", "unclear")
NEIGHBOURS = 5
CURVE = "sentence-curve"


def card(opened: Opened) -> None:
    """The sentence, the answers, and below them the ways to ask on."""
    row, pair = opened.row, opened.pair
    with st.container(border=True, key="card"):
        if pair is not None and pair in PAIRS and len(PAIRS[pair].languages) == 2:
            tags = tag_sentence(opened.text, pair)
            st.html(table([(tags, ())], PAIRS[pair].languages) + legend(pair))
        else:
            st.text(opened.text)
        said = [
            f"{letter} says **{plain(row[f'predicted_{letter.lower()}'])}**"
            for letter in opened.panel.letters
        ]
        st.markdown(" · ".join([f"Gold **{plain(row['gold'])}**", *said, opened.pile]))
        views = {
            "Answers and editor": _editor,
            "Words that decide": _blame,
            "Pieces": _pieces,
            "Over λ": _over_lambda,
            "Nearest train sentences": _near,
            "Fill a word": _masked,
            "Notes": _notes,
        }
        for tab, draw in zip(
            st.tabs(list(views), on_change="rerun", key="card-tabs"), views.values(), strict=True
        ):
            if tab.open:
                with tab:
                    draw(opened)
        with st.container(horizontal=True):
            st.page_link(
                "app.py",
                label="Follow this sentence over λ",
                icon=":material/tune:",
                query_params={**st.query_params.to_dict(), "sentence": opened.text},
            )
            st.button("Close", icon=":material/close:", key="close-card", on_click=rows.close)


def _editor(opened: Opened) -> None:
    text = opened.text
    key = f"edited-{hash(text)}"
    edits = {edit.said: edit.text for edit in suggested_edits(text, opened.pair, _lexicon(opened.pair))}

    def take() -> None:
        if said := st.session_state.get("edits"):
            st.session_state[key] = edits[said]

    st.pills("Suggested changes", list(edits), key="edits", on_change=take, format_func=plain)
    edited = st.text_area("Change the words", value=text, key=key, max_chars=1000, help=words.HELP["edit"])
    answers = {letter: opened.probabilities(letter) for letter in opened.panel.letters}
    if edited and edited.strip() and edited != text:
        asked = pd.DataFrame({"text": [edited], "label": opened.row["gold"]})
        for name, model in _asked(opened).items():
            frame = model.predict(opened.task, asked, opened.panel.labels)
            answers[f"{name}, changed"] = {
                one: float(frame[f"p_{one}"].iloc[0]) for one in opened.panel.labels
            }
    found = pd.DataFrame([{"model": name, **values} for name, values in answers.items()])
    chart(bars.probabilities(answers, "Probability of each label"), found, "card")


def _asked(opened: Opened) -> dict[str, Classifier]:
    """The models that can be asked anew; of the others it is told that they cannot."""
    models = opened.models
    missing = [letter for letter in opened.panel.letters if letter not in models]
    if missing:
        st.caption(words.NO_MODEL.format(letters=" and ".join(missing)))
    return models


@st.cache_resource(max_entries=4, show_spinner="Reading the train sentences …")
def _index(spec: TaskSpec) -> Neighbours:
    return Neighbours(task_of(spec).split("train"))


def _lexicon(pair: str | None) -> dict[str, str]:
    """The best translation of every word the starter's lexicon knows, both ways."""
    try:
        known = starter_lexicon(pair or "")
    except DataError:
        return {}
    return {word: others[0] for way in (known.inverted(), known) for word, others in way.entries.items()}


def _blame(opened: Opened) -> None:
    text = opened.text.split()
    labels = opened.panel.labels
    left, right = st.columns(2)
    label = left.selectbox("Speaks for", labels, index=labels.index(opened.row["gold"]), key="for")
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
            for name, model in _asked(opened).items()
        }
    if found:
        numbers = pd.DataFrame({"word": text, **found})
        chart(
            bars.word_attributions(text, found, f"What each word adds to “{label}”"), numbers, "attribution"
        )


def _attributed(model: Classifier, task: Task, text: list[str], label: str, way: str) -> np.ndarray:
    from codemix_lab.evaluation.attribution import integrated_gradients, occlusion

    network, tokenizer = model.loaded
    own = model.labels_for(task)
    place = [name.casefold() for name in own].index(label.casefold())
    if way == "occlusion":
        return occlusion(network, tokenizer, text, own)[:, place]
    return integrated_gradients(network, tokenizer, text, place)


def _pieces(opened: Opened) -> None:
    heavy.load()
    from codemix_lab.evaluation.fertility import pieces_by_word

    shown: dict[str, pd.DataFrame] = {}
    for name, model in _asked(opened).items():
        found = pieces_by_word(model.tokenizer, opened.text)
        alike = next((letters for letters, other in shown.items() if other.equals(found)), None)
        if alike is not None:
            shown[f"{alike}, {name}"] = shown.pop(alike)
        else:
            shown[name] = found
    for name, found in shown.items():
        words_here = max(1, len(found))
        st.caption(
            f"**{name}**: {found['count'].sum()} pieces for {len(found)} words "
            f"({found['count'].sum() / words_here:.2f} a word)"
        )
        st.dataframe(found, hide_index=True, key=f"pieces-{name}")


def _over_lambda(opened: Opened) -> None:
    st.caption(words.OVER_LAMBDA)
    spec = opened.spec
    if spec is None:
        st.info(words.NO_ADAPTED, icon=":material/tune:")
        return
    curve = _curve(opened, spec)
    if curve is None:
        return
    exact = pd.DataFrame(curve.exact, columns=list(curve.labels))
    exact.insert(0, "λ", curve.scalings, allow_duplicates=True)
    title = f"{spec.method.label}: this sentence over λ"
    chart(over_lambda.sentence(curve, spec.scaling, title), exact, "sentence-over-lambda")


def _curve(opened: Opened, spec: MergeSpec) -> SentenceCurve | None:
    """The curve where it is kept, else the way to it."""
    kept = kept_sentence_curve(spec, opened.task_spec, ProbeSpec(), opened.text)
    if kept is not None:
        return kept
    asked = {
        "spec": spec.replace(scaling=0.0).to_dict(),
        "task": opened.task_spec.to_dict(),
        "probe": ProbeSpec().to_dict(),
        "text": opened.text,
    }
    job = JobQueue().find(CURVE, asked)
    if job is None:
        if not read_only() and st.button(
            "Work it out for this sentence", key="follow", icon=":material/play_arrow:"
        ):
            jobs.submit(CURVE, asked, "one sentence over λ")
            st.rerun()
        return None
    jobs.watch(job)
    return SentenceCurve.from_dict(job.result) if job.state is JobState.DONE else None


def _near(opened: Opened) -> None:
    st.caption("By their spelling (character n-grams), from the train split of the task.")
    st.dataframe(_index(opened.task_spec).nearest(opened.text, NEIGHBOURS), hide_index=True, key="nearest")


def _masked(opened: Opened) -> None:
    heavy.load()
    from codemix_lab.evaluation.fill_mask import fill_mask

    bench = opened.bench
    text = opened.text.split()
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
    from codemix_lab.models.checkpoints import open_checkpoint
    from codemix_lab.models.loading import load_lm, load_tokenizer

    checkpoint = open_checkpoint(ref, base=open_checkpoint(base))
    return load_lm(checkpoint), load_tokenizer(checkpoint)


def _notes(opened: Opened) -> None:
    text = opened.text
    kept = opened.notes.all().get(text, Annotation(text))
    if read_only():
        st.text(kept.note or "No note on this sentence.")
        st.caption(plain(", ".join(kept.tags)))
        return
    with st.form(f"note-{hash(text)}", border=False):
        note = st.text_area("Note", value=kept.note, max_chars=2000)
        tags = st.multiselect("Tags", sorted({*TAGS, *kept.tags}), default=kept.tags, accept_new_options=True)
        if st.form_submit_button("Keep", icon=":material/bookmark:"):
            check_may_change()
            opened.notes.keep(Annotation(text, note, tuple(tags)))
            st.rerun()
