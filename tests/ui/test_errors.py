"""Errors: up to four models or runs, saved slices, the opened sentence, and the link that finds it all again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from codemix_lab import paths
from codemix_lab.config import MergeSpec, ProbeSpec, TaskSpec
from codemix_lab.experiments.finetuning import run_baseline
from codemix_lab.experiments.inspection import predictions
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.experiments.saved_slices import SavedSlices
from codemix_lab.experiments.store import RunStore
from codemix_lab.text.tasks import open_task
from codemix_lab.ui.classifiers import kept_runs

Open = Callable[..., AppTest]
ERRORS = "pages/4_Errors.py"


def findings(at: AppTest) -> list[str]:
    specs = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    return [spec["layout"]["title"]["text"].replace("<br>", " ") for spec in specs]


def titles(at: AppTest) -> list[str]:
    """What stands before the colon: whose finding it is."""
    return [finding.partition(":")[0] for finding in findings(at)]


def rows(at: AppTest) -> pd.DataFrame:
    return next(frame.value for frame in at.dataframe if "gold_gain" in frame.value)


def said(at: AppTest) -> str:
    return "\n".join(block.value for block in at.markdown)


@pytest.fixture
def three(
    bench: dict[str, str], trained: list[str], opened: Open, do_next: Callable[[], Job], tmp_path: Path
) -> dict[str, str]:
    """The query of a comparison that is done: two models and the predictions of a third one in a file."""
    frame = predictions(trained[0], TaskSpec(bench["task"]))
    gold = frame["gold"]
    perfect = frame.assign(predicted=gold, p_bad=(gold == "bad") * 1.0, p_good=(gold == "good") * 1.0)
    file = tmp_path / "oracle.parquet"
    perfect.to_parquet(file)
    query = {**bench, "a": trained[0], "b": trained[1], "c": str(file), "piles": ""}
    at = opened(ERRORS, query)
    at.button(key="compare-two").click().run()
    job = do_next()
    assert job.state is JobState.DONE, job.error
    assert job.payload["models"] == [trained[0], trained[1], str(file)]
    return query


def test_three_models_stand_side_by_side_and_any_two_are_held_against_each_other(
    three: dict[str, str], opened: Open
) -> None:
    at = opened(ERRORS, three)
    assert not at.exception
    assert titles(at) == ["Model A", "Model B", "Model C", "B − A"]
    a, _, c, _ = findings(at)
    assert c == "Model C: no mistakes" and "is taken for" in a
    assert {"predicted_a", "predicted_b", "predicted_c"} <= set(rows(at))
    at.segmented_control(key="against").set_value("C").run()
    assert titles(at)[-1] == "C − A" and "more right" in findings(at)[-1]
    counts = {metric.label.split()[-1]: int(metric.value) for metric in at.metric}
    assert counts["Broken"] == counts["wrong"] == 0
    assert counts["Fixed"] + counts["unlike"] + counts["alike"] == 10
    assert set(rows(at)["pile"]) <= {"fixed", "both right, unlike", "both right, alike"}
    at.segmented_control(key="reference").set_value("C").run()
    assert not at.exception and titles(at)[-1] == "A − C" and "fewer right" in findings(at)[-1]


def test_a_link_opens_the_same_view_in_another_session(three: dict[str, str], opened: Open) -> None:
    at = opened(ERRORS, {**three, "against": "C", "question": "words > 3", "row": "4", "split": "test"})
    link = next(code.value for code in at.code if code.value.startswith("?") or "://" in code.value)
    query = parse_qs(urlsplit(link).query, keep_blank_values=True)
    asked = ("a", "b", "c", "task", "base", "split", "limit", "against", "piles", "question", "row")
    assert set(asked) <= set(query), query
    again = opened(ERRORS, query)
    assert not again.exception
    for one, other in ((rows(at), rows(again)), (at.metric, again.metric)):
        assert list(map(str, one)) == list(map(str, other))
    pd.testing.assert_frame_equal(rows(at), rows(again))
    assert titles(at) == titles(again) and said(at) == said(again)
    assert "Gold **" in said(again) and again.text_input(key="question").value == "words > 3"
    assert [str(box.value) for box in at.selectbox] == [str(box.value) for box in again.selectbox]
    piles = opened(ERRORS, {**three, "piles": "both right, unlike"})
    assert piles.pills(key="piles").value == ["both right, unlike"]
    assert any("piles=both+right%2C+unlike" in code.value for code in piles.code)
    found_without_its_job = {name: value for name, value in query.items() if not name.startswith("job-")}
    assert said(opened(ERRORS, found_without_its_job)) == said(at)


def test_a_question_is_saved_listed_and_deleted_only_on_purpose(three: dict[str, str], opened: Open) -> None:
    at = opened(ERRORS, {**three, "question": "words > 3"})
    at.text_input(key="slice-name").set_value("long ones")
    next(button for button in at.button if button.label == "Save").click().run()
    assert SavedSlices().all() == {"long ones": "words > 3"}
    at.run()
    table = next(frame.value for frame in at.dataframe if "name" in frame.value)
    assert table[["name", "slice", "sentences"]].values.tolist() == [["long ones", "words > 3", 10]]
    assert {"f1_a", "f1_b", "difference", "low", "high"} <= set(table)
    next(button for button in at.button if button.label == "Delete").click().run()
    assert SavedSlices().all() and "Tick the box" in at.warning[0].value
    at.checkbox(key="slice-sure").check()
    next(button for button in at.button if button.label == "Delete").click().run()
    assert SavedSlices().all() == {}


def test_an_opened_sentence_has_every_answer_its_pieces_and_its_own_curve(
    three: dict[str, str],
    opened: Open,
    do_next: Callable[[], Job],
) -> None:
    at = opened(ERRORS, {**three, "row": "2"})
    assert "C says" in said(at) and "Probability of each label" in titles(at)
    spec = next(json.loads(c.proto.spec) for c in at.get("plotly_chart") if "Probability" in c.proto.spec)
    assert [trace["name"] for trace in spec["data"]] == ["A", "B", "C"]
    at.session_state["card-tabs"] = "Pieces"
    at.run()
    assert any({"word", "pieces", "count"} == set(frame.value) for frame in at.dataframe)
    assert any("Of C only the predictions were kept" in caption.value for caption in at.caption)
    at.session_state["card-tabs"] = "Over λ"
    at.run()
    at.button(key="follow").click().run()
    job = do_next()
    assert job.state is JobState.DONE, job.error
    at.run()
    assert not at.exception
    figure = json.loads(
        next(
            c.proto.spec
            for c in at.get("plotly_chart")
            if "over λ" in json.loads(c.proto.spec)["layout"]["title"]["text"]
        )
    )
    lines = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    points = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    assert len(lines) == len(points) == 2 and {trace["line"]["dash"] for trace in lines} == {"dot"}
    assert job.payload["spec"] == MergeSpec(three["base"], (three["adapted"],), scaling=0.0).to_dict()
    assert job.payload["probe"] == ProbeSpec().to_dict()


def test_kept_predictions_of_a_run_are_compared_without_a_model(
    bench: dict[str, str], trained: list[str], opened: Open, do_next: Callable[[], Job]
) -> None:
    baseline = run_baseline(TaskSpec(bench["task"]), 8, 0, RunStore())
    at = opened(ERRORS, {**bench, "a": str(baseline.folder), "b": trained[0], "piles": "", "row": "0"})
    at.button(key="compare-two").click().run()
    assert do_next().state is JobState.DONE
    at.run()
    assert not at.exception and len(rows(at)) == 10
    options = at.selectbox(key="a").options
    assert any("n-gram" in option or baseline.id[:6] in option for option in options)


@pytest.mark.parametrize("trouble", ["labels", "task", "missing"])
def test_what_cannot_be_compared_is_told(
    trouble: str,
    bench: dict[str, str],
    trained: list[str],
    opened: Open,
    do_next: Callable[[], Job],
    tmp_path: Path,
) -> None:
    frame = predictions(trained[0], TaskSpec(bench["task"]))
    changed, sentence = {
        "labels": (frame.rename(columns={"p_bad": "p_x", "p_good": "p_y"}), "No labels to compare on"),
        "task": (frame.assign(text=frame["text"].str.upper() + "!"), "other sentences or labels"),
        "missing": (frame.iloc[1:], "some are missing"),
    }[trouble]
    file = tmp_path / "odd.parquet"
    changed.to_parquet(file)
    at = opened(ERRORS, {**bench, "a": trained[0], "b": str(file)})
    at.button(key="compare-two").click().run()
    assert do_next().state is JobState.FAILED
    at.run()
    assert not at.exception and sentence in at.error[0].value


def test_a_comparison_that_is_gone_is_told_and_strange_addresses_open_nothing(
    three: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    for row in ("99", "-1", "x", "²"):
        at = opened(ERRORS, {**three, "row": row, "page-of-rows": "7", "against": "Z"})
        assert not at.exception and "Gold **" not in said(at)
    shutil.rmtree(paths.workspace() / "comparisons")
    streamlit.cache_resource.clear()
    at = opened(ERRORS, three)
    assert not at.exception and "gone or damaged" in at.error[0].value


HOSTILE = (
    "<script>window.hacked = 1</script> yeh film",
    "$\\frac{1}{0}$ :red[**bold**] [link](https://example.org)",
    "\u202eyeh ulta hai \u202c ok",
    "\u2066isolated \u202dforced\u202c और \u200fयह",
    "=cmd|' /C calc'!A0 film",
    "x" * 3000,
)


def test_hostile_sentences_and_labels_open_like_any_other(
    opened: Open, bench: dict[str, str], do_next: Callable[[], Job], tmp_path: Path
) -> None:
    labels = ("=bad\u202e", "**good**")
    rows = [
        {"split": split, "text": f"{text} {i}", "label": labels[i % 2]}
        for split in ("train", "dev", "test")
        for i, text in enumerate(HOSTILE)
    ]
    task = tmp_path / "hostile.en-hi.tsv"
    pd.DataFrame(rows).to_csv(task, sep="\t", index=False)
    test = open_task(str(task)).split("test")
    files = []
    for name, sure in (("a", 0.9), ("b", 0.2)):
        files.append(str(tmp_path / f"{name}.parquet"))
        frame = pd.DataFrame({"text": test["text"], "gold": test["label"], "predicted": labels[sure < 0.5]})
        frame.assign(**{f"p_{labels[0]}": sure, f"p_{labels[1]}": 1 - sure}).to_parquet(files[-1])
    query = {**bench, "task": str(task), "a": files[0], "b": files[1], "piles": ""}
    at = opened(ERRORS, query)
    at.button(key="compare-two").click().run()
    job = do_next()
    assert job.state is JobState.DONE, job.error
    for row in range(len(HOSTILE)):
        at = opened(ERRORS, {**query, "row": str(row)})
        assert not at.exception, row
        line = next(block.value for block in at.markdown if "Gold **" in block.value)
        assert "\\*\\*good\\*\\*" in line and "\u202e" not in line


def test_a_run_without_a_model_is_offered_by_its_folder(small_task: Path) -> None:
    run = run_baseline(TaskSpec(str(small_task)), 10, 0, RunStore())
    (folder,) = kept_runs().values()
    assert Path(folder) == RunStore().root / run.id


def test_several_tasks_make_language_pairs_slices_and_unlike_confidence_is_a_pile(
    bench: dict[str, str], trained: list[str], opened: Open, do_next: Callable[[], Job], tmp_path: Path
) -> None:
    also = str(shutil.copy(bench["task"], tmp_path / "other.en-es.tsv"))
    query = {**bench, "a": trained[0], "b": trained[1], "also": also, "piles": "", "surer": "0"}
    at = opened(ERRORS, query)
    at.button(key="compare-two").click().run()
    job = do_next()
    assert job.state is JobState.DONE, job.error
    assert [task["source"] for task in job.payload["tasks"]] == [bench["task"], also]
    at.run()
    assert not at.exception
    assert any("over the labels that all share: bad, good" in caption.value for caption in at.caption)
    assert rows(at)["text"].nunique() == 10 and len(rows(at)) == 20
    counts = {metric.label.split()[-1]: int(metric.value) for metric in at.metric}
    right = counts["unlike"] + counts["alike"]
    assert sum(counts.values()) == 20 and (counts["unlike"] or not right)
    at.number_input(key="surer").set_value(1.0).run()
    assert {m.label.split()[-1]: int(m.value) for m in at.metric} == {**counts, "unlike": 0, "alike": right}
    at = opened(ERRORS, {**query, "question": "pair == 'en-es'", "row": "12"})
    assert not at.exception and len(rows(at)) == 10 and "Gold **" in said(at)
    at.session_state["copy this"] = True
    code = next(block.value for block in at.run().code if block.value.startswith("codemix-lab compare"))
    assert code.count("--task ") == 2
