"""Listing runs: fast when there are many, and never wrong for being remembered."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from codemix_lab.config import RunSpec
from codemix_lab.evaluation.metrics import score
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


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0, "runs": {}}', '{"format": 1}'])
def test_a_damaged_index_is_made_anew(content: str, workspace: Path) -> None:
    store = RunStore()
    run = save(store, 0)
    store.list()
    (store.root / INDEX).write_text(content)
    assert store.list()["id"].tolist() == [run]
    assert json.loads((store.root / INDEX).read_text())["runs"]


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
