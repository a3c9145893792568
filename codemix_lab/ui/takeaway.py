"""One HTML file in which the dials still move everything, without server or network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.errors import DataError, StorageError
from codemix_lab.evaluation.score_grid import ScoreGrid
from codemix_lab.experiments.grids import make_grid
from codemix_lab.paths import new_file
from codemix_lab.progress import Progress, ShouldStop
from codemix_lab.ui.payload import payload, script, style

LARGEST = 8 * 2**20
"""Bytes that a page may have at most; a grid of ten densities and 300 sentences takes about 0.4 MiB."""

_SHEET = """
:root { color-scheme: light dark; --st-text-color: #1d2522; --st-background-color: #fbfbf9; --st-primary-color: #0a7065;
  --st-secondary-background-color: #f0f1ed; --st-border-color: #d9dcd5; --st-font: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --st-text-color: #e4e9e6; --st-background-color: #121617;
  --st-primary-color: #35c2ad; --st-secondary-background-color: #1b2122; --st-border-color: #313a3b; } }
body { margin: 0 auto; max-width: 1240px; padding: 1.2rem 1rem 3rem; background: var(--st-background-color); color: var(--st-text-color); font-family: var(--st-font); }
h1 { font-size: 1.5rem; letter-spacing: -0.015em; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<main id="lab"></main>
<script id="data" type="application/json">{data}</script>
<script type="module">
{script}
mount({{
  data: JSON.parse(document.getElementById("data").textContent),
  parentElement: document.getElementById("lab"),
  setStateValue: () => {{}},
}});
</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """A page of its own; as the last value of a notebook cell it shows itself there, with its size below."""

    text: str

    @property
    def size(self) -> int:
        """Bytes, at most `LARGEST`."""
        return len(self.text.encode())

    def _repr_html_(self) -> str:
        frame = 'width="100%" height="900" style="border:0" sandbox="allow-scripts allow-downloads"'
        told = f"{self.size / 2**20:.2f} MiB in this notebook, of {LARGEST / 2**20:.0f} at most"
        return f'<iframe srcdoc="{html.escape(self.text)}" {frame}></iframe><p><small>{told}</small></p>'


def grid_page(grid: ScoreGrid, spec: MergeSpec) -> Page:
    """The instrument over `grid`, its dials at `spec`. Raises `DataError` above `LARGEST`."""
    wanted = [column.density for column in grid.columns]
    cpt = grid.exact_at(1.0, 1.0)
    return Page(page(payload(grid, spec, dials_density=len(wanted) > 1, wanted=wanted, cpt=cpt)).decode())


def write_page(
    spec: MergeSpec,
    task: TaskSpec,
    probe: ProbeSpec,
    densities: Sequence[float],
    out: Path,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> int:
    """Compute the grid of `spec` over `densities` and write its page to the new file `out`; its size in bytes.

    Raises `StorageError` when `out` exists or cannot be written, and what `make_grid` and `page` raise.
    """
    if out.exists():
        raise StorageError(f"{out} exists already and is never overwritten. Choose another name.")
    grid = make_grid(spec, task, probe, densities, (spec.scaling, 1.0), on_progress, should_stop)
    whole = grid_page(grid, spec).text.encode()
    with new_file(out) as beside:
        beside.write_bytes(whole)
    return len(whole)


def page(data: Mapping[str, Any], title: str = "How much of the task vector should come back?") -> bytes:
    """The instrument with `data` (`payload.payload`) as one HTML file in UTF-8.

    Texts travel as JSON in which no markup can end the script. Raises `DataError` above `LARGEST`.
    """
    still = {**data, "doing": ""}
    inside = json.dumps(still, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        inside = inside.replace(sign, f"\\u{ord(sign):04x}")
    whole = _PAGE.format(
        title=html.escape(title), style=_SHEET + style(), data=inside, script=script()
    ).encode()
    if len(whole) > LARGEST:
        raise DataError(
            f"The page would take {len(whole) / 2**20:.1f} MiB, more than the {LARGEST / 2**20:.0f} MiB allowed. "
            "Score fewer sentences or fewer densities."
        )
    return whole
