"""Step 2: what the model expected at a hidden word, and how surprised it was, before and after CPT."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config import MergeSpec, ProbeSpec
from codemix_lab.evaluation.reading import Reading
from codemix_lab.experiments.grids import kept_grid
from codemix_lab.experiments.lessons import SENTENCES
from codemix_lab.text.corpora import HELD_OUT
from codemix_lab.ui import words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.escape import plain
from codemix_lab.ui.figures.style import BASE, CPT, faint
from codemix_lab.ui.learn import figures
from codemix_lab.ui.learn.look import readable
from codemix_lab.ui.learn.seat import Seat

TINTS = {"base": faint(BASE, 0.32), "CPT": faint(CPT, 0.32)}
HIDDEN = {"code-mixed": 7, "monolingual": 4}
"""Which word is hidden at first."""

Read = dict[str, Reading]


def draw(seat: Seat) -> None:
    """Both sentences with one word hidden, and the surprise at them and at held-out text."""
    if not seat.lesson.readings:
        st.info(words.LEARN["no_lm"])
        return
    for cell, kind in zip(st.columns(2, gap="large"), SENTENCES, strict=True):
        with cell:
            st.markdown(f"**{kind.capitalize()} text**")
            text = SENTENCES[kind].split()
            hidden_word(kind, text, seat.lesson.readings[kind], HIDDEN[kind])
    surprises = surprise_table(seat)
    chart(
        readable(figures.surprise(surprises), seat.lecture),
        surprises,
        "surprise",
        words.LEARN["surprise"].format(held_out=HELD_OUT),
    )
    with st.expander("Ask the models about a sentence of your own", icon=":material/edit:"):
        own_sentence(seat)


def hidden_word(key: str, text: list[str], read: Read, at_first: int) -> None:
    """Choose the word to hide; what base and CPT put there."""
    place = st.selectbox(
        "Hide the word",
        range(len(text)),
        index=min(at_first, len(text) - 1),
        format_func=lambda i: f"{i + 1} · {text[i]}",
        key=f"hide-{key}",
        bind="query-params",
    )
    st.html(cloze_html(text, place))
    for cell, (name, reading) in zip(st.columns(len(read)), read.items(), strict=True):
        cell.html(guesses_html(name, reading.guesses[place] if reading.guesses else (), text[place]))


def surprise_table(seat: Seat) -> pd.DataFrame:
    """Pseudo-perplexity of base and CPT: of each sentence, and of held-out text where a grid is there."""
    lesson = seat.lesson
    rows = [
        {"text": f"{kind} sentence", "base": read["base"].perplexity, "CPT": read["CPT"].perplexity}
        for kind, read in lesson.readings.items()
    ]
    grid = kept_grid(MergeSpec(lesson.base, lesson.adapted[:1]), seat.task, ProbeSpec())
    column = grid.column(1.0) if grid else None
    if column is not None and column.is_node(0.0) and column.scalings[-1] >= 1:
        ends = column.perplexity(0.0), column.perplexity(1.0)
        for place, kind in enumerate(SENTENCES):
            rows.append({"text": f"{kind} held-out", "base": ends[0][place], "CPT": ends[1][place]})
    return pd.DataFrame(rows).dropna().reset_index(drop=True)


def own_sentence(seat: Seat) -> None:
    """Both models read what the student types; they are opened on the first question."""
    text = st.text_input(
        "Your sentence", key="read", bind="query-params", max_chars=200, help=words.HELP["own"]
    )
    if not text or not text.strip():
        return
    if seat.bench.needs_starter:
        st.info(words.NO_STARTER)
        return
    parts = text.split()
    lesson = seat.lesson
    with st.spinner("Opening base and CPT, then hiding every word once …"):
        read = {
            name: Reading.from_json(_read(ref, lesson.base, tuple(parts)))
            for name, ref in (("base", lesson.base), ("CPT", lesson.adapted[0]))
        }
    hidden_word("own", parts, read, len(parts) - 1)
    told = " · ".join(f"{plain(name)} **{found.perplexity:,.0f}**" for name, found in read.items())
    st.markdown(f"Pseudo-perplexity: {told}")


@st.cache_data(max_entries=64, show_spinner=False)
def _read(ref: str, base: str, parts: tuple[str, ...]) -> dict[str, Any]:
    from codemix_lab.evaluation.reading import read_words

    return read_words(*_language_model(ref, base), parts).to_json()


@st.cache_resource(max_entries=2, show_spinner=False)
def _language_model(ref: str, base: str) -> tuple[Any, Any]:
    from codemix_lab.models.checkpoints import open_checkpoint
    from codemix_lab.models.loading import load_lm, load_tokenizer

    checkpoint = open_checkpoint(ref, base=open_checkpoint(base))
    return load_lm(checkpoint), load_tokenizer(checkpoint)


def cloze_html(text: list[str], place: int) -> str:
    """The sentence with one word marked as hidden; every text is escaped.

    >>> cloze_html(["a", "<b>"], 1)
    '<p class="cloze" dir="auto">a <mark title="hidden from the model">&lt;b&gt;</mark></p>'
    """
    shown = [html.escape(word) for word in text]
    shown[place] = f'<mark title="hidden from the model">{shown[place]}</mark>'
    return f'<p class="cloze" dir="auto">{" ".join(shown)}</p>'


def guesses_html(name: str, guesses: tuple[tuple[str, float], ...], truth: str) -> str:
    """What one model puts in the gap, with bars; the hidden word is underlined where it is guessed."""
    most = max((p for _, p in guesses), default=1.0)
    rows = [
        f'<tr><td><div class="bar{" hit" if piece and truth.casefold().startswith(piece.casefold()) and len(piece) > 1 else ""}" '
        f'style="--p: {100 * p / most:.0f}%; --tint: {TINTS[name]}">{html.escape(piece) or "·"}</div></td>'
        f"<td>{p:.0%}</td></tr>"
        for piece, p in guesses
    ]
    return f'<table class="guesses"><caption>{html.escape(name)} expects</caption>{"".join(rows)}</table>'
