"""What the rows of each preset's tables are: a name, and how a run of it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from codemix_lab.config import Preset, Regime, ReproduceSpec, RunSpec, TaskSpec
from codemix_lab.text.tasks import open_task

FULL = Regime.FULL.label
ENGLISH = "Full fine-tuning on English"
"""The monolingual baseline of transfer: as many English sentences instead of code-mixed ones."""
_GRIDS = (Regime.TASK_ARITHMETIC, Regime.TIES, Regime.MULTI_SOURCE, Regime.MERGE_AFTER)
_BASELINES = (Regime.NGRAMS, Regime.FULL)


@dataclass(frozen=True)
class Rows:
    """Rows of one table by name, each a regime with changed fields; `left_out` says why a regime is not there."""

    specs: dict[str, tuple[Regime, dict[str, Any]]]
    left_out: dict[str, str] = field(default_factory=dict)

    def runs(self, spec: ReproduceSpec, task: TaskSpec, size: int) -> dict[tuple[str, int], RunSpec]:
        """Run by row and seed, seed by seed."""
        return {
            (name, seed): spec.run(
                **{"regime": regime, "task": task, "train_size": size, "seed": seed, **changes}
            )
            for seed in range(spec.seeds)
            for name, (regime, changes) in self.specs.items()
        }


def rows_of(spec: ReproduceSpec, task: TaskSpec) -> Rows:
    """The rows of the table of one task."""
    if spec.preset is Preset.MAIN_TABLE:
        return _main_table(spec, task)
    if spec.preset is Preset.LAMBDA_GRID:
        return Rows(_lambda_grid(spec))
    if spec.preset is Preset.TRANSFER:
        return _transfer(spec, task)
    return Rows(_by_checkpoint(spec))


def _main_table(spec: ReproduceSpec, task: TaskSpec) -> Rows:
    found = _of_regimes(spec, task)
    if spec.causal is not None:
        for name, shots in (("zero-shot", 0), (f"{spec.shots} shots", spec.shots)):
            found.specs[f"{Regime.PROMPT.label}, {name}"] = (
                Regime.PROMPT,
                {"base": spec.causal, "shots": shots},
            )
    return found


def _of_regimes(spec: ReproduceSpec, task: TaskSpec) -> Rows:
    """A row for every regime that was asked for, and why one of them cannot be."""
    rows: dict[str, tuple[Regime, dict[str, Any]]] = {}
    left_out: dict[str, str] = {}
    for regime in spec.asked_regimes:
        missing = [name for name in regime.needs if not getattr(spec, name)]
        if missing:
            left_out[regime.label] = f"needs {missing[0]}, which was not given"
        elif regime is Regime.JOINT and not _same_labels(spec, task):
            left_out[regime.label] = "the English task has other labels"
        else:
            rows[regime.label] = regime, _choices(spec, regime)
    return Rows(rows, left_out)


def _choices(spec: ReproduceSpec, regime: Regime) -> dict[str, Any]:
    """λ and density of a regime: what several candidates leave open, or the only one."""
    if regime not in _GRIDS:
        return {"scalings": (), "densities": (), **({"adapted": ()} if regime is Regime.PROBE else {})}
    choice: dict[str, Any] = {}
    for one, many in (("scaling", "scalings"), ("density", "densities")):
        values = getattr(spec, many)
        choice |= {many: values} if len(values) > 1 else {many: (), **({one: values[0]} if values else {})}
    return choice


def _lambda_grid(spec: ReproduceSpec) -> dict[str, tuple[Regime, dict[str, Any]]]:
    """One row for each λ and no choice on dev: the curve itself is the result."""
    rows: dict[str, tuple[Regime, dict[str, Any]]] = {r.label: (r, {}) for r in _BASELINES}
    for scaling in spec.scalings:
        fixed = {"scaling": scaling, "scalings": (), "densities": ()}
        rows[f"Task Arithmetic λ {scaling:g}"] = Regime.TASK_ARITHMETIC, fixed
        for density in spec.densities:
            rows[f"TIES {density:g} λ {scaling:g}"] = Regime.TIES, {**fixed, "density": density}
    return rows


def _by_checkpoint(spec: ReproduceSpec) -> dict[str, tuple[Regime, dict[str, Any]]]:
    """CPT → FT and Task Arithmetic → FT from every checkpoint."""
    rows: dict[str, tuple[Regime, dict[str, Any]]] = {r.label: (r, {}) for r in _BASELINES}
    names = _short(spec.adapted)
    for regime in (Regime.CPT_FT, Regime.TASK_ARITHMETIC):
        for ref, name in zip(spec.adapted, names, strict=True):
            rows[f"{regime.label}, {name}"] = regime, {**_choices(spec, regime), "adapted": (ref,)}
    return rows


def _transfer(spec: ReproduceSpec, task: TaskSpec) -> Rows:
    """Starts trained on the pair's task and scored on the targets, with the English task as baseline."""
    found = _of_regimes(spec, task)
    if spec.english is None:
        found.left_out[ENGLISH] = "needs english, which was not given"
    elif spec.english != task:
        found.specs[ENGLISH] = Regime.FULL, {"task": spec.english}
    return found


def _same_labels(spec: ReproduceSpec, task: TaskSpec) -> bool:
    if spec.english is None:
        return False
    ours, theirs = (sorted(map(str.casefold, open_task(t).labels)) for t in (task, spec.english))
    return ours == theirs


def _short(refs: tuple[str, ...]) -> list[str]:
    """The last parts of the names that tell them apart."""
    for parts in range(1, 6):
        names = ["/".join(ref.rstrip("/").split("/")[-parts:]) for ref in refs]
        if len(set(names)) == len(names):
            return names
    return list(refs)
