"""Commands around code-mixing: measuring it, and making it."""

from __future__ import annotations

from pathlib import Path

import typer

from codemix_lab.cli.options import JSON
from codemix_lab.cli.terminal import option, progress, show
from codemix_lab.config import MixMethod, MixSpec, TaskSpec

app = typer.Typer()

PAIR = option(MixSpec, "pair")
METHOD = option(MixSpec, "method")
MATRIX = option(MixSpec, "matrix")
INDEX = option(MixSpec, "index")
SWITCH_RATE = option(MixSpec, "switch_rate")
SPELLING = option(MixSpec, "spelling")
SEED = option(MixSpec, "seed")


@app.command()
def measure(
    file: str = typer.Argument(..., help=TaskSpec.parameters()["source"].help),
    pair: str | None = typer.Option(
        None, "--pair", help="Language pair (guessed from the name when left out)."
    ),
    as_json: bool = JSON,
) -> None:
    """Measure how mixed a text is: indices, switch points, spans, matrix language, scripts.

    `cmi` is the mean code-mixing index of its sentences, 0 to 100.
    """
    from codemix_lab.text.measuring import compared, measure_source

    with progress() as (on_progress, should_stop):
        found = measure_source(file, pair, on_progress, should_stop)
    if as_json:
        show(found, as_json=True)
    else:
        show({"source": found["source"], "pair": found["pair"]}, False, compared({"value": found}))


@app.command()
def mix(
    file: str | None = typer.Argument(
        None,
        help="Parallel file (English, the other language) or text in the matrix language; the starter's when left out.",
    ),
    pair: str = PAIR,
    method: MixMethod = METHOD,
    matrix: str | None = MATRIX,
    index: float = INDEX,
    switch_rate: float | None = SWITCH_RATE,
    spelling: float = SPELLING,
    seed: int = SEED,
    lexicon: Path | None = typer.Option(None, "--lexicon", help="MUSE word list (English, translation)."),
    romanisation: Path | None = typer.Option(
        None, "--romanisation", help="Dakshina list (native, romanised) for a lexicon in native script."
    ),
    out: Path = typer.Option(
        ..., "--out", help="New text file, one sentence a line; nothing is ever overwritten."
    ),
    as_json: bool = JSON,
) -> None:
    """Make code-mixed text from parallel or monolingual text, as mixed as is asked, and measure it."""
    from codemix_lab.text.mixing.files import mix_file

    spec = MixSpec(pair, method, matrix, index, switch_rate, spelling, seed)
    with progress() as (on_progress, should_stop):
        found = mix_file(file, spec, out, lexicon, romanisation, on_progress, should_stop)
    told = (
        found
        if as_json
        else {name: found[name] for name in ("out", "sentences", "cmi", "highest", "i_index", "matched")}
    )
    show(told, as_json)
    if not as_json and not found["matched"]:
        typer.echo(
            f"note: an index of {index:g} was asked, and {found['cmi'] / 100:.2f} was reached: these sentences "
            f"offer places for {found['highest']:.2f} at most. A larger lexicon, parallel text or another matrix language gives more."
        )
