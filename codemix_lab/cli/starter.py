"""Commands of the starter."""

from __future__ import annotations

from pathlib import Path

import typer

from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import named_files, numbers, option, progress, show
from codemix_lab.config import MergeMethod, MergeSpec

starter_app = typer.Typer(help="The starter: real weights without a model hub.", rich_markup_mode=None)


@starter_app.callback(invoke_without_command=True)
def starter(
    context: typer.Context,
    causal: bool = typer.Option(
        False, "--causal", help="The small decoder, SmolLM2-135M-Instruct (93 MB), in place of the encoder."
    ),
    as_json: bool = JSON,
) -> None:
    """Fetch, verify and convert the starter model (91 MB, once)."""
    if context.invoked_subcommand is not None:
        return
    from codemix_lab.models.starter.install import install_causal, install_starter
    from codemix_lab.models.starter.names import CAUSAL, ENCODER, starter_state

    with progress() as (on_progress, should_stop):
        folder = (install_causal if causal else install_starter)(on_progress, should_stop)
    names = starter_state(CAUSAL if causal else ENCODER).names
    show({"folder": str(folder), "names": ", ".join(names)}, as_json)


@starter_app.command("build")
def starter_build(
    monolingual: list[str] = typer.Option(
        ..., help="LANGUAGE=FILE, one sentence a line (repeat the option)."
    ),
    code_mixed: list[str] = typer.Option(..., help="PAIR=FILE, one sentence a line (repeat the option)."),
    held_out: list[str] = typer.Option(
        [], help="NAME=FILE: text whose loss is measured and which is never trained on (repeat the option)."
    ),
    out: Path = typer.Option(
        ..., help="Folder for the adapters; finished stages in it are kept, broken off ones resumed."
    ),
) -> None:
    """Make the shipped starter weights again from text files: masked-LM pass, then CPT for each pair."""
    from codemix_lab.training.build_starter import build_from_files

    with progress() as (on_progress, should_stop):
        texts, mixtures, only_held_out = map(named_files, (monolingual, code_mixed, held_out))
        build_from_files(texts, mixtures, out, only_held_out, on_progress, should_stop)
    show({"out": str(out)}, as_json=False)


@starter_app.command("grid")
def starter_grid(
    method: MergeMethod = option(MergeSpec, "method"),
    densities: str = typer.Option("1", help="Densities of the grid, separated by commas."),
    out: Path | None = typer.Option(None, help="Folder for the grid; left out: where the lab looks for it."),
) -> None:
    """Score the shipped grid again, which the app opens with: after a change of the starter or its text."""
    from codemix_lab.experiments.grids import ship_starter_grid

    with progress() as (on_progress, should_stop):
        path = ship_starter_grid(method, numbers(densities), out, on_progress, should_stop)
    show({"grid": str(path), "bytes": path.stat().st_size}, as_json=False)


@starter_app.command("lesson")
def starter_lesson(
    out: Path | None = typer.Option(None, help="Folder for the file; left out: where the lab looks for it."),
) -> None:
    """Compute the numbers of the page Learn again: after a change of the starter or its text."""
    from codemix_lab.experiments.lessons import ship_starter_lesson

    with progress() as (on_progress, should_stop):
        path = ship_starter_lesson(out, on_progress, should_stop)
    show({"lesson": str(path), "bytes": path.stat().st_size}, as_json=False)
