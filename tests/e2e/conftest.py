"""The app as a visitor meets it: a server of its own and a browser that may only talk to it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 120_000
COUNT_SENT = """
window.sent = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (...parts) { window.sent += 1; return send.apply(this, parts); };
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running app with an empty workspace."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workspace = tmp_path_factory.mktemp("e2e")
    environment = {**os.environ, "CODEMIX_LAB_WORKSPACE": str(workspace), "HF_HUB_OFFLINE": "1"}
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless=true",
        f"--server.port={port}",
    ]
    with (workspace / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, or the one that `CODEMIX_LAB_CHROMIUM` names."""
    api = pytest.importorskip("playwright.sync_api")
    chromium = os.environ.get("CODEMIX_LAB_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no browser: install Debian's chromium or name one in CODEMIX_LAB_CHROMIUM")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Callable[..., Any]]:
    """Open an address of the app in light or dark; at the end no request may have left this machine.

    The page counts in `window.sent` what it sends to the server.
    """
    contexts, outside = [], []

    def note(request: Any) -> None:
        if not request.url.startswith((server, server.replace("http", "ws"), "data:", "blob:")):
            outside.append(request.url)

    def go(address: str, scheme: str = "light", width: int = 1280) -> Any:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(COUNT_SENT)
        page.on("request", note)
        page.goto(server + address)
        page.wait_for_selector(".stMain h1")
        return page

    yield go
    for context in contexts:
        context.close()
    assert not outside


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Any, str], None]:
    """Keep the whole page as a picture in the folder `CODEMIX_LAB_SCREENSHOTS`, if there is one."""
    folder = os.environ.get("CODEMIX_LAB_SCREENSHOTS")

    def shoot(page: Any, name: str) -> None:
        if folder:
            size = page.viewport_size
            page.wait_for_timeout(1000)
            height = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight") + 80
            page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(height, 4000))})
            page.wait_for_timeout(1000)
            page.screenshot(path=Path(folder) / f"{name}.png")
            page.set_viewport_size(size)

    return shoot


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    raise RuntimeError("the app did not start")


@pytest.fixture
def exported() -> Callable[[Any], Path]:
    """Export the dialled model on Explore, and give its folder."""

    def export(page: Any) -> Path:
        page.get_by_role("button", name="Export this model").click()
        page.wait_for_selector("text=Written to")
        alone = re.compile(r"^\s*/\S*/exports/\S+\s*$")
        return Path(page.locator(".stMain [data-testid=stCode]:visible", has_text=alone).inner_text().strip())

    return export
