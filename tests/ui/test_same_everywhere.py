"""One λ from Python, from the command line and from the page: the same weights and the same score."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab import MergeSpec, ProbeSpec, export_merge, open_checkpoint, open_task
from codemix_lab.evaluation.merge_scorer import MergeScorer
from codemix_lab.evaluation.metrics import confusion_matrix, f1_per_class
from codemix_lab.experiments.jobs import Job, JobQueue, JobState

LAMBDA, DENSITY = 0.8, 0.4

Run = Callable[..., tuple[int, str, str]]


def given(at: AppTest) -> dict[str, Any]:
    found = at.get("bidi_component")
    return json.loads(found[0].proto.json) if found else {}


def test_the_same_merge_by_python_command_line_and_page(
    bench: dict[str, str],
    opened: Callable[..., AppTest],
    until: Callable[..., AppTest],
    queue: JobQueue,
    do_next: Callable[[], Job],
    tmp_path: Path,
    run: Run,
) -> None:
    spec = MergeSpec(bench["base"], (bench["adapted"],), method="ties", scaling=LAMBDA, density=DENSITY)
    by_python = open_checkpoint(str(export_merge(spec, tmp_path / "python"))).fingerprint
    scorer = MergeScorer.open(spec.base, spec.adapted, open_task(bench["task"]), ProbeSpec())
    score = scorer.point(spec).macro_f1

    merge = ["--base", spec.base, "--adapted", spec.adapted[0], "--method", "ties"]
    code, out, err = run(
        "merge", *merge, "--scaling", LAMBDA, "--density", DENSITY, "--out", tmp_path / "cli", "--json"
    )
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["fingerprint"] == by_python
    code, out, err = run(
        "curve", *merge, "--task", bench["task"], "--scalings", LAMBDA, "--densities", DENSITY, "--json"
    )
    assert code == 0, err
    (row,) = json.loads(out.splitlines()[-1])["table"]
    assert row["macro_f1"] == pytest.approx(score, abs=0.01)

    dials = {"method": "TIES", "scaling": str(LAMBDA), "density": str(DENSITY)}
    at = until(opened("app.py", {**bench, **dials}), lambda at: bool(given(at).get("exact")))
    packed = base64.b64decode(given(at)["exact"]["text"])
    predicted = np.frombuffer(packed, "<i2").reshape(-1, len(scorer.labels)).argmax(axis=1)
    shown = f1_per_class(
        confusion_matrix(
            list(scorer.score_rows["label"]), [scorer.labels[i] for i in predicted], scorer.labels
        )
    )
    assert shown.mean() == pytest.approx(score)
    button = next(b for b in at.button if b.label.startswith("Export this model"))
    button.click().run()
    job = do_next()
    assert job.state is JobState.DONE, job.error
    assert MergeSpec.from_dict(job.payload["spec"]) == spec
    assert open_checkpoint(job.result["folder"]).fingerprint == by_python
