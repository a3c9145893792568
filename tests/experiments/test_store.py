"""The store keeps runs whole, finds them again, and notices damage; also with two writers at once."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from codemix_lab.config import FineTuneSpec, TaskSpec
from codemix_lab.errors import Cancelled, StorageError
from codemix_lab.evaluation.metrics import score
from codemix_lab.experiments.run import Findings, RunKey
from codemix_lab.experiments.run_index import INDEX
from codemix_lab.experiments.store import COLUMNS, DAMAGED, RunStore, content_key

SCORES = score(["a", "b", "b"], ["a", "b", "a"], ["a", "b"])


def key(seed: int = 0) -> RunKey:
    spec = FineTuneSpec(model="starter", task=TaskSpec("en-hi"), train_size=100, seed=seed)
    return RunKey("fine-tune", spec, ("f" * 64, "d" * 64))


def write(folder: Path) -> Findings:
    (folder / "model").mkdir()
    (folder / "model" / "model.safetensors").write_bytes(b"weights")
    (folder / "curve.json").write_text('[{"step": 1, "loss": 0.5}]')
    pd.DataFrame({"text": ["यह ठीक"], "gold": ["a"]}).to_parquet(folder / "predictions-dev.parquet")
    return Findings({"dev": SCORES}, {"start": "starter", "task": "en-hi"})


def never(folder: Path) -> Findings:
    raise AssertionError("the run is there already")


@pytest.fixture
def store(workspace: Path) -> RunStore:
    return RunStore()


def test_run_comes_back_as_it_was_saved(store: RunStore, workspace: Path) -> None:
    assert store.find(key()) is None
    run = store.save(key(), write)
    assert run.folder == workspace / "runs" / key().id
    for again in (store.find(key()), store.open(run.id[:6]), store.save(key(), never)):
        assert again == run
    assert run.metrics == {"dev": SCORES}
    assert FineTuneSpec.from_dict(run.spec) == key().spec
    assert run.curve == [{"step": 1, "loss": 0.5}]
    assert run.predictions("dev")["text"].tolist() == ["यह ठीक"]
    assert run.model == run.folder / "model"
    assert "python" in run.versions
    with pytest.raises(StorageError, match="only for dev"):
        run.predictions("test")


def test_other_inputs_are_another_run() -> None:
    moved = RunKey("fine-tune", key().spec, ("e" * 64, "d" * 64))
    assert len({key(0).id, key(1).id, moved.id, RunKey("baseline", key().spec, key().inputs).id}) == 4
    assert content_key("a", 1) == content_key("a", 1) != content_key("a", 2)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("record.json", b"{"),
        ("record.json", b"{}"),
        ("record.json", b"[]"),
        ("record.json", b"\xff\xfe"),
        ("predictions-dev.parquet", b"something else"),
        ("curve.json", b""),
        ("model/model.safetensors", b"cut"),
    ],
)
def test_damaged_run_is_set_aside_and_made_again(
    store: RunStore, name: str, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    run = store.save(key(), write)
    (run.folder / name).write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        assert store.find(key()) is None
    assert "damaged" in caplog.text and Path(name).name in caplog.text
    assert len(list((store.root / DAMAGED).iterdir())) == 1
    assert store.save(key(), write).metrics == run.metrics


def test_a_changed_number_in_the_record_is_damage(store: RunStore) -> None:
    record = store.save(key(), write).folder / "record.json"
    record.write_text(record.read_text().replace(str(SCORES.macro_f1), "0.99"))
    assert store.list().empty


def test_missing_file_is_damage(store: RunStore) -> None:
    (store.save(key(), write).folder / "curve.json").unlink()
    assert store.find(key()) is None


def test_open_reads_the_weights_too(store: RunStore) -> None:
    run = store.save(key(), write)
    (run.folder / "model" / "model.safetensors").write_bytes(b"Weights")
    assert store.find(key()) is not None
    with pytest.raises(StorageError, match="was moved"):
        store.open(run.id)
    assert store.find(key()) is None


def test_open_wants_one_run(store: RunStore) -> None:
    with pytest.raises(StorageError, match="no run “abc”"):
        store.open("abc")
    with pytest.raises(StorageError, match="no run “”"):
        store.open("")
    ids = [store.save(key(seed), write).id for seed in range(17)]
    first = next(i[0] for i in ids if sum(j.startswith(i[0]) for j in ids) > 1)
    with pytest.raises(StorageError, match="several runs"):
        store.open(first)


def test_list_is_newest_first(store: RunStore) -> None:
    assert store.list().columns.tolist() == COLUMNS
    for seed in (3, 1, 2):
        store.save(key(seed), write)
    listed = store.list()
    assert listed["seed"].tolist() == [2, 1, 3]
    assert listed["dev"].tolist() == [SCORES.macro_f1] * 3
    assert set(listed["start"]) == {"starter"} and set(listed["task"]) == {"en-hi"}


def test_size_and_remove(store: RunStore) -> None:
    assert store.size() == 0
    run = store.save(key(), write)
    journal = (store.root / INDEX).stat().st_size
    assert store.size() == journal + sum(p.stat().st_size for p in run.folder.rglob("*") if p.is_file())
    store.remove(run.id)
    assert store.find(key()) is None and store.size() == journal


def test_full_disk_says_so_and_leaves_nothing(store: RunStore) -> None:
    def full(folder: Path) -> Findings:
        write(folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StorageError, match="disk is full"):
        store.save(key(), full)
    assert list(store.root.iterdir()) == []


def test_cancelled_run_leaves_nothing(store: RunStore) -> None:
    def stopped(folder: Path) -> Findings:
        write(folder)
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        store.save(key(), stopped)
    assert list(store.root.iterdir()) == []


def test_what_killed_processes_left_is_swept_after_a_day(store: RunStore) -> None:
    old, young = store.root / ".a.00000001.part", store.root / ".b.00000002.part"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (time.time() - 90_000,) * 2)
    store.save(key(), write)
    assert young.exists() and not old.exists()


def test_of_two_writers_the_first_wins(store: RunStore, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    together, answers = context.Barrier(2), context.Queue()

    def save(number: int) -> None:
        def slow(folder: Path) -> Findings:
            together.wait(timeout=20)
            findings = write(folder)
            findings.provenance["writer"] = number
            return findings

        run = store.save(key(), slow)
        answers.put((run.id, run.provenance["writer"]))

    writers = [context.Process(target=save, args=(number,)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    said = [answers.get(timeout=30) for _ in writers]
    for writer in writers:
        writer.join(20)
    assert said[0] == said[1] and said[0][0] == key().id
    assert (
        json.loads((store.root / key().id / "record.json").read_text())["provenance"]["writer"] == said[0][1]
    )
    assert sorted(p.name for p in store.root.iterdir()) == [INDEX, key().id]
