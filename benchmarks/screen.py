"""The screen under load: alive while λ is dragged, quick to start, ten visitors at once, steady memory.

    python benchmarks/screen.py            # five starts of each kind, ten windows, 200 slides, 20 switches
    python benchmarks/screen.py --quick    # one, three, 5, none: does it work, not how well

Needs the starter and Debian's Chromium (or the one that `CODEMIX_LAB_CHROMIUM` names). Everything is
measured in the running app, headless, on the grid that comes with the lab.

    drag_hz         changes of the picture a second while the dial gets a new λ at every frame that the
                    browser draws, four seconds; nothing may be asked of the server meanwhile
    move_ms         what one such change takes in JavaScript, median
    startup_ratio   from the server's start to the instrument on the screen with its first scores, over
                    the same for a bare Streamlit page plus one `import torch` in a process of its own;
                    medians of starts in turn, so that a busy machine slows both
    p95_s           ten windows let go of λ at the same moment, each at another one: seconds until the
                    server has answered and the numbers at that λ are there, 95th percentile over
                    rounds, while the exact merges of the rounds before are still being scored
    exact_s         one window alone: seconds until the merge at a new λ was built and scored
    rss_growth_mb   what the server's memory grew by over slides and switches of checkpoints and task,
                    after a first round of each; the curve is printed

The last line is JSON.
"""

from __future__ import annotations

import argparse
import contextlib
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 300_000
BARE = 'import streamlit as st\n\nst.title("bare")\n'
SIGN = ".lab .finding >> text=scores"
BENCHES = (
    {"adapted": "starter:en-es", "task": "en-es"},
    {"adapted": "starter:en-es", "task": "en-hi"},
    {"adapted": "starter:en-hi", "task": "en-es"},
    {"adapted": "starter:en-hi", "task": "en-hi"},
)

