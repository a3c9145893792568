"""The queue with real processes: order, progress, cancel, killed workers, two submitters at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codemix_lab.errors import SpecError, StorageError
from codemix_lab.experiments import processes
from codemix_lab.experiments.job_record import read_stand, write_stand
from codemix_lab.experiments.jobs import Job, JobQueue, JobState

WORKER = """
import sys, time
from pathlib import Path
from codemix_lab import worker
from codemix_lab.errors import Cancelled, DataError
from codemix_lab.progress import raise_if_stopped

def sleep(payload, listener):
    print("a library says hello")
    for i in range(payload["tenths"]):
        listener.on_progress(i, payload["tenths"], "sleeping")
        raise_if_stopped(listener.should_stop)
        time.sleep(0.1)
    return {"slept": payload["tenths"]}

def deaf(payload, listener):
    listener.on_progress(0, 1, "deaf")
    time.sleep(60)

def here(payload, listener):
    import os
    with open(payload["order"], "a") as file:
        file.write(payload["name"] + "\\n")
    listener.on_row({"name": payload["name"]})
    session = os.getsid(0) == os.getpid()
    return {"cwd": os.getcwd(), "tunables": os.environ.get("GLIBC_TUNABLES"), "session": session}

def bad_data(payload, listener):
    raise DataError("No row has a label.")

