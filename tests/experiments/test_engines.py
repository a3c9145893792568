"""Plans, claims and workers: what is wrong with one run ends no other. Kills stand in `test_kills`."""

from __future__ import annotations

import errno
import json
import os
import platform
import threading
import time
from pathlib import Path

import pytest

from codemix_lab.config import RunSpec, TaskSpec
from codemix_lab.errors import Cancelled, CodeMixLabError, SpecError, StorageError
from codemix_lab.experiments.engines import Plan, local
from codemix_lab.experiments.engines.claims import Claims
from codemix_lab.experiments.engines.local import LocalEngine, fitting_workers
from codemix_lab.experiments.engines.team import _Team
from codemix_lab.experiments.engines.work import claims_of, work_on


def never() -> bool:
    return False


@pytest.fixture
def spec(base: str, adapted: str, task_file: Path) -> RunSpec:
    return RunSpec(
        "ties",
        TaskSpec(str(task_file)),
        base,
        (adapted,),
        train_size=9,
        epochs=1,
        scalings=(0.3, 0.9),
    )


def ngrams(task_file: Path, seeds: int) -> list[RunSpec]:
    return [RunSpec("ngrams", TaskSpec(str(task_file)), train_size=9, seed=seed) for seed in range(seeds)]


def test_a_plan_puts_first_what_others_wait_for(spec: RunSpec) -> None:
    plan = Plan([spec, spec.replace(regime="multi-source", english=spec.task), spec])
    assert [s.regime for s in plan.specs] == ["ties", "ties", "ties", "full", *["multi-source"] * 3]
    assert plan.specs[3].keep_model and plan.specs[3].train_size == 1000
    assert plan.specs[2] == spec and all(s.splits == ("dev",) for s in plan.specs[:2])
    plan.write()
    again = Plan.read(plan.folder)
    assert again.specs == plan.specs and again.ids == plan.ids
    (plan.folder / "plan.json").write_text("{")
    with pytest.raises(StorageError, match="no plan"):
        Plan.read(plan.folder)


def test_all_runs_of_a_plan_are_done_and_lambda_chosen_on_dev(spec: RunSpec) -> None:
    plan = Plan([spec])
    plan.write()
    work_on(plan, never)
    assert plan.state().done == 3 and plan.left() == []
    run = plan.runs.find(spec)
    assert run is not None and set(run.metrics) == {"dev", "test"}
    told = run.provenance["chosen on dev"]
    best = max(told["candidates"], key=lambda c: c["dev"])
    assert told["scaling"] == best["scaling"]
    assert all(set(plan.runs.find(c).metrics) == {"dev"} for c in spec.candidates)  # type: ignore[union-attr]


def test_a_run_that_fails_ends_no_other_and_is_tried_again(spec: RunSpec, task_file: Path) -> None:
    wrong = spec.replace(regime="full", train_size=2)
    plan = Plan([wrong, *ngrams(task_file, 1)])
    plan.write()
    work_on(plan, never)
    state = plan.state()
    assert state.left == 0 and wrong in state.failed and "cannot hold 3 labels" in state.failed[wrong]
    plan.write()
    assert plan.state().failed == {}


def test_what_waits_for_a_failed_run_fails_with_it(spec: RunSpec) -> None:
    plan = Plan([spec])
    plan.write()
    plan.fail(plan.specs[0], "no memory")
    work_on(plan, never)
    assert "failed, which it starts from: no memory" in plan.state().failed[spec]


def test_cancel_raises_and_gives_up_the_claim(spec: RunSpec) -> None:
    plan = Plan([spec])
    plan.write()
    with pytest.raises(Cancelled):
        work_on(plan, lambda: True)
    assert list(claims_of(plan).root.glob("[0-9a-f]*")) == [] and plan.state().done == 0


