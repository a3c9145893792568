"""Views of the page Adapt: which text, how long, what it will want, and how the losses go."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from codemix_lab.config import CptSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.experiments.adapting import adapted_root, work_of
from codemix_lab.experiments.jobs import Job
from codemix_lab.models.checkpoints import open_checkpoint
from codemix_lab.text.corpora import starter_corpora
from codemix_lab.text.readers import TABLE_SUFFIXES
from codemix_lab.training.cpt import RECORD
from codemix_lab.training.memory import estimate_memory
from codemix_lab.ui.allowed import all_may_open, read_only
from codemix_lab.ui.chart import chart, numbers
from codemix_lab.ui.escape import plain, short
from codemix_lab.ui.fields import number
from codemix_lab.ui.figures.loss import pretraining_curves
from codemix_lab.ui.picker import Bench, with_chosen
from codemix_lab.ui.uploads import CORPORA, keep_upload, kept_uploads
from codemix_lab.ui.words import HELP

TEXT_SUFFIXES = (".txt", ".txt.gz", *TABLE_SUFFIXES)


def choose_text(bench: Bench) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Draw the choice of corpora, and of shares where there are two; returns both."""
    known = starter_corpora()
    offered = [*known, *kept_uploads(CORPORA)]
    corpora = st.multiselect(
        "Text to read",
        with_chosen(offered, "corpora"),
        default=[bench.task if bench.task in known else "en-hi"],
        key="corpora",
        bind="query-params",
        accept_new_options=not read_only(),
        placeholder="Corpus or file",
        help=HELP["corpora"],
    )
    shares: tuple[float, ...] = ()
    if len(corpora) == 2 and st.checkbox("Mix the two by shares", key="mix", bind="query-params"):
        first = st.slider(
            f"Share of {short(corpora[0])}", 0.05, 0.95, 0.5, 0.05, key="share", help=HELP["shares"]
        )
        shares = (first, round(1 - first, 2))
    if not read_only():
        _own_text()
    return all_may_open(corpora, offered), shares


def _own_text() -> None:
    with st.expander("Bring your own text"):
        st.file_uploader(
            "One sentence a line (txt), or a table with a text column; each also .gz",
            type=sorted({suffix.rpartition(".")[2] for suffix in TEXT_SUFFIXES}),
            key="text_upload",
            on_change=_take_text,
        )
        if message := st.session_state.pop("text_upload_error", None):
            st.error(plain(message))


def length() -> dict[str, Any]:
    """Draw how long is read, in steps or in epochs, and return it as a field of `CptSpec`."""
    unit, amount = st.columns([1, 2], gap="small", vertical_alignment="bottom")
    epochs = (
        unit.selectbox("Length in", ["steps", "epochs"], key="length_in", bind="query-params") == "epochs"
    )
    with amount:
        if not epochs:
            return {"steps": number(CptSpec, "steps", "Steps")}
        passes = st.number_input(
            "Epochs", 0.01, 1000.0, 1.0, key="epochs", bind="query-params", help=_help("epochs")
        )
        return {"epochs": float(passes)}


