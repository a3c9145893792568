"""The bench: which base, which adapted checkpoints and which task all pages work on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from codemix_lab import paths
from codemix_lab.config import TaskSpec
from codemix_lab.errors import CodeMixLabError
from codemix_lab.models.starter.names import CAUSAL, StarterState, starter_state
from codemix_lab.text.readers import TABLE_SUFFIXES
from codemix_lab.text.registry import registered_names
from codemix_lab.text.tasks import starter_tasks
from codemix_lab.ui.allowed import all_may_open, may_open, read_only
from codemix_lab.ui.escape import plain, short
from codemix_lab.ui.uploads import keep_upload, kept_uploads
from codemix_lab.ui.words import HELP

MOST_ADAPTED = 3


@dataclass(frozen=True)
class Bench:
    """What is on the bench, as strings that the lab can open."""

    base: str
    adapted: tuple[str, ...]
    task: str

    @property
    def task_spec(self) -> TaskSpec:
        """The task as a spec."""
        return TaskSpec(source=self.task)

    @property
    def needs_starter(self) -> bool:
        """Whether something on the bench is a starter model that is not installed."""
        asked = any(ref.partition(":")[0] == "starter" for ref in (self.base, *self.adapted))
        return asked and not starter().installed


def starter() -> StarterState:
    """The starter as it stands; not installed where this copy of the lab came without its weights."""
    try:
        return starter_state()
    except FileNotFoundError:
        return StarterState(False, paths.user_cache(), ("starter",))


def picker() -> Bench:
    """Draw the three choices and return what is chosen; it stays in the URL."""
    names = starter().names
    decoder = [CAUSAL] if starter_state(CAUSAL).installed else []
    bases = ["starter", *decoder, *_folders("exports")]
    others = [*names[1:], *_folders("adapted"), *_folders("exports")]
    offered = [*starter_tasks(), *registered_names(), *kept_uploads()]
    free = not read_only()
    base = st.selectbox(
        "Base model",
        with_chosen(bases, "base"),
        key="base",
        bind="query-params",
        accept_new_options=free,
        help=HELP["base"],
    )
    adapted = st.multiselect(
        "Adapted by continued pre-training",
        with_chosen(others, "adapted"),
        default=[name for name in names if name == "starter:en-hi"],
        key="adapted",
        bind="query-params",
        accept_new_options=free,
        max_selections=MOST_ADAPTED,
        placeholder="Starter name, folder or hub id",
        help=HELP["adapted"],
    )
    tasks = with_chosen(offered, "task")
    task = st.selectbox(
        "Task", tasks, key="task", bind="query-params", accept_new_options=free, help=HELP["task"]
    )
    if free:
        with st.expander("Bring your own labelled text"):
            uploader("csv, tsv, jsonl, json, parquet, CoNLL or text, each also .gz", "upload", "task")
    return Bench(
        may_open(str(base or "starter"), bases),
        all_may_open(adapted, others),
        may_open(str(task or tasks[0]), offered),
    )


def with_chosen(options: Iterable[str], key: str) -> list[str]:
    """The options, and after them what the URL names besides: typed in once, it stays in the list."""
    if read_only():
        return list(dict.fromkeys(options))
    return list(dict.fromkeys([*options, *filter(None, st.query_params.get_all(key))]))


def placed(bench: Bench) -> str:
    """The bench in one line."""
    return f"{short(bench.base)} + τ({', '.join(map(short, bench.adapted)) or 'none'}) on {short(bench.task)}"


def take_upload(widget: str, choice: str) -> None:
    """Keep the file that the uploader `widget` holds, and choose it in the selectbox `choice`."""
    file = st.session_state.get(widget)
    if file is None:
        return
    try:
        st.session_state[choice] = str(keep_upload(file.name, file.getvalue()))
    except CodeMixLabError as error:
        st.session_state[f"{widget}_error"] = str(error)


def uploader(label: str, widget: str, choice: str, help: str | None = None) -> None:
    """A place for a file, which is kept and chosen in the selectbox `choice`; a refusal is told below.

    There is none where the lab is on show only.
    """
    if read_only():
        return
    st.file_uploader(
        label,
        type=[suffix.lstrip(".") for suffix in TABLE_SUFFIXES],
        key=widget,
        on_change=take_upload,
        args=(widget, choice),
        help=help,
    )
    if message := st.session_state.pop(f"{widget}_error", None):
        st.error(plain(message), icon=":material/error:")


def _folders(room: str) -> list[str]:
    """Models and adapters kept in a room of the workspace."""
    kinds = ("config.json", "adapter_config.json")
    found = {path.parent for kind in kinds for path in (paths.workspace() / room).glob(f"[!.]*/{kind}")}
    return [str(folder) for folder in sorted(found)]