COUNT_SENT = """
window.sent = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (...parts) { window.sent += 1; return send.apply(this, parts); };
"""
DRAG = """
(lab, milliseconds) => new Promise((done) => {
  const { board } = lab, dial = board.scaling.input;
  const from = performance.now(), before = board.updates, sent = window.sent;
  const frame = (now) => {
    if (now - from >= milliseconds) return done([(1000 * (board.updates - before)) / (now - from), window.sent - sent]);
    dial.value = 0.75 + 0.7 * Math.sin((now - from) / 300);
    dial.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""
MOVES = """
(lab) => {
  const { board } = lab, took = [];
  for (let i = 0; i < 200; i++) {
    board.scaling.input.value = i / 150;
    const start = performance.now();
    board.move();
    took.push(performance.now() - start);
  }
  return took.sort((a, b) => a - b)[100];
}
"""
LET_GO = """
(lab, scaling) => {
  const { board } = lab, from = performance.now();
  const same = (value) => Math.abs(value - scaling) < 1e-6;
  const turn = (window.turn = (window.turn ?? 0) + 1);
  window.answered = window.exact = null;
  board.scaling.input.value = scaling;
  board.scaling.input.dispatchEvent(new Event("input", { bubbles: true }));
  board.scaling.input.dispatchEvent(new Event("change", { bubbles: true }));
  const look = () => {
    if (window.turn !== turn) return;
    const { data } = board, passed = (performance.now() - from) / 1000;
    if (window.answered === null && same(data.dials.scaling.value)) window.answered = passed;
    if (window.exact === null && data.exact && same(data.exact.scaling)) window.exact = passed;
    if (window.exact === null) setTimeout(look, 20);
  };
  look();
}
"""


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="Drag rate, start-up ratio, ten windows, memory.")
    parser.add_argument(
        "--quick", action="store_true", help="one start of each kind, three windows, five slides"
    )
    parser.add_argument("--only", choices=["starts", "load", "memory"], help="a part of it")
    options = parser.parse_args()
    chromium = os.environ.get("CODEMIX_LAB_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("no browser: install Debian's chromium or name one in CODEMIX_LAB_CHROMIUM")
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["CODEMIX_LAB_WORKSPACE"] = str(Path(folder) / "workspace")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        if options.only in (None, "starts"):
            found |= starts(browser, Path(folder), 1 if options.quick else 5)
        if options.only != "starts":
            with server(ROOT / "app.py") as (address, process):
                if options.only in (None, "load"):
                    found |= load(browser, address, *((3, 1, 2) if options.quick else (10, 8, 4)))
                if options.only in (None, "memory"):
                    slides, switches = (5, 0) if options.quick else (200, 20)
                    found |= memory(browser, address, process.pid, slides, switches)
        browser.close()
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def load(browser: Any, address: str, count: int, rounds: int, seconds: int) -> dict[str, float]:
    """Drag in one window for `seconds`; then `count` of them let go at once, `rounds` times, each at a λ of its own."""
    windows = [opened(browser, address) for _ in range(count)]
    for window in windows:
        window.wait_for_selector(SIGN)
    settle(windows[0])
    lab = windows[0].locator(".lab")
    lab.evaluate(DRAG, 500)
    drag_hz, sent = lab.evaluate(DRAG, 1000 * seconds)
    move_ms = lab.evaluate(MOVES)
    print(f"drag        {drag_hz:6.1f} updates/s   {move_ms:.2f} ms each   {sent} messages to the server")
    alone = round_trip(windows[:1], "exact", 0.613)[0]
    answered: list[float] = []
    for turn in range(rounds):
        answered += round_trip(windows, "answered", 0.05 + 0.011 * turn)
    for window in windows:
        window.context.close()
    middle, most = statistics.median(answered), p95(answered)
    print(
        f"{count} windows  median {middle:.2f} s, p95 {most:.2f} s until answered; {alone:.2f} s until exact, alone"
    )
    return {"drag_hz": drag_hz, "move_ms": move_ms, "p95_s": most, "exact_s": alone}


def round_trip(windows: list[Any], name: str, scaling: float) -> list[float]:
    """Seconds until each of the windows is `answered` or `exact`, let go at once from `scaling` upwards."""
    for place, window in enumerate(windows):
        window.locator(".lab").evaluate(LET_GO, round(scaling + 0.13 * place, 3))
    for window in windows:
        window.wait_for_function(f"() => window.{name} !== null", timeout=PATIENCE)
    return [window.evaluate(f"() => window.{name}") for window in windows]


def memory(browser: Any, address: str, pid: int, slides: int, switches: int) -> dict[str, float]:
    """MB of the server's process over slides in one window and switches of what lies on the bench."""
    window = opened(browser, address)
    window.wait_for_selector(SIGN)

    def slide(count: int, shift: float) -> None:
        for place in range(count):
            scaling = round(0.05 + 1.4 * ((place * 0.618) % 1) + shift, 3)
            window.locator(".lab").evaluate(LET_GO, scaling)
            window.wait_for_function("() => window.answered !== null", timeout=PATIENCE)
        settle(window)

    def switch(place: int) -> None:
        window.goto(f"{address}/?{urlencode(BENCHES[place % len(BENCHES)])}")
        window.wait_for_selector(SIGN, timeout=PATIENCE)
        settle(window)

    curve = [rss(pid)]
    slide(max(3, slides // 10), 0.0)
    for place in range(min(switches, len(BENCHES))):
        switch(place)
    start = rss(pid)
    curve.append(start)
    parts = 5 if switches else 1
    for part in range(parts):
        slide(slides // parts, 0.0007 * (part + 1))
        curve.append(rss(pid))
    for place in range(switches):
        switch(place)
        curve.append(rss(pid))
    window.context.close()
    print(
        f"memory      {slides} slides, {switches} switches: " + " ".join(f"{mb:.0f}" for mb in curve) + " MB"
    )
    return {"rss_growth_mb": curve[-1] - start, "rss_mb": curve[-1], "rss_most_mb": max(curve)}


def starts(browser: Any, folder: Path, rounds: int) -> dict[str, float]:
    """Seconds of `rounds` starts of the lab, of a bare page, and of one import of torch, in turn."""
    bare_app = folder / "bare.py"
    bare_app.write_text(BARE, encoding="utf-8")
    lab, bare, torch = [], [], []
    for _ in range(rounds):
        bare.append(start(browser, bare_app, "h1 >> text=bare"))
        begin = time.monotonic()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        torch.append(time.monotonic() - begin)
        lab.append(start(browser, ROOT / "app.py", SIGN))
    ratio = statistics.median(lab) / (statistics.median(bare) + statistics.median(torch))
    for name, seconds in (("lab", lab), ("bare page", bare), ("torch", torch)):
        print(f"{name:11s} {statistics.median(seconds):6.2f} s   ({', '.join(f'{s:.2f}' for s in seconds)})")
    print(f"start-up    {ratio:6.2f}")
    return {"startup_ratio": ratio}


def start(browser: Any, app: Path, sign: str) -> float:
    """Seconds from the start of a server for `app` to `sign` on the screen."""
    begin = time.monotonic()
    with server(app) as (address, _):
        page = opened(browser, address)
        page.wait_for_selector(sign)
        took = time.monotonic() - begin
        page.context.close()
    return took


def opened(browser: Any, address: str) -> Any:
    """A window of its own at `address`, which counts in `window.sent` what it sends."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(COUNT_SENT)
    page.goto(address)
    return page


def settle(page: Any) -> None:
    """Until the merge at the dial was built and scored; the curve may still be growing."""
    page.locator(".lab[data-exact=true]").wait_for(timeout=PATIENCE)


def rss(pid: int) -> float:
    """Resident memory of a process in MB (10⁶ bytes)."""
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def p95(times: list[float]) -> float:
    """The 95th percentile, no interpolation."""
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


@contextlib.contextmanager
def server(app: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Address and process of a Streamlit server for `app`, ended at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless=true"]
    with subprocess.Popen(
        [*command, f"--server.port={port}"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not _answers(address):
                time.sleep(0.05)
            yield address, process
        finally:
            process.kill()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
