"""Runs taken out of the store: a LaTeX table of means over seeds, and MLflow where it is installed."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from codemix_lab.errors import SpecError, StorageError
from codemix_lab.evaluation.metrics import seed_interval
from codemix_lab.experiments.run import Run

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\to$",
    "λ": r"$\lambda$",
    "τ": r"$\tau$",
    "·": r"$\cdot$",
    "×": r"$\times$",
}


def latex_table(runs: pd.DataFrame) -> str:
    """A booktabs table from the rows of `RunStore.list`: starts by task and train size, test macro-F1 in points.

    Mean over seeds ± half of the 95 % interval (Student's t), n seeds in brackets; runs without a test
    score are left out. Raises `SpecError` when nothing is left.
    """
    scored = runs.dropna(subset=["test", "start"])
    if scored.empty:
        raise SpecError("None of these runs has a test score: choose others.")
    sizes = scored["train_size"].map(lambda size: "" if pd.isna(size) else f", {int(size):,}")
    scored = scored.assign(column=scored["task"].astype(str) + sizes)
    columns = list(dict.fromkeys(scored["column"]))
    lines = [
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\toprule",
        " & ".join(["start", *map(latex, columns)]) + r" \\",
        r"\midrule",
    ]
    for start, own in scored.groupby("start", sort=True):
        cells = [_cell(own.loc[own["column"] == column, "test"].tolist()) for column in columns]
        lines.append(" & ".join([latex(str(start)), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def latex(text: str) -> str:
    """Text as LaTeX shows it.

    >>> print(latex("FT_1 & 50 %"))
    FT\\_1 \\& 50 \\%
    """
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def to_mlflow(runs: Sequence[Run], experiment: str = "codemix-lab") -> int:
    """Log spec, scores and provenance of runs to MLflow's tracking store, and return how many.

    A run that is there already, by its id, is left as it is. Raises `SpecError` when MLflow is not
    installed, and `StorageError` when its store does not answer or does not take a run.
    """
    try:
        mlflow: Any = importlib.import_module("mlflow")
    except ImportError as error:
        raise SpecError(
            "MLflow is not installed here: pip install mlflow, or export to csv or latex."
        ) from error
    logged = 0
    try:
        mlflow.set_experiment(experiment)
        for run in runs:
            logged += _logged(mlflow, run)
    except Exception as error:  # whatever stands behind MLflow has errors of its own
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise StorageError(
            f"MLflow's store does not take the runs: {said}. "
            f"{logged} were logged; the same command goes on from there."
        ) from error
    return logged


def _logged(mlflow: Any, run: Run) -> bool:
    """Log one run and mark it as whole, last of all; False where it is there already."""
    if len(mlflow.search_runs(filter_string=f"tags.codemix_lab_run = '{run.id}'")):
        return False
    with mlflow.start_run(run_name=str(run.provenance.get("start", run.kind))):
        mlflow.log_params({**flat(run.spec), **{f"version.{k}": v for k, v in run.versions.items()}})
        for split, scores in run.metrics.items():
            mlflow.log_metric(f"{split.replace(' ', '_')}_macro_f1", scores.macro_f1)
        mlflow.set_tag("codemix_lab_run", run.id)
    return True


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested plain values under dotted names.

    >>> flat({"task": {"source": "en-hi"}, "seed": 1})
    {'task.source': 'en-hi', 'seed': 1}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {before + name: value}
    return found


def _cell(values: list[float]) -> str:
    if not values:
        return "--"
    mean, low, high = seed_interval(values)
    spread = "" if math.isnan(low) else rf" $\pm$ {50 * (high - low):.1f}"
    return f"{100 * mean:.1f}{spread} ({len(values)})"
