"""What to run with the text one has."""

from __future__ import annotations

import json

import typer
import yaml

from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import option, show
from codemix_lab.config import RunSpec
from codemix_lab.experiments.advice import Case, advise, as_sweep

app = typer.Typer()
_KNOWN = RunSpec.parameters()


@app.command("advise")
def advise_command(
    case: Case = typer.Argument(..., help="; ".join(f"{case}: {case.has}" for case in Case) + "."),
    task: str = typer.Option(..., "--task", help="The task that has labels."),
    labelled: int = typer.Option(200, "--labelled", help="Labelled train sentences that there are."),
    base: str = option(RunSpec, "base"),
    adapted: list[str] = typer.Option([], "--adapted", help=_KNOWN["adapted"].help + " Repeat the option."),
    english: str | None = typer.Option(None, "--english", help=_KNOWN["english"].help),
    target: str | None = typer.Option(None, "--target", help="transfer: the task that is only scored."),
    as_json: bool = JSON,
) -> None:
    """The paper's advice for the text one has, as a sweep to save and run, with its evidence."""
    found = advise(case, labelled, english, adapted, target)
    sweep = as_sweep(found, task, base)
    told = {name: list(getattr(found, name)) for name in ("paper", "here", "missing", "next")}
    if as_json:
        show(
            {"case": str(case), "recipe": found.recipe, **told, "sweep": json.loads(json.dumps(sweep))},
            as_json,
        )
        return
    typer.echo(f"# {case.heading}: {found.recipe}")
    for name, lines in told.items():
        for line in lines:
            typer.echo(f"# {name}: {line}")
    typer.echo(yaml.safe_dump(sweep, sort_keys=False, allow_unicode=True).rstrip())
