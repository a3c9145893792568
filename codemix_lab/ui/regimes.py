"""Choosing regimes, train sizes and seeds, and the button that starts them as one sweep."""

from __future__ import annotations

from typing import Any

import streamlit as st

from codemix_lab.config import MergeMethod, Regime, RunSpec
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.errors import CodeMixLabError, SpecError
from codemix_lab.experiments.regime_choice import ALWAYS, lacking, regimes_sweep
from codemix_lab.experiments.reproduction.estimate import Estimate, estimate, in_words
from codemix_lab.text.registry import registered_names
from codemix_lab.text.tasks import open_task, starter_tasks
from codemix_lab.ui import jobs, regime_results, words
from codemix_lab.ui.advisor import advisor
from codemix_lab.ui.allowed import all_may_open, may_open, read_only
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.escape import plain
from codemix_lab.ui.fields import number, several
from codemix_lab.ui.picker import Bench, placed, with_chosen

KIND = "sweep"
OFFERED = {regime.label: regime for regime in Regime if regime not in ALWAYS}
FIRST = (Regime.CPT_FT.label, Regime.TASK_ARITHMETIC.label, Regime.TIES.label)
ENGLISH = "en"
MOST_SEEDS = 100


def choose(bench: Bench) -> None:
    """Draw the fields, what the sweep will take, and the button. Raises `SpecError` for what cannot be meant."""
    english, targets = st.session_state.get("english", ENGLISH), st.session_state.get("targets") or [None]
    advisor(bench, english, targets[0])
    with st.container(border=True, key="dials"):
        labels = st.pills(
            "Regimes, held against full fine-tuning",
            list(OFFERED),
            selection_mode="multi",
            default=FIRST if bench.adapted else [Regime.PROBE.label],
            key="regimes",
            bind="query-params",
            help="\n".join(f"- **{regime.label}**: {regime.help}" for regime in Regime),
        )
        chosen = [OFFERED[label] for label in labels]
        cells = st.columns([2, 1, 1, 1], gap="small", vertical_alignment="bottom")
        with cells[0]:
            sizes = several(
                RunSpec,
                "train_size",
                "Train sentences",
                "50, 100, 200",
                "train_sizes",
                words.HELP["train_sizes"],
            )
        with cells[1]:
            seeds = int(
                st.number_input(
                    "Seeds",
                    1,
                    MOST_SEEDS,
                    3,
                    key="regime_seeds",
                    bind="query-params",
                    help=words.HELP["seeds"],
                )
            )
        with cells[2]:
            epochs = number(RunSpec, "epochs", "Epochs", key="regime_epochs")
        read = {name for regime in (*ALWAYS, *chosen) for name in regime.reads}
        fields: dict[str, Any] = {"adapted": bench.adapted, "epochs": epochs}
        fields |= _english(read)
        fields |= _settings(read)
        asked = jobs.start_button(cells[3], "Run", "run-regimes")
    told = [said for regime in chosen if (said := lacking(regime, fields, _labels(bench, fields, chosen)))]
    for said in told:
        st.warning(plain(said), icon=":material/block:")
    able = [regime for regime in chosen if not lacking(regime, fields, _labels(bench, fields, chosen))]
    if any(size != int(size) for size in sizes):
        raise SpecError("Train sentences are whole numbers.")
    payload = regimes_sweep(
        bench.task, bench.base, able, sorted(int(size) for size in sizes), range(seeds), fields
    )
    SweepSpec.of(payload["run"], payload["over"])
    if asked:
        jobs.submit(KIND, payload, f"{len(able) + len(ALWAYS)} regimes × {seeds} seeds, {placed(bench)}")
        st.rerun()
    _, plan = regime_results.planned(payload)
    st.caption(f":material/timer: {plain(sentence(estimate(plan)))}")
    copy_this(KIND, payload)


