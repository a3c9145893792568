"""How alive the screen is: updates a second while λ is dragged, and what a start costs.

    python benchmarks/screen.py            # five starts of each kind
    python benchmarks/screen.py --quick    # one

Needs the starter and Debian's Chromium (or the one that `CODEMIX_LAB_CHROMIUM` names).

    drag_hz         changes of the picture a second while the dial gets a new λ at every frame that the
                    browser draws: the whole instrument on the shipped grid, headless, four seconds
    move_ms         what one such change takes in JavaScript, median
    startup_ratio   from the server's start to the instrument on the screen with its first scores, over
                    the same for a bare Streamlit page plus one `import torch` in a process of its own;
                    medians of starts in turn, so that a busy machine slows both

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.experiments.grids import kept_grid
from codemix_lab.ui.takeaway import grid_page

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 120_000
DRAG_SECONDS = 4
BARE = 'import streamlit as st\n\nst.title("bare")\n'

DRAG = """
(milliseconds) => new Promise((done) => {
  const board = document.querySelector(".lab").board, dial = board.scaling.input;
  const from = performance.now(), before = board.updates;
  const frame = (now) => {
    if (now - from >= milliseconds) return done((1000 * (board.updates - before)) / (now - from));
    dial.value = 0.75 + 0.7 * Math.sin((now - from) / 300);
    dial.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""
MOVES = """
() => {
  const board = document.querySelector(".lab").board, took = [];
  for (let i = 0; i < 200; i++) {
    board.scaling.input.value = i / 150;
    const start = performance.now();
    board.move();
    took.push(performance.now() - start);
  }
  return took.sort((a, b) => a - b)[100];
}
"""


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Updates a second while dragging; start-up ratio.")
    parser.add_argument("--quick", action="store_true", help="one start of each kind instead of five")
    options = parser.parse_args()
    chromium = os.environ.get("CODEMIX_LAB_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("no browser: install Debian's chromium or name one in CODEMIX_LAB_CHROMIUM")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        drag_hz, move_ms, size = drag(browser, Path(folder))
        lab, bare, torch = starts(browser, Path(folder), 1 if options.quick else 5)
        browser.close()
    ratio = statistics.median(lab) / (statistics.median(bare) + statistics.median(torch))
    print(f"drag            {drag_hz:6.1f} updates/s   {move_ms:.2f} ms each   page of {size / 1024:.0f} KiB")
    for name, seconds in (("lab", lab), ("bare Streamlit", bare), ("import torch", torch)):
        print(f"{name:15s} {statistics.median(seconds):6.2f} s   ({', '.join(f'{s:.2f}' for s in seconds)})")
    print(f"start-up ratio  {ratio:6.2f}")
    print(json.dumps({"drag_hz": drag_hz, "move_ms": move_ms, "startup_ratio": ratio, "page_bytes": size}))


def drag(browser: Any, folder: Path) -> tuple[float, float, int]:
    """Updates a second, milliseconds an update and bytes of the page, on the shipped grid."""
    spec = MergeSpec("starter", ("starter:en-hi",))
    grid = kept_grid(spec, TaskSpec("en-hi"), ProbeSpec())
    if grid is None:
        raise SystemExit("the shipped grid fits no longer: make it again with `codemix-lab starter grid`")
    file = folder / "page.html"
    file.write_text(grid_page(grid, spec).text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(file.as_uri())
    page.wait_for_selector(".lab .finding")
    page.evaluate(DRAG, 500)
    drag_hz = page.evaluate(DRAG, 1000 * DRAG_SECONDS)
    move_ms = page.evaluate(MOVES)
    page.close()
    return drag_hz, move_ms, file.stat().st_size


def starts(browser: Any, folder: Path, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of `rounds` starts of the lab, of a bare page, and of one import of torch, in turn."""
    bare_app = folder / "bare.py"
    bare_app.write_text(BARE, encoding="utf-8")
    os.environ["CODEMIX_LAB_WORKSPACE"] = str(folder / "workspace")
    lab, bare, torch = [], [], []
    for _ in range(rounds):
        bare.append(start(browser, bare_app, "h1 >> text=bare"))
        begin = time.monotonic()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        torch.append(time.monotonic() - begin)
        lab.append(start(browser, ROOT / "app.py", ".lab .finding >> text=scores"))
    return lab, bare, torch


def start(browser: Any, app: Path, sign: str) -> float:
    """Seconds from the start of a server for `app` to `sign` on the screen."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless=true"]
    begin = time.monotonic()
    with subprocess.Popen(
        [*command, f"--server.port={port}"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            while not _answers(address):
                time.sleep(0.05)
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.goto(address)
            page.wait_for_selector(sign, timeout=PATIENCE)
            took = time.monotonic() - begin
            page.close()
        finally:
            server.kill()
    return took


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
