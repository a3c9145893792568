"""How fast the page Errors stands and answers with twenty thousand sentences.

    python benchmarks/errors_page.py [--quick] [--sentences 20000]

Two character n-gram models (200 and 600 train sentences) answer sentences drawn with replacement from the test
split of SentiMix English–Hindi where ../shared/data (or CODEMIX_LAB_REAL_DATA) has it, else from the starter
corpora. Their predictions are compared, the app is started in a workspace of its own, and Debian's Chromium (or
the one that `CODEMIX_LAB_CHROMIUM` names) opens the page, which has never shown this comparison before.

    first_paint_s   from asking for the address to the browser's first contentful paint
    finding_s       to the sentence that says what B fixes and breaks
    whole_s         to piles, slices and the first page of sentences on the screen; again_s the same once more
    filter_s        from pressing Enter in the question box to the page of rows that fit; median of questions
    pile_s          the same for a pile that is switched on or off
    job_s           what the comparison itself took before, in the job (traits and slices included)

A visit to another page goes before, so that the server has started; --quick asks fewer questions. The last line
is JSON.
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
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
REAL = "tasks/en-hi.sentiment.sentimix2020.tsv.gz"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 60_000
QUESTIONS = (
    "cmi > 30",
    '"nahi" in text',
    "words > 20 and emoji",
    "negation",
    "switch_points > 4 and not hashtag",
)


def main() -> None:
    """Measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="The page Errors with many sentences, in a browser.")
    parser.add_argument("--quick", action="store_true", help="fewer questions, under 50 s")
    parser.add_argument("--sentences", type=int, default=20_000)
    options = parser.parse_args()
    chromium = os.environ.get("CODEMIX_LAB_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("no browser: install Debian's chromium or name one in CODEMIX_LAB_CHROMIUM")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["CODEMIX_LAB_WORKSPACE"] = str(Path(folder) / "workspace")
        name, query, job_s = compared(Path(folder), options.sentences)
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        questions = QUESTIONS[:3] if options.quick else QUESTIONS
        found = visited(browser, query, questions, 1 if options.quick else 3)
        browser.close()
    found = {**found, "job_s": job_s, "sentences": options.sentences}
    print(f"{options.sentences:,} sentences of {name}")
    for key in ("job_s", "first_paint_s", "finding_s", "whole_s", "again_s", "filter_s", "pile_s"):
        print(f"{key:16s}{found[key]:8.2f} s")
    print(json.dumps(found))


def compared(folder: Path, count: int) -> tuple[str, dict[str, Any], float]:
    """Name of the data, the query that opens the comparison, and the seconds that the comparison took."""
    from codemix_lab.config import TaskSpec
    from codemix_lab.evaluation.ngram_baseline import ngram_baseline
    from codemix_lab.evaluation.predict import prediction_frame
    from codemix_lab.experiments.jobs import JobQueue, JobState
    from codemix_lab.text.sampling import stratified_subset
    from codemix_lab.text.tasks import open_task
    from codemix_lab.worker import main as work

    data = Path(os.environ.get("CODEMIX_LAB_REAL_DATA") or ROOT.parent / "shared" / "data")
    source = data / REAL
    real = source.is_file()
    task = open_task(str(source) if real else "en-hi")
    scored = task.split("test") if real else task.frame[task.frame["split"] != "train"]
    drawn = scored.iloc[np.random.default_rng(0).integers(0, len(scored), count)]
    table = pd.concat([task.split("train").head(1000), drawn.assign(split="test")])
    file = folder / "many.en-hi.tsv"
    table.to_csv(file, sep="\t", index=False)
    many = open_task(TaskSpec(str(file)))
    test = many.split("test")
    texts = list(dict.fromkeys(test["text"]))
    files = []
    for size in (200, 600):
        train = stratified_subset(many.split("train"), size, seed=0)
        said = ngram_baseline(list(train["text"]), list(train["label"]), texts, many.labels)
        places = pd.Series(range(len(texts)), index=texts).loc[test["text"]].to_numpy()
        files.append(str(folder / f"ngrams-{size}.parquet"))
        prediction_frame(test, said[places], many.labels).to_parquet(files[-1])
    asked = {"models": files, "tasks": [TaskSpec(str(file)).to_dict()], "split": "test", "limit": None}
    JobQueue.poll = lambda self: None
    job = JobQueue().submit("side-by-side", asked, "two baselines")
    began = time.perf_counter()
    work([str(job.folder)])
    took = time.perf_counter() - began
    job = JobQueue().get(job.id)
    if job.state is not JobState.DONE:
        raise SystemExit(job.error)
    query = {"task": str(file), "a": files[0], "b": files[1], "job-side-by-side": job.id}
    return ("SentiMix En-Hi" if real else "the starter corpora"), query, took


def visited(browser: Any, query: dict[str, Any], questions: tuple[str, ...], rounds: int) -> dict[str, float]:
    """Seconds of the first visit, of a second one, and of the questions."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    with subprocess.Popen(
        [*command, f"--server.port={port}"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            while not _answers(address):
                time.sleep(0.05)
            warm = browser.new_page()
            warm.goto(f"{address}/Transfer", timeout=PATIENCE)
            warm.wait_for_selector("text=/Tasks to test on/", timeout=PATIENCE)
            warm.close()
            first, page = opened(browser, f"{address}/Errors?{urlencode(query)}")
            page.close()
            again, page = opened(browser, f"{address}/Errors?{urlencode(query)}")
            asked = [ask(page, question) for question in [*questions, ""] * rounds]
            piles = [press(page, pile) for pile in ("both wrong", "fixed", "fixed")]
        finally:
            server.kill()
    return {
        **first,
        "again_s": again["whole_s"],
        "filter_s": statistics.median(asked),
        "filter_worst_s": max(asked),
        "pile_s": statistics.median(piles),
    }


def opened(browser: Any, address: str) -> tuple[dict[str, float], Any]:
    """Seconds until the page is painted first, says its finding and is whole, and the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE)
    begin = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("text=/B fixes/")
    finding = time.perf_counter() - begin
    page.wait_for_selector(".st-key-table-slices canvas")
    page.wait_for_selector(".st-key-rows canvas")
    whole = time.perf_counter() - begin
    paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
    return {"first_paint_s": paint / 1000, "finding_s": finding, "whole_s": whole}, page


def ask(page: Any, question: str) -> float:
    """Seconds from Enter to the rows that fit."""
    box = page.locator(".st-key-question input")
    box.fill(question + " ")
    return _until_changed(page, lambda: box.press("Enter"))


def press(page: Any, pile: str) -> float:
    """Seconds from a click on a pile to the rows that fit."""
    return _until_changed(page, lambda: page.locator(".st-key-piles").get_by_text(pile).click())


def _until_changed(page: Any, act: Any) -> float:
    """Seconds from an action until what stands below the table counts other rows."""
    page.evaluate(
        """() => {
          window.settled = new Promise((done) => {
            const said = () => document.querySelector('.st-key-rows-csv')?.innerText;
            const before = said(), begin = performance.now();
            const look = () => (said() !== before ? done(performance.now() - begin)
              : performance.now() - begin > 20000 ? done(-1) : requestAnimationFrame(look));
            look();
          });
        }"""
    )
    act()
    took = page.evaluate("() => window.settled")
    if took < 0:
        raise SystemExit("the rows never changed")
    return float(took) / 1000


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
