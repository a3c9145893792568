"""The command that does what a page was asked for, from the YAML that it gives away."""

from __future__ import annotations

from pathlib import Path

import typer
import yaml

from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import progress, show
from codemix_lab.errors import DataError, SpecError

app = typer.Typer()


@app.command()
def job(
    file: Path = typer.Argument(..., help="YAML copied from a page: `kind` and what that kind of job reads."),
    as_json: bool = JSON,
) -> None:
    """Do here and now what a page does as a job."""
    from codemix_lab.job_kinds import KINDS, Quiet

    try:
        asked = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(asked, dict) or asked.get("kind") not in KINDS:
        raise SpecError(f"{file}: kind must be one of {', '.join(KINDS)}.")
    kind = asked.pop("kind")
    with progress() as (on_progress, should_stop):
        try:
            result = KINDS[kind](asked, Quiet(on_progress, should_stop))
        except KeyError as error:
            raise SpecError(f"{file}: a job of the kind “{kind}” wants the field {error}.") from error
    show(result if isinstance(result, dict) else {"result": result}, as_json)
    if not as_json and isinstance(result, dict):
        for name, value in result.items():
            if isinstance(value, (dict, list)):
                typer.echo(yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True))
