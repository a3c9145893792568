"""What a page computes, written as Python, as command lines and as YAML that compute the same numbers.

All three are made from what the job queue is given (`kind` and `payload`, see `job_kinds.py`), so that a
page has nothing to write down a second time.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from codemix_lab.config import (
    CptSpec,
    FineTuneSpec,
    MergeSpec,
    ProbeSpec,
    RunSpec,
    Spec,
    TaskSpec,
    TransferSpec,
    TunedCurveSpec,
)
from codemix_lab.config.sweep import SweepSpec
from codemix_lab.training.command import merge_command

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Copyable:
    """The same computation three times; the YAML is done by `codemix-lab DONE_BY FILE`."""

    python: str
    command: str
    yaml: str
    done_by: str = "job"


def copyable(kind: str, payload: Payload) -> Copyable:
    """How to compute what the job `kind` with this `payload` computes. Raises `KeyError` for an unknown kind."""
    python, command = _WRITERS[kind](payload)
    done_by = "sweep" if kind == "sweep" else "job"
    named = {} if done_by == "sweep" else {"kind": kind}
    text = yaml.safe_dump({**named, **payload}, sort_keys=False, allow_unicode=True)
    return Copyable(python, command, text, done_by)


def written(spec: Spec) -> str:
    """The spec as the Python that makes it, defaults left out.

    >>> written(MergeSpec("b", ("a",), "ties", density=0.2))
    "MergeSpec(base='b', adapted=('a',), method='ties', density=0.2, scope='tensor')"
    """
    said = {
        name: getattr(spec, name)
        for name, declared in spec.parameters().items()
        if declared.default is dataclasses.MISSING or getattr(spec, name) != declared.default
    }
    return f"{type(spec).__name__}({', '.join(f'{name}={_value(value)}' for name, value in said.items())})"


def _value(value: Any) -> str:
    if isinstance(value, Spec):
        return written(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_value, value))}{',' * (len(value) == 1)})"
    return repr(str(value)) if isinstance(value, StrEnum) else repr(value)


def _score(payload: Payload) -> tuple[str, str]:
    spec, task, probe = (
        MergeSpec.from_dict(payload["spec"]),
        TaskSpec.from_dict(payload["task"]),
        ProbeSpec.from_dict(payload.get("probe", {})),
    )
    python = f"""from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.experiments.merge_score import score_merge

spec = {written(spec)}
print(score_merge(spec, {written(task)}, {written(probe)}))
"""
    command = merge_command(spec, "")
    command = command.replace("codemix-lab merge", "codemix-lab score").removesuffix(" --out ''")
    return python, command + _task_options(task) + _given(probe, {"seed": "probe-seed"})


def _export(payload: Payload) -> tuple[str, str]:
    spec, out = MergeSpec.from_dict(payload["spec"]), str(payload["out"])
    python = f"""from pathlib import Path

from codemix_lab import MergeSpec, export_merge

export_merge({written(spec)}, Path({out!r}))
"""
    return python, merge_command(spec, out)


def _compare_starts(payload: Payload) -> tuple[str, str]:
    template, seeds = FineTuneSpec.from_dict(payload["template"]), list(payload["seeds"])
    starts = {
        name: start if isinstance(start, str) else MergeSpec.from_dict(start)
        for name, start in payload["starts"].items()
    }
    named = "\n".join(f"    {name!r}: {_value(start)}," for name, start in starts.items())
    python = f"""from codemix_lab.config import FineTuneSpec, MergeSpec, TaskSpec
from codemix_lab.experiments.finetuning import compare_starts, summary
from codemix_lab.experiments.store import RunStore

starts = {{
{named}
}}
template = {written(template)}
table = compare_starts(starts, template, seeds={seeds}, store=RunStore())
print(summary(table).to_string())
"""
    lines = []
    for name, start in starts.items():
        folder = re.sub(r"[^\w.-]+", "-", name).strip("-")
        model = start if isinstance(start, str) else f"merged/{folder}"
        if isinstance(start, MergeSpec):
            lines.append(merge_command(start, model))
        tuned = f"codemix-lab finetune --model {shlex.quote(model)}{_task_options(template.task)}"
        further = _given(template, {}, leave_out=("model", "task", "seed", "max_length", "freeze_embeddings"))
        lines.append(f"{tuned}{further} --seeds {','.join(map(str, seeds))} --out runs/{folder}")
    return python, "\n".join(lines)


def _cpt(payload: Payload) -> tuple[str, str]:
    spec, out = CptSpec.from_dict(payload["spec"]), str(payload["out"])
    force, leave_out = bool(payload.get("force")), bool(payload.get("leave_out"))
    tasks = [TaskSpec.from_dict(task) for task in payload.get("tasks", [])]
    python = f"""from pathlib import Path

