"""A reproduction as files: Markdown, one HTML page without network, tables as CSV, and the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from codemix_lab import __version__, paths
from codemix_lab.config import Preset
from codemix_lab.experiments.reproduction.carried import tidy
from codemix_lab.experiments.reproduction.drive import Reproduction
from codemix_lab.experiments.reproduction.section import Section
from codemix_lab.experiments.reproduction.sections import sections
from codemix_lab.experiments.tables import as_bytes


def write_report(made: Reproduction, out: Path) -> Path:
    """Write report.md, report.html, spec.yaml, and scores and differences as CSV into the new folder `out`.

    Raises `StorageError` if `out` exists or cannot be written.
    """
    found = sections(made)
    title = f"CodeMix Lab: {made.spec.preset.label.lower()}"
    with paths.new_folder(out) as folder:
        (folder / "report.md").write_text(markdown(title, found), encoding="utf-8")
        (folder / "report.html").write_text(page(title, found), encoding="utf-8")
        (folder / "spec.yaml").write_text(made.asked.to_yaml(), encoding="utf-8")
        for name, table in frames(made).items():
            (folder / f"{name}.csv").write_bytes(as_bytes(table, "csv"))
    return Path(out)


def frames(made: Reproduction) -> dict[str, pd.DataFrame]:
    """All numbers unrounded: “scores” and “differences” with task, train_size and split, and “runs”.

    Transfer has them in “transfer” once more, tidy: a row a cell, see `carried.tidy`.
    """
    parts: dict[str, list[pd.DataFrame]] = {"scores": [], "differences": [], "runs": [], "transfer": []}
    tables = made.tables()
    if made.spec.preset is Preset.TRANSFER:
        for size in made.spec.train_sizes:
            cells = tidy([table for table in tables if table.train_size == size])
            parts["transfer"].append(cells.assign(train_size=size))
    for table in tables:
        told: dict[str, Any] = {"task": table.task, "train_size": table.train_size, "split": table.split}
        comparison = table.against_full
        parts["scores"].append(comparison.scores.assign(**told))
        parts["differences"].append(comparison.differences.assign(reference=comparison.reference, **told))
        rows = [
            {"name": name, "seed": seed, "macro_f1": run.metrics[table.split].macro_f1, "run": run.id}
            for name, seeds in table.runs.items()
            for seed, run in seeds.items()
            if table.split in run.metrics
        ]
        parts["runs"].append(pd.DataFrame(rows).assign(**told))
    return {name: pd.concat(some, ignore_index=True) for name, some in parts.items() if some}


def markdown(title: str, found: list[Section]) -> str:
    """The report for people who read it in a terminal or paste it elsewhere."""
    lines = [f"# {title}", ""]
    for section in found:
        lines += [f"## {section.heading}", ""]
        for said in section.said:
            lines += [said, ""]
        if section.table is not None:
            lines += [*_rows(section.table), ""]
    return "\n".join([*lines, f"CodeMix Lab {__version__}", ""])


def page(title: str, found: list[Section]) -> str:
    """The report as one page; all text is escaped, and it asks for nothing outside itself."""
    environment = Environment(
        loader=PackageLoader("codemix_lab.experiments", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template("reproduction.html")
    return template.render(title=title, sections=found, version=__version__)


def _rows(table: pd.DataFrame) -> list[str]:
    def line(values: list[str]) -> str:
        return "| " + " | ".join(value.replace("|", "\\|").replace("\n", " ") for value in values) + " |"

    names = [str(name) for name in table.columns]
    cells = table.astype(str).to_numpy().tolist()
    return [line(names), "|" + "---|" * len(names), *map(line, cells)]
