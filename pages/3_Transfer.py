"""Transfer: kept models against the tasks of all language pairs, or a whole experiment."""

# The frame is drawn before the libraries behind it are loaded.
# ruff: noqa: E402
from __future__ import annotations

from codemix_lab.ui import shell

bench = shell.page("transfer")

import pandas as pd
import streamlit as st

from codemix_lab.config import TaskSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.jobs import JobQueue
from codemix_lab.text.tasks import starter_tasks
from codemix_lab.ui import jobs, words
from codemix_lab.ui.chart import chart
from codemix_lab.ui.classifiers import choose_tasks, folder_of, kept_models, name_of
from codemix_lab.ui.copying import copy_this
from codemix_lab.ui.dials import carried
from codemix_lab.ui.escape import brief, plain
from codemix_lab.ui.figures import headlines, matrices
from codemix_lab.ui.picker import with_chosen
from codemix_lab.ui.starter import offer_starter
from codemix_lab.ui.uploads import kept_uploads

LOOK_EVERY = 1.5
KIND = "transfer"
AT_FIRST = 4


def main() -> None:
    """The page from top to bottom."""
    carried()
    way = st.segmented_control(
        "What to test",
        words.TRANSFER_WAYS,
        default=words.TRANSFER_WAYS[0],
        required=True,
        key="way",
        bind="query-params",
        label_visibility="collapsed",
    )
    if way != words.TRANSFER_WAYS[1]:
        kept()
    elif bench.needs_starter:
        offer_starter()
    else:
        from codemix_lab.ui.experiment import experiment

        experiment(bench)


def kept() -> None:
    """Models that are there already, each on every task."""
    known = kept_models()
    if not known:
        st.info(words.NO_MODELS, icon=":material/model_training:")
    choose(known)
    job = jobs.latest(KIND)
    if job is None:
        st.info(words.NO_TRANSFER, icon=":material/arrow_upward:")
    else:
        jobs.watch(job)
        shell.fragment(found, run_every=None if job.state.is_over else LOOK_EVERY)(job.id)


def choose(known: dict[str, str]) -> None:
    """Models and tasks, and the button that starts the test."""
    with st.container(border=True, key="dials"):
        models = st.multiselect(
            "Fine-tuned models",
            with_chosen(known, "models"),
            default=list(known)[:AT_FIRST],
            key="models",
            bind="query-params",
            accept_new_options=True,
            placeholder="A kept model, or a folder",
        )
        cells = st.columns([4, 1.4, 1.4], gap="small", vertical_alignment="bottom")
        with cells[0]:
            tasks = choose_tasks([*starter_tasks(), *kept_uploads()], starter_tasks("sentiment"))
        limit = int(
            cells[1].number_input(
                "Sentences", 0, 100_000, 0, 50, key="limit", bind="query-params", help=words.HELP["limit"]
            )
        )
        asked = jobs.start_button(cells[2], "Test them", "test")
    payload = {
        "models": [folder_of(model, known) for model in models],
        "tasks": [TaskSpec(task).to_dict() for task in tasks],
        "split": "test",
        "limit": limit or None,
    }
    if asked:
        if not models or not tasks:
            raise SpecError("Choose at least one model and one task.")
        jobs.submit(KIND, payload, f"{len(models)} models × {len(tasks)} tasks")
        st.rerun()
    if models and tasks:
        copy_this(KIND, payload)


def found(job_id: str) -> None:
    """The heat map as far as its cells are there, and the table beside it."""
    job, known = JobQueue().get(job_id), kept_models()
    rows = pd.DataFrame(job.rows)
    if rows.empty:
        return
    rows["model"] = rows["model"].map(lambda folder: name_of(folder, known))
    wide = rows.pivot_table(
        index="model", columns="task", values="macro_f1", sort=False, dropna=False, aggfunc="first"
    )
    top = rows.dropna(subset=["macro_f1"]).sort_values("macro_f1", ascending=False)[:1]
    for best in top.to_dict("records"):
        with st.container(key="finding"):
            st.markdown(
                f"The highest score is **{brief(best['macro_f1'])}** ({brief(best['low'])}–{brief(best['high'])}), "
                f"{plain(best['model'])} on {plain(best['task'])}; intervals are over sentences, and two that overlap are no difference."
            )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = matrices.transfer_map(
            wide.to_numpy(dtype=float),
            list(wide.index),
            list(wide.columns),
            headlines.transfer(rows, "test"),
        )
        chart(figure, rows, "transfer", "A dash: model and task share fewer than two labels.")
    with right:
        decimals = {
            name: st.column_config.NumberColumn(format="%.3f") for name in ("macro_f1", "low", "high")
        }
        small = st.column_config.TextColumn(width="small")
        st.markdown("**The same with 95 % intervals**")
        st.dataframe(
            rows.drop(columns=["pair", "labels"]),
            hide_index=True,
            column_config={**decimals, "model": small},
            key="beside",
        )


with shell.told():
    main()