def test_two_at_one_plan_do_every_run_once(task_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [Plan(ngrams(task_file, 6)) for _ in range(2)]
    plans[0].write()
    done: list[str] = []
    for plan in plans:
        inner = plan.runs.run

        def run(spec: RunSpec, *rest: object, inner=inner) -> object:  # type: ignore[no-untyped-def]
            done.append(spec.digest())
            return inner(spec, *rest)

        monkeypatch.setattr(plan.runs, "run", run)
    threads = [threading.Thread(target=work_on, args=(plan, never)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(spec.digest() for spec in plans[0].specs)


def test_a_claim_is_held_by_one_and_outlives_nobody(tmp_path: Path) -> None:
    claims = Claims(tmp_path, beat=0.01, silence=0.1)
    with claims.take("a") as ours:
        assert ours and claims.holder("a")["pid"] == os.getpid()  # type: ignore[index]
        with Claims(tmp_path).take("a") as theirs:
            assert not theirs
    assert claims.holder("a") is None
    (tmp_path / "a").write_text(json.dumps({"host": platform.node(), "pid": 2**22 - 3, "born": 1.0}))
    with claims.take("a") as ours:
        assert ours


def test_a_claim_of_another_machine_is_abandoned_by_silence_alone(tmp_path: Path) -> None:
    claims = Claims(tmp_path, silence=0.15)
    path = tmp_path / "a"
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "born": 1.0}))
    os.utime(path, (1, 1))
    for _ in range(3):
        with claims.take("a") as ours:
            assert not ours
        time.sleep(0.1)
        os.utime(path)
    time.sleep(0.2)
    with claims.take("a") as ours:
        assert not ours
    time.sleep(0.2)
    with claims.take("a") as ours:
        assert ours


def test_claims_on_a_disk_that_cannot_be_written_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = Claims(tmp_path / "claims")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, pytest.raises(StorageError, match="disk is full"):
        patched.setattr(json, "dump", full)
        with claims.take("a"):
            pass
    assert claims.holder("a") is None and not (claims.root / "a").exists()

    def shut(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", shut)
    with pytest.raises(StorageError, match="cannot be written"), claims.take("a"):
        pass


def test_setting_the_clock_gives_no_claim_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for moved in (-86_400.0, 86_400.0):
        now = time.time() + moved
        with Claims(tmp_path).take("a") as ours, monkeypatch.context() as patched:
            patched.setattr(time, "time", lambda now=now: now)
            os.utime(tmp_path / "a", (now, now))
            with Claims(tmp_path).take("a") as theirs:
                assert ours and not theirs


def test_a_model_that_changes_under_a_sweep_is_a_failed_run(task_file: Path) -> None:
    plan = Plan(ngrams(task_file, 1))
    plan.write()
    task_file.write_text(task_file.read_text().replace("yaar", "yaara"))
    work_on(Plan.read(plan.folder), never)
    assert "has changed" in plan.state().failed[plan.specs[0]]


def test_a_death_counts_although_another_worker_has_the_claim_by_now(task_file: Path) -> None:
    plan = Plan(ngrams(task_file, 1))
    plan.write()
    name, hired = plan.ids[plan.specs[0]], []
    claim = claims_of(plan).root / name
    claim.parent.mkdir(parents=True)

    class Hand:
        def __init__(self) -> None:
            self.alive, self.number = True, len(hired)
            hired.append(self)

        def is_alive(self) -> bool:
            return self.alive

        def whom(self) -> tuple[str, int]:
            return "elsewhere", self.number

        def end(self, *, at_once: bool) -> None:
            self.alive = False

        def last_words(self) -> str:
            return ""

    team = _Team(plan, 1, Hand)
    for number in range(2):
        team.fill()
        claim.write_text(json.dumps({"host": "elsewhere", "pid": number, "born": 0}))
        team.fill()
        claim.write_text(json.dumps({"host": "elsewhere", "pid": 99, "born": 0}))
        hired[number].alive = False
        team.fill()
    assert "ended twice" in (plan.failure(plan.specs[0]) or "")
    assert claims_of(plan).holder(name)["pid"] == 99  # type: ignore[index]
    claims_of(plan).drop(name, ("elsewhere", 99))
    assert claims_of(plan).holder(name) is None


def test_workers_fit_the_machine(spec: RunSpec) -> None:
    assert 1 <= fitting_workers((spec,)) <= (os.cpu_count() or 1)
    with pytest.raises(SpecError, match="at least 1"):
        LocalEngine(0)


def test_workers_that_cannot_start_are_no_endless_loop(
    task_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "WORK", "no_such_module")
    with pytest.raises(CodeMixLabError, match="end before they do a run: .*no_such_module"):
        LocalEngine(1).run(Plan(ngrams(task_file, 2)))