from codemix_lab.config import CptSpec, TaskSpec
from codemix_lab.experiments.adapting import adapt

spec = {written(spec)}
tasks = [{", ".join(map(written, tasks))}]
found = adapt(spec, Path({out!r}), tasks, force={force}, leave_out={leave_out})
print(found.before, found.after)
"""
    corpora = "".join(f" --corpus {shlex.quote(source)}" for source in spec.corpora)
    scored = "".join(f" --task {shlex.quote(task.source)}" for task in tasks)
    further = _given(spec, {}, leave_out=("corpora", "train_head"))
    command = (
        f"codemix-lab cpt{corpora}{further}{scored}{' --without-leaks' if leave_out else ''}"
        f"{' --force' if force else ''} --out {shlex.quote(out)}"
    )
    return python, command.replace(" --no-lora", " --full")


def _transfer(payload: Payload) -> tuple[str, str]:
    models, tasks = list(payload["models"]), [TaskSpec.from_dict(task) for task in payload["tasks"]]
    split, limit = payload.get("split", "test"), payload.get("limit")
    python = f"""from codemix_lab.config import TaskSpec
from codemix_lab.experiments.transfer import transfer

models = {models!r}
tasks = [{", ".join(map(written, tasks))}]
print(transfer(models, tasks, split={split!r}, limit={limit}).to_string())
"""
    named = "".join(f" --models {shlex.quote(model)}" for model in models)
    named += "".join(f" --tasks {shlex.quote(task.source)}" for task in tasks)
    return python, f"codemix-lab transfer{named}{_split(split, limit)}"


def _transfer_experiment(payload: Payload) -> tuple[str, str]:
    spec = TransferSpec.from_dict(payload["spec"])
    python = f"""from codemix_lab.config import TaskSpec, TransferSpec
from codemix_lab.experiments.engines.local import LocalEngine
from codemix_lab.experiments.reproduction.carried import run_transfer, transfer_experiment

spec = {written(spec)}
print(run_transfer(transfer_experiment(spec), LocalEngine()).to_string())
"""
    return python, (
        f"cat > transfer.yaml <<'END'\n{spec.to_yaml()}END\ncodemix-lab transfer transfer.yaml --out transfer"
    )


def _side_by_side(payload: Payload) -> tuple[str, str]:
    models, tasks = list(payload["models"]), [TaskSpec.from_dict(task) for task in payload["tasks"]]
    split, limit = payload.get("split", "test"), payload.get("limit")
    python = f"""from codemix_lab.config import TaskSpec
from codemix_lab.experiments.side_by_side import side_by_side

tasks = [{", ".join(map(written, tasks))}]
found = side_by_side({models!r}, tasks, split={split!r}, limit={limit})
print(found.panel.scores.to_string())
"""
    named = " ".join(map(shlex.quote, models))
    more = "".join(f" --task {shlex.quote(task.source)}" for task in tasks[1:])
    told = _task_options(tasks[0]) + more + _split(split, limit)
    return python, f"codemix-lab compare {named}{told} --out differences"


def _duration(payload: Payload) -> tuple[str, str]:
    spec, task = MergeSpec.from_dict(payload["spec"]), TaskSpec.from_dict(payload["task"])
    probe, scalings = ProbeSpec.from_dict(payload.get("probe", {})), list(payload["scalings"])
    python = f"""from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.experiments.duration import duration_table