kinds = {"sleep": sleep, "deaf": deaf, "here": here, "bad-data": bad_data}
sys.exit(worker.main(sys.argv[1:], kinds))
"""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    queue = JobQueue(tmp_path / "jobs", patience=0.5)
    yield queue
    for job in queue.list():
        if not job.state.is_over:
            queue.cancel(job.id)
    wait(lambda: all(job.state.is_over for job in queue.list()))


@pytest.fixture
def submit(queue: JobQueue, tmp_path: Path) -> Callable[..., Job]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER, encoding="utf-8")

    def submit(kind: str, **payload: object) -> Job:
        return queue.submit(kind, payload, f"a job of {kind}", (sys.executable, str(script)))

    return submit


def wait(until: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def ended(queue: JobQueue, job: Job) -> Job:
    wait(lambda: queue.get(job.id).state.is_over)
    return queue.get(job.id)


def working(queue: JobQueue, job: Job) -> Job:
    wait(lambda: queue.get(job.id).progress)
    return queue.get(job.id)


def test_jobs_run_one_by_one_in_order(queue: JobQueue, submit: Callable[..., Job], tmp_path: Path) -> None:
    order = tmp_path / "order"
    jobs = [submit("here", name=name, order=str(order)) for name in "abc"]
    assert [queue.get(job.id).state for job in jobs[1:]] == ["queued", "queued"] or order.exists()
    last = ended(queue, jobs[-1])
    assert order.read_text().split() == ["a", "b", "c"]
    assert [job.id for job in queue.list()] == [job.id for job in reversed(jobs)]
    assert last.state is JobState.DONE and last.error is None
    assert last.result["session"] is True and last.result["cwd"] == str(Path.cwd())
    assert last.rows == [{"name": "c"}]
    assert last.created <= last.started <= last.finished
    if sys.platform == "linux":
        assert last.result["tunables"] == processes.BIG_BUFFERS


def test_finishing_worker_starts_the_next_without_anyone_looking(
    queue: JobQueue, submit: Callable[..., Job], tmp_path: Path
) -> None:
    jobs = [submit("here", name=name, order=str(tmp_path / "order")) for name in "abc"]
    wait(lambda: read_stand(queue.root / jobs[-1].id)["state"] == "done")


def test_progress_is_told_and_cancel_is_quick(queue: JobQueue, submit: Callable[..., Job]) -> None:
    job = working(queue, submit("sleep", tenths=300))
    assert job.state is JobState.RUNNING
    done, total, what = job.progress or (0, 0, "")
    assert total == 300 and what == "sleeping" and done < 300
    began = time.monotonic()
    queue.cancel(job.id)
    assert ended(queue, job).state is JobState.CANCELLED
    assert time.monotonic() - began < 2.0
    queue.cancel(job.id)
    assert queue.get(job.id).state is JobState.CANCELLED


def test_waiting_job_is_cancelled_before_it_starts(queue: JobQueue, submit: Callable[..., Job]) -> None:
    running, waiting = submit("sleep", tenths=300), submit("sleep", tenths=300)
    assert queue.cancel(waiting.id).state is JobState.CANCELLED
    assert queue.get(waiting.id).started is None
    assert queue.get(running.id).state is JobState.RUNNING


def test_worker_that_does_not_stop_is_ended(queue: JobQueue, submit: Callable[..., Job]) -> None:
    job = working(queue, submit("deaf"))
    began = time.monotonic()
    queue.cancel(job.id)
    assert ended(queue, job).state is JobState.CANCELLED
    assert 0.5 <= time.monotonic() - began < 5


def test_killed_worker_becomes_failed_and_the_next_one_starts(
    queue: JobQueue, submit: Callable[..., Job]
) -> None:
    killed, next_one = submit("sleep", tenths=300), submit("sleep", tenths=1)
    working(queue, killed)
    os.kill(read_stand(killed.folder)["pid"], signal.SIGKILL)
    failed = ended(queue, killed)
    assert failed.state is JobState.FAILED
    assert failed.error is not None and "it was killed" in failed.error and "Try again" in failed.error
    assert ended(queue, next_one).result == {"slept": 1}


def test_another_process_with_the_same_number_is_not_the_worker(
    queue: JobQueue, submit: Callable[..., Job]
) -> None:
    job = working(queue, submit("sleep", tenths=300))
    stands = read_stand(job.folder)
    write_stand(job.folder, {**stands, "pid": os.getpid()})
    assert queue.get(job.id).state is JobState.FAILED
    os.kill(stands["pid"], signal.SIGKILL)


def test_errors_for_users_are_told_as_they_are(queue: JobQueue, submit: Callable[..., Job]) -> None:
    failed = ended(queue, submit("bad-data"))
    assert (failed.state, failed.error) == (JobState.FAILED, "No row has a label.")
    assert ended(queue, queue.retry(failed.id)).error == failed.error
    assert len(queue.list()) == 2
    queue.remove(failed.id)
    assert len(queue.list()) == 1


def test_worker_that_cannot_start_says_what_it_said(queue: JobQueue) -> None:
    silent = (sys.executable, "-c", "raise SystemExit('no module named torch')")
    failed = ended(queue, queue.submit("any", {}, "any", silent))
    assert failed.error is not None and failed.error.endswith("It last said: no module named torch")
    missing = ended(queue, queue.submit("any", {}, "any", ("/no/such/python",)))
    assert missing.error is not None and "could not be started" in missing.error


def test_refusals(queue: JobQueue, submit: Callable[..., Job]) -> None:
    with pytest.raises(StorageError, match="no job “nothing”"):
        queue.get("nothing")
    with pytest.raises(SpecError, match="cannot be written down"):
        queue.submit("sleep", {"path": Path("x")}, "a path is no JSON")
    job = submit("sleep", tenths=300)
    with pytest.raises(SpecError, match="still running"):
        queue.retry(job.id)
    with pytest.raises(SpecError, match="still running"):
        queue.remove(job.id)


def test_damaged_record_does_not_hide_the_others(queue: JobQueue, submit: Callable[..., Job]) -> None:
    good = ended(queue, submit("bad-data"))
    bad = queue.root / "20200101-000000-000000-abcd"
    bad.mkdir()
    (bad / "job.json").write_text("{")
    assert [job.id for job in queue.list()] == [good.id]


def test_job_whose_start_cannot_be_recorded_does_not_run_twice(
    queue: JobQueue, submit: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, stands: object) -> None:
        raise StorageError("the disk is full")

    order = tmp_path / "order"
    with monkeypatch.context() as patched:
        patched.setattr("codemix_lab.experiments.jobs.write_stand", full)
        with pytest.raises(StorageError, match="disk is full"):
            submit("here", name="once", order=str(order))
    (job,) = queue.list()
    assert ended(queue, job).state is JobState.DONE
    assert order.read_text().split() == ["once"]


def test_record_of_a_running_job_without_a_process(queue: JobQueue, submit: Callable[..., Job]) -> None:
    job = ended(queue, submit("bad-data"))
    write_stand(job.folder, {"state": "running"})
    assert queue.get(job.id).state is JobState.FAILED


def test_two_processes_submit_at_once_and_one_job_runs(
    queue: JobQueue, submit: Callable[..., Job], tmp_path: Path
) -> None:
    context = multiprocessing.get_context("fork")
    order = tmp_path / "order"

    def several(name: str) -> None:
        for number in range(3):
            submit("here", name=f"{name}{number}", order=str(order))

    submitters = [context.Process(target=several, args=(name,)) for name in "ab"]
    for submitter in submitters:
        submitter.start()
    for submitter in submitters:
        submitter.join(30)

    def running_now() -> int:
        return sum(read_stand(folder)["state"] == "running" for folder in queue._folders())

    most = 0
    while not all(job.state.is_over for job in queue.list()):
        most = max(most, running_now())
        time.sleep(0.01)
    names = order.read_text().split()
    assert sorted(names) == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert [n for n in names if n[0] == "a"] == ["a0", "a1", "a2"]
    assert most <= 1
