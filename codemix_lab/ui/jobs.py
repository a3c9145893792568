"""Long work on the screen: submit a job, watch it, cancel it, find it again after a reload."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.ui import shell
from codemix_lab.ui.allowed import check_may_change, read_only
from codemix_lab.ui.escape import plain

LOOK_EVERY = 0.8


def submit(kind: str, payload: dict[str, Any], label: str) -> None:
    """Put a job into the queue and its id into the URL. Raises `SpecError` where the lab is on show only."""
    check_may_change()
    job = JobQueue().submit(kind, payload, label)
    st.query_params[_param(kind)] = job.id


def start_button(place: Any, label: str, key: str) -> bool:
    """Draw the button that starts a job, and say whether it was pressed; there is none where the lab is on show."""
    if read_only():
        return False
    return bool(place.button(label, type="primary", icon=":material/play_arrow:", width="stretch", key=key))


def latest(kind: str) -> Job | None:
    """The job of this kind that the URL names, else the newest one on disk, else None."""
    named = st.query_params.get(_param(kind))
    found = [job for job in JobQueue().list() if job.kind == kind]
    return next((job for job in found if job.id == named), found[0] if found else None)


def watch(job: Job) -> None:
    """Where the job stands, kept up to date until it is over; then the page is drawn anew."""
    active = not job.state.is_over
    shell.fragment(_panel, run_every=LOOK_EVERY if active else None)(job.id, active)


def time_left(job: Job, now: datetime | None = None) -> str:
    """How long the job will still take, by the pace so far; empty while that cannot be said."""
    if job.started is None or job.progress is None:
        return ""
    done, total, _ = job.progress
    seconds = ((now or datetime.now(UTC)) - job.started).total_seconds()
    if not 0 < done < total or seconds < 3:
        return ""
    left = seconds * (total - done) / done
    return f"about {left / 60:.0f} min left" if left > 90 else f"about {max(1, round(left))} s left"


def _panel(id: str, was_active: bool) -> None:
    queue = JobQueue()
    job = queue.get(id)
    with st.container(key=f"job-{job.kind}", border=not job.state.is_over):
        if job.state.is_over:
            _ended(job)
        else:
            _running(job, queue)
    if was_active and job.state.is_over:
        st.rerun()


def _running(job: Job, queue: JobQueue) -> None:
    done, total, what = job.progress or (0, 1, "starting")
    if job.state is JobState.QUEUED:
        what = "waiting for its turn"
    said = " · ".join(filter(None, (plain(job.label), plain(what), time_left(job))))
    bar, button = st.columns([5, 1], vertical_alignment="bottom")
    bar.progress(min(1.0, done / total if total else 0.0), text=said)
    if not read_only() and button.button("Cancel", key=f"cancel-{job.kind}", width="stretch"):
        check_may_change()
        queue.cancel(job.id)
        st.rerun(scope="app")


def _ended(job: Job) -> None:
    took = (
        f" after {_span((job.finished - job.started).total_seconds())}"
        if job.finished and job.started
        else ""
    )
    if job.state is JobState.FAILED:
        st.error(
            f"{plain(job.label)}: {plain(job.error or 'it failed without a word')}", icon=":material/error:"
        )
    elif job.state is JobState.CANCELLED:
        st.warning(
            f"{plain(job.label)}: cancelled{took}. What was finished before is kept.",
            icon=":material/back_hand:",
        )
    else:
        st.caption(f":material/check: {plain(job.label)}, done{took}.")
    if job.state is not JobState.DONE and not read_only() and st.button("Try again", key=f"retry-{job.kind}"):
        check_may_change()
        again = JobQueue().retry(job.id)
        st.query_params[_param(job.kind)] = again.id
        st.rerun(scope="app")


def _span(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _param(kind: str) -> str:
    return f"job-{kind}"
