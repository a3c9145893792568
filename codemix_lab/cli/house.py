"""Commands about the lab itself: how it is, and how to open it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typer

from codemix_lab import paths
from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import show

app = typer.Typer()


@app.command()
def doctor(as_json: bool = JSON) -> None:
    """Say in ten lines what is there and what to do about what is not."""
    from codemix_lab.doctor import examine
    from codemix_lab.models.starter.names import starter_state

    findings = examine(starter_state())
    for finding in () if as_json else findings:
        mark = "ok " if finding.ok else "-- "
        typer.echo(
            f"{mark} {finding.name}: {finding.state}" + (f" → {finding.advice}" if finding.advice else "")
        )
    if as_json:
        show({f.name: {"state": f.state, "ok": f.ok, "advice": f.advice} for f in findings}, as_json=True)


@app.command("app", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def open_app(
    context: typer.Context,
    read_only: bool = typer.Option(
        False,
        "--read-only",
        help="Only show it: no jobs, no files of visitors, nothing changed (docs/publishing.md).",
    ),
    folder: list[Path] = typer.Option(
        [], help="Open files from this folder and the lab's own only. Repeat the option."
    ),
) -> None:
    """Open the lab in the browser, on this machine only; more options go to Streamlit as they are."""
    root = paths.checkout() or paths.PACKAGE / "_app"
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app.py")]
    environment = dict(os.environ)
    if read_only:
        environment["CODEMIX_LAB_READ_ONLY"] = "1"
        command.append("--server.maxUploadSize=1")
    if folder:
        environment["CODEMIX_LAB_FOLDERS"] = os.pathsep.join(
            str(place.expanduser().resolve()) for place in folder
        )
    raise typer.Exit(subprocess.call([*command, *context.args], cwd=root, env=environment))