spec = {written(spec)}
print(duration_table(spec, {written(task)}, {written(probe)}, {scalings}).to_string())
"""
    command = merge_command(spec, "").replace("codemix-lab merge", "codemix-lab curve --by-steps")
    for gone in (" --out ''", f" --scaling {spec.scaling:g}"):
        command = command.replace(gone, "")
    command = command.replace(" --density ", " --densities ")
    told = ",".join(f"{scaling:g}" for scaling in scalings)
    return python, f"{command} --scalings {told}{_task_options(task)}{_given(probe, {})}"


def _sweep(payload: Payload) -> tuple[str, str]:
    shared, over = dict(payload["run"]), dict(payload["over"])
    python = f"""from codemix_lab.config.sweep import SweepSpec
from codemix_lab.experiments.engines import Plan
from codemix_lab.experiments.engines.local import LocalEngine
from codemix_lab.experiments.sweep_table import sweep_table

sweep = SweepSpec.of(
    {shared!r},
    {over!r},
)
plan = Plan(sweep.runs)
LocalEngine().run(plan)
print(sweep_table(sweep, plan).to_string())
"""
    by_line: dict[RunSpec, list[int]] = {}
    for spec in SweepSpec.of(shared, over).runs:
        by_line.setdefault(spec.replace(seed=0), []).append(spec.seed)
    return python, "\n".join(_fine_tune(spec, seeds) for spec, seeds in by_line.items())


def _fine_tune(spec: RunSpec, seeds: Sequence[int]) -> str:
    told = ",".join(map(str, seeds))
    return f"codemix-lab finetune --regime {spec.regime}{_run_options(spec)} --seeds {told}"


def _run_options(spec: RunSpec) -> str:
    english = "" if spec.english is None else f" --english {shlex.quote(spec.english.source)}"
    targets = "".join(f" --target {shlex.quote(task.source)}" for task in spec.targets)
    further = _given(spec, {}, leave_out=("regime", "task", "seed", "splits", "english", "targets"))
    return f"{_task_options(spec.task)}{english}{targets}{further}"


def _tuned_curve(payload: Payload) -> tuple[str, str]:
    spec = TunedCurveSpec.from_dict(payload["spec"])
    python = f"""from codemix_lab.config import RunSpec, TaskSpec, TunedCurveSpec
from codemix_lab.experiments.engines.local import LocalEngine
from codemix_lab.experiments.tuned_curve import tuned_curve

spec = {written(spec)}
found = tuned_curve(spec, LocalEngine())
print(found.points.to_string(), found.error, sep="\\n")
"""
    further = _given(spec, {}, leave_out=("run",))
    return python, f"codemix-lab tuned-curve --regime {spec.run.regime}{_run_options(spec.run)}{further}"


_WRITERS: dict[str, Callable[[Payload], tuple[str, str]]] = {
    "score": _score,
    "export": _export,
    "compare-starts": _compare_starts,
    "cpt": _cpt,
    "transfer": _transfer,
    "transfer-experiment": _transfer_experiment,
    "side-by-side": _side_by_side,
    "duration": _duration,
    "sweep": _sweep,
    "tuned-curve": _tuned_curve,
}


def _task_options(task: TaskSpec) -> str:
    columns = ("text_column", "label_column", "split_column")
    told = {name: getattr(task, name) for name in columns if getattr(task, name) is not None}
    further = "".join(f" --{name.replace('_', '-')} {shlex.quote(value)}" for name, value in told.items())
    return f" --task {shlex.quote(task.source)}{further}"


def _split(split: str, limit: int | None) -> str:
    return f" --split {split}" + ("" if limit is None else f" --limit {limit}")


def _given(spec: Spec, renamed: Mapping[str, str], leave_out: tuple[str, ...] = ()) -> str:
    """The fields that differ from their defaults as options; flags by their name, or `--no-` before it."""
    said = ""
    for name, declared in spec.parameters().items():
        value = getattr(spec, name)
        if name in leave_out or value == declared.default:
            continue
        option = renamed.get(name, name).replace("_", "-")
        if isinstance(value, bool):
            said += f" --{option}" if value else f" --no-{option}"
        elif isinstance(value, tuple) and all(isinstance(one, str) for one in value):
            said += "".join(f" --{option} {shlex.quote(one)}" for one in value)
        else:
            parts = [
                f"{one:g}" if isinstance(one, float) else str(one)
                for one in (value if isinstance(value, tuple) else (value,))
            ]
            said += f" --{option} {shlex.quote(','.join(parts))}"
    return said
