"""The experiment of the page Transfer: what is trained and tested, what it will take, and how the tasks mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from codemix_lab.config import Regime, TaskSpec, TransferSpec
from codemix_lab.config.task import as_tasks
from codemix_lab.errors import SpecError
from codemix_lab.experiments.mixing_patterns import MEASURED
from codemix_lab.experiments.reproduction import carried
from codemix_lab.experiments.reproduction.estimate import estimate, in_words
from codemix_lab.text.tasks import starter_tasks
from codemix_lab.ui import carried as results
from codemix_lab.ui import jobs, shell, words
from codemix_lab.ui.allowed import may_open, read_only
from codemix_lab.ui.classifiers import choose_tasks
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.escape import plain
from codemix_lab.ui.fields import number
from codemix_lab.ui.picker import Bench, with_chosen
from codemix_lab.ui.uploads import kept_uploads

KIND = "transfer-experiment"
LOOK_EVERY = 2.0
NO_ENGLISH = "none"
SIZES = ("20", "50", "100", "200")
SCALINGS = ("0.1", "0.3", "0.6", "1.0", "1.5")
AT_FIRST = (Regime.FULL, Regime.TASK_ARITHMETIC, Regime.NGRAMS)
PAPER = ("en-ta", "en-ml")
"""Pairs that the paper carries its models over to."""


def experiment(bench: Bench) -> None:
    """The whole way: choose, start, watch, read."""
    ready = None
    with shell.told():
        spec, asked = choose(bench)
        if spec is not None:
            foretold(spec)
            ready = spec
        if ready is not None and asked:
            jobs.submit(KIND, {"spec": ready.to_dict()}, _said(ready))
            st.rerun()
    job = jobs.latest(KIND)
    if job is None:
        st.info(words.NO_CARRIED, icon=":material/arrow_upward:")
    else:
        jobs.watch(job)
        shell.fragment(results.found, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)
    if ready is not None:
        mixing(ready)
        copy_this(KIND, {"spec": ready.to_dict()}, "this experiment")


def choose(bench: Bench) -> tuple[TransferSpec | None, bool]:
    """The spec that the widgets say, None where they say none, and whether it is to be started."""
    offered = list(dict.fromkeys((*starter_tasks(), *kept_uploads(), bench.task)))
    with st.container(border=True, key="dials"):
        left, right = st.columns(2, gap="medium")
        with left:
            sources = choose_tasks(offered, [bench.task], "Tasks to train on", "sources")
        with right:
            others = [name for name in PAPER if name != bench.task]
            targets = choose_tasks(offered, others, "Tasks to test on", "targets")
        possible = [
            r for r in Regime if r is not Regime.PROMPT and (bench.adapted or "adapted" not in r.needs)
        ]
        chosen = st.pills(
            "Regimes",
            [regime.label for regime in possible],
            selection_mode="multi",
            default=[regime.label for regime in AT_FIRST if regime in possible],
            key="regimes",
            bind="query-params",
            help=words.CARRIED_HELP["regimes"],
        )
        sizes = st.pills(
            "Few-shot: labelled target sentences",
            SIZES,
            selection_mode="multi",
            key="target_sizes",
            bind="query-params",
            help=words.CARRIED_HELP["target_sizes"],
        )
        cells = st.columns(4, gap="small", vertical_alignment="bottom")
        with cells[0]:
            train_size = number(TransferSpec, "train_size", "Train sentences", help=words.HELP["train_size"])
        with cells[1]:
            epochs = number(TransferSpec, "epochs", "Epochs")
        with cells[2]:
            seeds = number(TransferSpec, "seeds", "Seeds", help=words.HELP["seeds"])
        asked = jobs.start_button(cells[3], "Carry over", "carry")
        english, mapping, scalings = more(offered)
    if not sources or not targets:
        if asked:
            raise SpecError("Choose at least one task to train on and one to test on.")
        return None, False
    spec = TransferSpec(
        sources=as_tasks(sources),
        targets=as_tasks(targets),
        regimes=tuple(regime for regime in possible if regime.label in chosen),
        base=bench.base,
        adapted=bench.adapted,
        english=None if english is None else TaskSpec(english),
        mapping=mapping,
        train_size=train_size,
        target_sizes=tuple(map(int, sizes)),
        seeds=seeds,
        epochs=epochs,
        target_epochs=epochs,
        scalings=scalings,
    )
    return spec, asked


def more(offered: Sequence[str]) -> tuple[str | None, tuple[str, ...], tuple[float, ...]]:
    """What fewer people change: the English baseline, labels renamed, and λ."""
    with st.expander("English baseline, label names, λ", icon=":material/more_horiz:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            english = st.selectbox(
                "English baseline",
                with_chosen(["en", NO_ENGLISH, *offered], "english"),
                key="english",
                bind="query-params",
                accept_new_options=not read_only(),
                help=words.CARRIED_HELP["english"],
            )
        with middle:
            mapping = st.text_input(
                "Labels renamed",
                key="mapping",
                bind="query-params",
                placeholder="neg=negative, pos=positive",
                max_chars=500,
                help=words.CARRIED_HELP["mapping"],
            )
        with right:
            scalings = st.pills(
                "λ to choose from, on dev",
                SCALINGS,
                selection_mode="multi",
                default=["0.6"],
                key="scalings",
                bind="query-params",
                help=words.CARRIED_HELP["scalings"],
            )
    pairs = tuple(part.strip() for part in mapping.split(",") if part.strip())
    return (
        None if english in (None, NO_ENGLISH) else may_open(str(english), offered),
        pairs,
        tuple(map(float, scalings)) or (0.6,),
    )


def foretold(spec: TransferSpec) -> None:
    """Which labels are compared, how many runs it takes and how long, before anything is started."""
    runs, done, time, labels = _foretold(spec.to_yaml())
    left = f", {done} of them finished; the rest takes {time}" if done else f"; it takes {time}"
    st.caption(f":material/schedule: {runs} runs{left if done < runs else ', all of them finished'}.")
    st.caption("  \n".join(f":material/label: {plain(said)}" for said in labels))


@st.cache_data(ttl=20, max_entries=16, show_spinner="Looking at the tasks …")
def _foretold(yaml: str) -> tuple[int, int, str, list[str]]:
    made = carried.transfer_experiment(TransferSpec.from_yaml(yaml))
    told = estimate(made.plan)
    by = "by finished runs" if told.measured else "a rough guess"
    time = f"{in_words(told.seconds)} with {told.workers} processes ({by})"
    return told.runs, told.done, time, [one.said for one in made.ground]


def mixing(spec: TransferSpec) -> None:
    """How the tasks mix, side by side, and where each train and test task differ most."""
    st.subheader("How the tasks mix")
    table, said = _mixing(spec.sources, spec.targets)
    for sentence in said:
        st.markdown(plain(sentence))
    st.dataframe(table, hide_index=True, key="mixing")
    st.caption(words.CARRIED_MIXING.format(count=MEASURED))


@st.cache_data(ttl=600, max_entries=8, show_spinner="Tagging both …")
def _mixing(sources: tuple[Any, ...], targets: tuple[Any, ...]) -> tuple[pd.DataFrame, list[str]]:
    return carried.mixing_said(sources, targets)


def _said(spec: TransferSpec) -> str:
    return f"{len(spec.sources)} × {len(spec.targets)} tasks, {len(spec.regimes)} regimes, {spec.seeds} seeds"
