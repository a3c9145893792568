"""Pages under test: opened by file with the bench in the URL, jobs done on request and in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.config import FineTuneSpec, TaskSpec
from codemix_lab.experiments.finetuning import run_fine_tune
from codemix_lab.experiments.jobs import Job, JobQueue
from codemix_lab.experiments.store import RunStore
from codemix_lab.worker import main as work

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120

Open = Callable[..., AppTest]


@pytest.fixture
def small_task(tmp_path: Path) -> Path:
    """A labelled file of sixty short sentences in three splits."""
    words = {"good": ("achhi", "mast", "great"), "bad": ("bakwas", "boring", "worst")}
    rows = [
        {
            "split": ("train", "train", "dev", "test")[i % 4],
            "text": f"yeh film {word} thi number {i}",
            "label": label,
        }
        for i in range(20)
        for label, choices in words.items()
        for word in choices[i % 3 : i % 3 + 1]
    ]
    path = tmp_path / "small.en-hi.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture
def bench(tiny_encoder: Path, tiny_adapted: Path, small_task: Path) -> dict[str, str]:
    """Query parameters that put tiny models and a small task on the bench."""
    return {"base": str(tiny_encoder), "adapted": str(tiny_adapted), "task": str(small_task)}


@pytest.fixture
def opened() -> Open:
    """Open a page by its file with query parameters, and run it once."""

    def open_page(page: str, query: Mapping[str, str]) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
        if page != "app.py":
            at.switch_page(page)
        for name, value in query.items():
            at.query_params[name] = value
        return at.run()

    return open_page


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> JobQueue:
    """The queue, in which nothing starts by itself."""
    monkeypatch.setattr(JobQueue, "poll", lambda self: None)
    return JobQueue()


@pytest.fixture
def do_next(queue: JobQueue) -> Callable[[], Job]:
    """Do the newest job in this process and return it as it ended."""

    def do() -> Job:
        job = queue.list()[0]
        work([str(job.folder)])
        return queue.get(job.id)

    return do


@pytest.fixture
def trained(bench: dict[str, str]) -> list[str]:
    """Two fine-tuned models in the store: folders, older first."""
    specs = [
        FineTuneSpec(model=bench[start], task=TaskSpec(bench["task"]), train_size=8, epochs=1)
        for start in ("base", "adapted")
    ]
    return [str(run_fine_tune(spec, RunStore()).model) for spec in specs]


@pytest.fixture
def until() -> Callable[[AppTest, Callable[[AppTest], bool]], AppTest]:
    """Look again until the page shows what is being computed beside it."""

    def look(at: AppTest, ready: Callable[[AppTest], bool]) -> AppTest:
        ends = time.monotonic() + PATIENCE
        while not ready(at) and time.monotonic() < ends:
            time.sleep(0.3)
            at.run()
        assert ready(at), "the page never came to show it"
        return at

    return look