def sentence(told: Estimate) -> str:
    """What a sweep will take.

    >>> sentence(Estimate(runs=42, done=2, seconds=1500, workers=2, measured=False))
    '42 runs, 2 of them finished; the rest takes about 25 minutes with 2 processes (a rough guess).'
    """
    said = f"{told.runs} runs"
    if told.done == told.runs:
        return f"{said}, all finished: they are shown from the store."
    if told.done:
        said += f", {told.done} of them finished"
    basis = "by the pace of finished runs" if told.measured else "a rough guess"
    rest = "; the rest takes" if told.done else ","
    processes = "one process" if told.workers == 1 else f"{told.workers} processes"
    return f"{said}{rest} {in_words(told.seconds)} with {processes} ({basis})."


def _english(read: set[str]) -> dict[str, Any]:
    """The English task and how it is learnt, where a chosen regime reads it."""
    if "english" not in read:
        return {}
    offered = [*starter_tasks(), *registered_names()]
    cells = st.columns([2, 1, 1], gap="small", vertical_alignment="bottom")
    with cells[0]:
        english = st.selectbox(
            "English task",
            with_chosen(offered, "english"),
            index=offered.index(ENGLISH) if ENGLISH in offered else None,
            key="english",
            bind="query-params",
            accept_new_options=not read_only(),
            placeholder="A task in English with the same labels",
            help=RunSpec.parameters()["english"].help,
        )
    found: dict[str, Any] = {"english": may_open(str(english), offered) if english else None}
    with cells[1]:
        found["english_size"] = number(RunSpec, "english_size", "English sentences")
    if "english_epochs" in read:
        with cells[2]:
            found["english_epochs"] = number(RunSpec, "english_epochs", "English epochs")
    return found


def _settings(read: set[str]) -> dict[str, Any]:
    """What fewer people change, folded away; fields that no chosen regime reads are not drawn."""
    found: dict[str, Any] = {}
    offered = [*starter_tasks(), *registered_names()]
    with st.expander("Settings", icon=":material/tune:"):
        cells = st.columns(4, gap="small", vertical_alignment="bottom")
        if "scalings" in read:
            with cells[0]:
                found["scalings"] = several(
                    RunSpec, "scalings", "λ, chosen on dev", "0.3, 0.6, 1", "scalings"
                )
        if "densities" in read:
            with cells[1]:
                found["densities"] = several(
                    RunSpec, "densities", "Density, chosen on dev", "0.3", "densities"
                )
        if "method" in read:
            with cells[2]:
                found["method"] = st.selectbox(
                    "Merge method",
                    [str(method) for method in MergeMethod],
                    key="regime_method",
                    bind="query-params",
                    help=RunSpec.parameters()["method"].help,
                )
        with cells[3]:
            found["score_size"] = number(
                RunSpec, "score_size", "Scored sentences of each split", key="regime_score", value=1000
            )
        if "lora" in read:
            found |= _lora(cells)
        if "shots" in read:
            with cells[1]:
                found["shots"] = number(RunSpec, "shots", "Shots of prompting")
        targets = st.multiselect(
            "Also scored on, never trained on",
            with_chosen(offered, "targets"),
            key="targets",
            bind="query-params",
            accept_new_options=not read_only(),
            placeholder="Tasks of other language pairs",
            help=RunSpec.parameters()["targets"].help,
        )
    return found | {"targets": all_may_open(targets, offered)}


def _lora(cells: Any) -> dict[str, Any]:
    with cells[2]:
        rate = st.number_input(
            "Learning rate",
            1e-7,
            1e-1,
            1e-4,
            step=1e-5,
            format="%.1e",
            key="regime_rate",
            bind="query-params",
            help=RunSpec.parameters()["learning_rate"].help,
        )
    with cells[3]:
        lora = st.toggle(
            "LoRA", key="regime_lora", bind="query-params", help=RunSpec.parameters()["lora"].help
        )
        return {"learning_rate": float(rate), "lora": lora} | (
            {"rank": number(RunSpec, "rank", "Rank", key="regime_rank")} if lora else {}
        )


def _labels(bench: Bench, fields: dict[str, Any], chosen: list[Regime]) -> list[tuple[str, ...]]:
    """Labels of both tasks where they have to be the same; nothing where one cannot be opened (told elsewhere)."""
    if Regime.JOINT not in chosen or not fields.get("english"):
        return []
    try:
        return [open_task(task).labels for task in (bench.task, fields["english"])]
    except CodeMixLabError:
        return []