def more() -> dict[str, Any]:
    """Draw what is folded away and return it as fields of `CptSpec`."""
    with st.expander("LoRA or all parameters, masking, memory, trajectory"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            moves = _what_moves()
        with middle:
            lora = moves["lora"]
            rate = st.number_input(
                "Learning rate",
                1e-7,
                1e-1,
                1e-3 if lora else 1e-4,
                format="%.0e",
                key=f"learning_rate_{'lora' if lora else 'full'}",
                help=_help("learning_rate"),
            )
            tokens = number(CptSpec, "tokens_per_step", "Pieces a step")
            parts = number(CptSpec, "accumulation", "Parts a step")
            share = CptSpec.parameters()["mask_share"]
            masked = st.slider(
                "Share masked", share.low, share.high, share.default, key="mask_share", help=share.help
            )
            words = st.checkbox("Mask whole words", key="whole_words", help=_help("whole_words"))
        with right:
            again = st.checkbox(
                "Gradient checkpointing", key="gradient_checkpointing", help=_help("gradient_checkpointing")
            )
            way = st.checkbox("Keep the trajectory", key="trajectory", help=_help("trajectory"))
            often = number(CptSpec, "save_every", "Steps between checkpoints")
            patience = number(CptSpec, "patience", "Patience")
            seed = number(CptSpec, "seed", "Seed")
    return {
        **moves,
        "learning_rate": float(rate),
        "tokens_per_step": tokens,
        "accumulation": parts,
        "gradient_checkpointing": again,
        "mask_share": masked,
        "whole_words": words,
        "save_every": often,
        "trajectory": way,
        "patience": patience,
        "seed": seed,
    }


def _what_moves() -> dict[str, Any]:
    lora = st.radio(
        "What moves",
        [True, False],
        format_func=lambda lora: "a LoRA adapter" if lora else "all parameters",
        key="lora",
        help=_help("lora"),
    )
    if not lora:
        frozen = st.checkbox(
            "Freeze the embeddings", key="freeze_embeddings", help=_help("freeze_embeddings")
        )
        return {"lora": False, "freeze_embeddings": frozen}
    rank = number(CptSpec, "rank", "LoRA rank")
    alpha = st.number_input(
        "LoRA alpha", 1, 4096, None, key="alpha", help=_help("alpha"), placeholder=str(2 * rank)
    )
    stable = st.checkbox("Rank-stabilised", key="rank_stabilised", help=_help("rank_stabilised"))
    named = st.text_input(
        "Layers LoRA adapts", key="targets", placeholder="all linear layers", help=_help("targets")
    )
    return {
        "lora": True,
        "rank": rank,
        "alpha": alpha,
        "rank_stabilised": stable,
        "targets": tuple((named or "").replace(",", " ").split()),
    }


def wants(spec: CptSpec) -> None:
    """What the run will want of memory, before it starts."""
    found = estimate_memory(open_checkpoint(spec.base), spec)
    said = f"Wants about {found.total / 1e9:.1f} GB of memory; {found.free / 1e9:.1f} GB are free."
    if found.fits:
        st.caption(said)
    else:
        st.warning(
            f"{said} Take fewer pieces a step, more parts, gradient checkpointing or LoRA.",
            icon=":material/memory:",
        )


def new_place(spec: CptSpec) -> Path:
    """A folder of the workspace named after what is read, the first that is free."""
    texts = "-".join(re.sub(r"\.(txt|csv|tsv|jsonl)(\.gz)?$", "", short(source)) for source in spec.corpora)
    long = f"{spec.steps}" if spec.epochs is None else f"{spec.epochs:g}-epochs"
    bare = re.sub(r"[^\w.-]+", "-", f"{short(spec.base)}-{texts}-{long}{'' if spec.lora else '-full'}").strip(
        "-."
    )[:80]
    names = [bare, *(f"{bare}-{count}" for count in range(2, 1000))]
    free = (adapted_root() / name for name in names)
    return next(place for place in free if not place.exists() and not work_of(place).exists())


def results(job: Job) -> None:
    """The losses of a job as far as they are known, and what they come to."""
    points = list({row["step"]: row for row in job.rows}.values())
    if not points:
        return
    first, last = points[0], points[-1]
    with st.container(key="finding"):
        st.markdown(verdict(first, last))
    chart(
        pretraining_curves(points),
        pd.DataFrame(points),
        "cpt",
        "Lower is better. A rising monolingual line is what the model forgets.",
    )


def verdict(first: dict[str, float], last: dict[str, float]) -> str:
    """Both losses then and now, in one sentence.

    >>> verdict({"step": 0, "mixed": 6.5}, {"step": 90, "mixed": 4.25, "tokens_per_second": 1234.0})
    'After 90 steps: mixed loss 6.50 → **4.25**, at 1,234 pieces a second.'
    """
    losses = [
        f"{plain(name)} loss {first[name]:.2f} → **{last[name]:.2f}**"
        for name in last
        if name in first and name not in ("step", "loss", "tokens_per_second")
    ]
    speed = last.get("tokens_per_second")
    said = f"After {int(last['step'])} steps: {', '.join(losses)}"
    return f"{said}, at {speed:,.0f} pieces a second." if speed else f"{said}."


def kept() -> None:
    """Every adapted checkpoint of the workspace, newest first."""
    rows = []
    for path in sorted(adapted_root().glob(f"[!.]*/{RECORD}"), key=lambda p: -p.stat().st_mtime):
        record = json.loads(path.read_text(encoding="utf-8"))
        row = {"checkpoint": path.parent.name, "base": record["spec"]["base"], "steps": record["steps"]}
        for name, loss in record["after"].items():
            row[f"{name}: loss before"], row[f"{name}: after"] = record["before"][name], loss
        rows.append({**row, "sentences": record["sentences"], "folder": str(path.parent)})
    with st.expander(f"Adapted checkpoints ({len(rows)})", icon=":material/history:"):
        if rows:
            numbers(pd.DataFrame(rows), "adapted")
        else:
            st.caption("None yet. Every finished one is kept here and can be chosen on the left.")


def offer_to_explore(job: Job) -> None:
    """The way to Explore with the new checkpoint on the bench."""
    with st.container(key="use"):
        look = "color: var(--st-primary-color); font-weight: 600"
        st.html(f'<a href="{escape(explore_address(job))}" style="{look}">Use this on Explore →</a>')


def explore_address(job: Job) -> str:
    """Explore with base and new checkpoint in the URL; a fresh visit, so that the URL decides what is chosen."""
    placed = {"base": [job.payload["spec"]["base"]], "adapted": [job.result["folder"]]}
    if task := st.query_params.get("task"):
        placed["task"] = [task]
    return f"./?{urlencode(placed, doseq=True)}"


def _take_text() -> None:
    file = st.session_state.get("text_upload")
    if file is None:
        return
    try:
        kept = str(keep_upload(file.name, file.getvalue(), TEXT_SUFFIXES, CORPORA))
        st.session_state["corpora"] = [*st.session_state.get("corpora", []), kept]
    except CodeMixLabError as error:
        st.session_state["text_upload_error"] = str(error)


def _help(name: str) -> str:
    return CptSpec.parameters()[name].help
