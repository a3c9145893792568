"""What each kind of job does: a payload of plain JSON in, one call into the lab, a result of plain JSON out.

What a kind reads and what it returns is written at its function. Libraries are imported where they are
used, so that a job loads no more than it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from codemix_lab.progress import Progress, ShouldStop

Payload = Mapping[str, Any]


class Hears(Protocol):
    """Whom a job tells how far it is and what it has found so far, and who may ask it to stop."""

    @property
    def on_progress(self) -> Progress:
        """Told after every step."""

    @property
    def should_stop(self) -> ShouldStop:
        """Asked between steps."""

    def on_row(self, row: Mapping[str, Any]) -> None:
        """Told each row of a growing result."""


@dataclass(frozen=True)
class Quiet:
    """The listener of a job that is done on the command line: rows are not kept."""

    on_progress: Progress
    should_stop: ShouldStop

    def on_row(self, row: Mapping[str, Any]) -> None:
        """Let the row go: it comes again with the result."""


Kind = Callable[[Payload, Hears], Any]


def compare_starts(payload: Payload, listener: Hears) -> Any:
    """{"starts": {name: checkpoint or MergeSpec}, "template": FineTuneSpec, "seeds": [int]}
    → {"table": rows of compare_starts, "summary": rows of summary}; rows grow run by run."""
    from codemix_lab.config import FineTuneSpec, MergeSpec
    from codemix_lab.experiments.finetuning import compare_starts, summary
    from codemix_lab.experiments.store import RunStore

    starts = {
        name: start if isinstance(start, str) else MergeSpec.from_dict(start)
        for name, start in payload["starts"].items()
    }
    frame = compare_starts(
        starts,
        FineTuneSpec.from_dict(payload["template"]),
        payload["seeds"],
        RunStore(),
        listener.on_progress,
        listener.should_stop,
        on_run=listener.on_row,
    )
    return {"table": _rows(frame), "summary": _rows(summary(frame))}


def transfer(payload: Payload, listener: Hears) -> Any:
    """{"models": [folder], "tasks": [TaskSpec], "split": "test", "limit": int or null}
    → {"table": rows of transfer}; rows grow cell by cell."""
    from codemix_lab.config import TaskSpec
    from codemix_lab.experiments.transfer import transfer

    frame = transfer(
        payload["models"],
        [TaskSpec.from_dict(task) for task in payload["tasks"]],
        payload.get("split", "test"),
        payload.get("limit"),
        listener.on_progress,
        listener.should_stop,
        on_row=listener.on_row,
    )
    return {"table": _rows(frame)}


def transfer_experiment(payload: Payload, listener: Hears) -> Any:
    """{"spec": TransferSpec} → {"table": rows of carried.tidy, "failed": [message]}; rows are the scores of
    the runs that are finished."""
    from codemix_lab.config import TransferSpec
    from codemix_lab.experiments.engines import local
    from codemix_lab.experiments.reproduction import carried

    made = carried.transfer_experiment(TransferSpec.from_dict(payload["spec"]))
    frame = carried.run_transfer(
        made, local.LocalEngine(), listener.on_progress, listener.should_stop, listener.on_row
    )
    return {"table": _rows(frame), "failed": sorted(set(made.plan.state().failed.values()))}


def side_by_side(payload: Payload, listener: Hears) -> Any:
    """{"models": [folder, run or file], "tasks": [TaskSpec], "split": "test", "limit": int or null}
    → {"key": what `open_side_by_side` opens, "scores": rows of `Panel.scores`}."""
    from codemix_lab.experiments.side_by_side import asked_tasks, side_by_side

    found = side_by_side(
        payload["models"],
        asked_tasks(payload),
        payload.get("split", "test"),
        payload.get("limit"),
        listener.on_progress,
        listener.should_stop,
    )
    return {"key": found.key, "scores": _rows(found.panel.scores)}


def switch_blame(payload: Payload, listener: Hears) -> Any:
    """What `side_by_side` reads → {"A": rows of switch_blame, "B": rows …}, for each of several tasks
    of two languages {"A on <task>": rows …}; models of which only the predictions were kept are left out."""
    from codemix_lab.evaluation.panel import LETTERS
    from codemix_lab.experiments.blame import switch_blame
    from codemix_lab.experiments.inspection import live_model
    from codemix_lab.experiments.parts import part
    from codemix_lab.experiments.side_by_side import asked_tasks
    from codemix_lab.text.pairs import PAIRS
    from codemix_lab.text.tasks import open_task

    tasks = asked_tasks(payload)
    split, limit = payload.get("split", "test"), payload.get("limit")
    live = {name: live_model(ref, split) for name, ref in zip(LETTERS, payload["models"], strict=False)}
    named = {"": tasks[0]}
    if len(tasks) > 1:
        two = [code for code, pair in PAIRS.items() if len(pair.languages) == 2]
        opened = [(open_task(task), task) for task in tasks]
        named = {f" on {one.name}": task for one, task in opened if one.pair in two} or named
    asked = {
        name + on: (model.ref, task)
        for name, model in live.items()
        for on, task in named.items()
        if model is not None
    }
    return {
        name: _rows(
            switch_blame(
                ref,
                task,
                split,
                limit,
                on_progress=part(listener.on_progress, place, len(asked), name),
                should_stop=listener.should_stop,
            )
        )
        for place, (name, (ref, task)) in enumerate(asked.items())
    }


def sentence_curve(payload: Payload, listener: Hears) -> Any:
    """{"spec": MergeSpec, "task": TaskSpec, "probe": ProbeSpec, "text": one sentence} → `SentenceCurve.to_dict`."""
    from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
    from codemix_lab.experiments.sentence_curves import sentence_curve

    return sentence_curve(
        MergeSpec.from_dict(payload["spec"]),
        TaskSpec.from_dict(payload["task"]),
        ProbeSpec.from_dict(payload.get("probe", {})),
        payload["text"],
        listener.on_progress,
        listener.should_stop,
    ).to_dict()


def export(payload: Payload, listener: Hears) -> Any:
    """{"spec": MergeSpec, "out": folder} → {"folder": path}."""
    from codemix_lab.config import MergeSpec
    from codemix_lab.training.export import export_merge

    spec, out = MergeSpec.from_dict(payload["spec"]), Path(payload["out"])
    return {"folder": str(export_merge(spec, out, listener.on_progress, listener.should_stop))}


def starter(_: Payload, listener: Hears) -> Any:
    """{} → {"folder": path}: downloads, verifies and converts the starter model."""
    from codemix_lab.models.starter.install import install_starter

    return {"folder": str(install_starter(listener.on_progress, listener.should_stop))}


def curve(payload: Payload, listener: Hears) -> Any:
    """{"spec": MergeSpec, "task": TaskSpec, "probe": ProbeSpec} → {"curve": npz path}; rows are the
    exact scores so far."""
    from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
    from codemix_lab.evaluation.curve import LambdaCurve
    from codemix_lab.evaluation.merge_scorer import MergeScorer
    from codemix_lab.experiments.curves import cached_curve, curve_path
    from codemix_lab.text.tasks import open_task

    spec = MergeSpec.from_dict(payload["spec"])
    probe = ProbeSpec.from_dict(payload.get("probe", {}))
    task = open_task(TaskSpec.from_dict(payload["task"]))
    told, stop = listener.on_progress, listener.should_stop
    scorer = MergeScorer.open(spec.base, spec.adapted, task, probe, told, stop)

    def on_curve(growing: LambdaCurve) -> None:
        points = [growing.point(node) for node in growing.nodes]
        listener.on_row({"scalings": [p.scaling for p in points], "macro_f1": [p.macro_f1 for p in points]})

    cached_curve(scorer, spec, on_curve, told, stop)
    return {"curve": str(curve_path(scorer, spec))}


def duration(payload: Payload, listener: Hears) -> Any:
    """{"spec": MergeSpec, "task": TaskSpec, "probe": ProbeSpec, "scalings": [float]} → {"table": rows of
    duration_table}; rows grow checkpoint by checkpoint."""
    from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
    from codemix_lab.experiments.duration import duration_table

    frame = duration_table(
        MergeSpec.from_dict(payload["spec"]),
        TaskSpec.from_dict(payload["task"]),
        ProbeSpec.from_dict(payload.get("probe", {})),
        payload["scalings"],
        listener.on_progress,
        listener.should_stop,
        on_row=listener.on_row,
    )
    return {"table": _rows(frame)}


def score(payload: Payload, listener: Hears) -> Any:
    """{"spec": MergeSpec, "task": TaskSpec, "probe": ProbeSpec} → what `score_merge` returns."""
    from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
    from codemix_lab.experiments.merge_score import score_merge

    return score_merge(
        MergeSpec.from_dict(payload["spec"]),
        TaskSpec.from_dict(payload["task"]),
        ProbeSpec.from_dict(payload.get("probe", {})),
        listener.on_progress,
        listener.should_stop,
    )


def cpt(payload: Payload, listener: Hears) -> Any:
    """{"spec": CptSpec, "out": folder, "tasks": [TaskSpec], "force": bool, "leave_out": bool}
    → {"folder", "before", "after"}; rows are the points of the curve, told once more after a resume."""
    from codemix_lab.config import CptSpec, TaskSpec
    from codemix_lab.experiments.adapting import adapt

    found = adapt(
        CptSpec.from_dict(payload["spec"]),
        Path(payload["out"]),
        [TaskSpec.from_dict(task) for task in payload.get("tasks", [])],
        payload.get("force", False),
        payload.get("leave_out", False),
        listener.on_progress,
        listener.should_stop,
        on_point=listener.on_row,
    )
    return {"folder": str(found.adapter), "before": found.before, "after": found.after}


def sweep(payload: Payload, listener: Hears) -> Any:
    """{"run": {fields of all runs}, "over": {field: [values]}}, a sweep as in its YAML → {"runs", "done", "failed":
    [{"run", "train sentences", "seed", "why"}]}; what it finds stands in the store, run by run."""
    from codemix_lab.config.sweep import SweepSpec
    from codemix_lab.experiments.engines import Plan
    from codemix_lab.experiments.engines.local import LocalEngine
    from codemix_lab.experiments.regime_results import failures

    plan = Plan(SweepSpec.of(payload["run"], payload["over"]).runs)
    state = LocalEngine().run(plan, listener.on_progress, listener.should_stop)
    return {"runs": state.total, "done": state.done, "failed": _rows(failures(plan))}


def tuned_curve(payload: Payload, listener: Hears) -> Any:
    """{"spec": TunedCurveSpec} → {"points", "checks": rows, "error": sentence}; rows grow λ by λ."""
    from codemix_lab.config import TunedCurveSpec
    from codemix_lab.experiments.engines.local import LocalEngine
    from codemix_lab.experiments.tuned_curve import tuned_curve

    found = tuned_curve(
        TunedCurveSpec.from_dict(payload["spec"]),
        LocalEngine(),
        None,
        listener.on_progress,
        listener.should_stop,
        on_row=listener.on_row,
    )
    return {"points": _rows(found.points), "checks": _rows(found.checks), "error": found.error}


def lesson(payload: Payload, listener: Hears) -> Any:
    """{"base": checkpoint, "adapted": [checkpoint, checkpoint], "tasks": [name]} → {"lesson": JSON path}."""
    from codemix_lab.experiments.lessons import keep_lesson, make_lesson

    tasks = payload["tasks"]
    made = make_lesson(payload["base"], payload["adapted"], tasks, listener.on_progress, listener.should_stop)
    return {"lesson": str(keep_lesson(made, tasks))}


KINDS: dict[str, Kind] = {
    "cpt": cpt,
    "compare-starts": compare_starts,
    "transfer": transfer,
    "transfer-experiment": transfer_experiment,
    "side-by-side": side_by_side,
    "switch-blame": switch_blame,
    "sentence-curve": sentence_curve,
    "export": export,
    "starter": starter,
    "curve": curve,
    "duration": duration,
    "sweep": sweep,
    "tuned-curve": tuned_curve,
    "lesson": lesson,
    "score": score,
}


def _rows(frame: Any) -> list[dict[str, Any]]:
    return [plain(row) for row in frame.astype(object).to_dict("records")]


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for JSON, which knows no NaN: what is missing becomes None."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()
    }
