"""Listing runs: fast when there are many, and never wrong for being remembered."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from codemix_lab.config import RunSpec
from codemix_lab.evaluation.metrics import score
from codemix_lab.experiments import run_index
from codemix_lab.experiments.run import Findings, RunKey
from codemix_lab.experiments.run_index import INDEX, indexed_rows
from codemix_lab.experiments.store import RunStore

SCORES = score(["a", "b"], ["a", "b"], ["a", "b"], resamples=10)


def save(store: RunStore, seed: int) -> str:
    spec = RunSpec("ngrams", "en-hi", seed=seed)
    return store.save(RunKey("regime", spec, ()), lambda _: Findings({"test": SCORES}, {"start": "n"})).id


def test_what_is_remembered_is_what_is_there(workspace: Path) -> None:
    store = RunStore()
    assert store.list().empty
    ids = [save(store, seed) for seed in range(3)]
    first = store.list()
    assert sorted(first["id"]) == sorted(ids) and (store.root / INDEX).is_file()
    assert store.list().equals(first)
    store.remove(ids[0])
    assert sorted(store.list()["id"]) == sorted(ids[1:])
    save(store, 7)
    assert len(store.list()) == 3


def test_a_record_that_changed_is_read_again_and_set_aside(workspace: Path) -> None:
    store = RunStore()
    ids = [save(store, seed) for seed in range(2)]
    store.list()
    record = store.root / ids[0] / "record.json"
    record.write_text(record.read_text().replace("ngrams", "n-grams"))
    assert store.list()["id"].tolist() == [ids[1]]
    assert [p.name[:20] for p in store.damaged()] == [ids[0]]


def unasked(folder: Path) -> None:
    raise AssertionError(f"{folder} was read again")


def test_a_store_that_the_lab_wrote_needs_no_first_look(workspace: Path) -> None:
    store = RunStore()
    ids = [save(store, seed) for seed in range(3)]
    assert sorted(row["id"] for row in indexed_rows(store.root, unasked)) == sorted(ids)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\n[1", b"[0, 1, 2, 3, {}]", b'[1, "a", 2, 3, 4]', None]
)
def test_a_damaged_journal_is_mended_record_by_record(content: bytes | None, workspace: Path) -> None:
    store = RunStore()
    ids = [save(store, seed) for seed in range(2)]
    journal = store.root / INDEX
    kept = journal.read_bytes()
    journal.write_bytes(kept[:-9] if content is None else content)
    ids.append(save(store, 2))
    for _ in range(2):
        assert sorted(store.list()["id"]) == sorted(ids)
    assert sorted(row["id"] for row in indexed_rows(store.root, unasked)) == sorted(ids)


def test_a_torn_line_spoils_no_other(workspace: Path) -> None:
    store = RunStore()
    ids = [save(store, seed) for seed in range(2)]
    journal = store.root / INDEX
    journal.write_bytes(journal.read_bytes()[:-9])
    ids.append(save(store, 2))
    asked: list[str] = []
    indexed_rows(store.root, lambda folder: asked.append(folder.name))  # type: ignore[func-returns-value]
    assert asked == [ids[1]]


def test_many_writers_lose_no_line(workspace: Path) -> None:
    context = multiprocessing.get_context("fork")
    store = RunStore()
    store.root.mkdir(parents=True)

    def write(first: int) -> None:
        for seed in range(first, first + 25):
            save(store, seed)

    writers = [context.Process(target=write, args=(first,)) for first in (0, 100, 200, 300)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(indexed_rows(store.root, unasked)) == 100


def test_a_journal_of_runs_that_are_gone_is_written_anew(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_index, "_SPARE", 2)
    store = RunStore()
    ids = [save(store, seed) for seed in range(8)]
    for gone in ids[2:]:
        store.remove(gone)
    store.list()
    lines = (store.root / INDEX).read_text().strip().split("\n")
    assert sorted(json.loads(line)[1] for line in lines) == sorted(ids[:2])
    assert len(indexed_rows(store.root, unasked)) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_store_that_cannot_be_written_is_listed(workspace: Path) -> None:
    store = RunStore()
    run = save(store, 0)
    store.root.chmod(0o500)
    try:
        assert store.list()["id"].tolist() == [run]
    finally:
        store.root.chmod(0o700)


def test_only_new_records_are_read_of_thousands(tmp_path: Path) -> None:
    for number in range(3000):
        folder = tmp_path / f"{number:020x}"
        folder.mkdir()
        (folder / "record.json").write_text("{}")
    asked: list[Path] = []

    def read(folder: Path) -> dict[str, str]:
        asked.append(folder)
        return {"id": folder.name}

    assert len(indexed_rows(tmp_path, read)) == 3000 == len(asked)
    (tmp_path / f"{5:020x}" / "record.json").write_text("{} ")
    began = time.perf_counter()
    assert len(indexed_rows(tmp_path, read)) == 3000
    assert asked[3000:] == [tmp_path / f"{5:020x}"]
    assert time.perf_counter() - began < 2
