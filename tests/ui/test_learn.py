"""The lesson: every step on the starter's shipped numbers, the quiz, the URL, and a lesson of one's own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.config import MergeMethod
from codemix_lab.errors import SpecError
from codemix_lab.experiments import lessons
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.experiments.lessons import STARTER
from codemix_lab.text.tasks import starter_tasks
from codemix_lab.ui.learn import cpt, mixing, signs, transfer
from codemix_lab.ui.learn.script import steps
from codemix_lab.ui.words import PAGES

Open = Callable[..., AppTest]
LEARN = "pages/5_Learn.py"
TITLES = {
    "mixing": (),
    "cpt": ("Less surprise after CPT",),
    "plane": ("merges",),
    "arrow": (),
    "trimming": ("CPT changed ", "After trim", "of the changes hold"),
    "signs": (),
    "transfer": ("Highest", "gains over the base"),
}


def finding(at: AppTest) -> str:
    return " ".join(m.value for m in at.markdown)


def charts(at: AppTest) -> list[str]:
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


@pytest.mark.parametrize("place", range(1, len(steps()) + 1))
def test_every_step_shows_its_numbers_and_answers_its_question(place: int, opened: Open) -> None:
    words = steps()[place - 1]
    at = opened(LEARN, {"step": str(place)})
    assert not at.exception and not at.error
    assert at.header[0].value == f"{place} · {words.title}"
    for title, part in zip(charts(at), TITLES[words.name], strict=True):
        assert part in title
    ask = at.radio(key=f"quiz-{words.name}")
    ask.set_value(words.quiz.answer).run()
    assert words.quiz.because in at.success[0].value
    ask.set_value((words.quiz.answer + 1) % len(words.quiz.options)).run()
    assert words.quiz.options[words.quiz.answer] in at.warning[0].value


@pytest.mark.parametrize(("asked", "step"), [("99", 7), ("0", 1), ("x", 1), ("²", 1), ("3", 3)])
def test_the_step_is_in_the_address(asked: str, step: int, opened: Open) -> None:
    at = opened(LEARN, {"step": asked})
    assert not at.exception
    assert at.header[0].value.startswith(f"{step} · ")


def test_next_and_previous_turn_the_address(opened: Open) -> None:
    at = opened(LEARN, {"lecture": "true", "scaling": "0.37"})
    at.button(key="next").click().run()
    at.button(key="next").click().run()
    assert at.query_params["step"] == "3"
    assert "λ = 0.37" in json.dumps(json.loads(at.get("plotly_chart")[0].proto.spec), ensure_ascii=False)
    at.button(key="previous").click().run()
    assert at.header[0].value.startswith("2 · ")
    assert at.toggle(key="lecture").value


def test_a_sentence_of_the_students_own_is_measured(opened: Open) -> None:
    at = opened(LEARN, {"say": "yeh film was very good"})
    assert "3 of 5 words are English" in finding(at)
    assert "**40.0**, with **1** switch points" in finding(at)
    at.text_input(key="say").set_value("12 :) !").run()
    assert not at.exception
    assert "no word" in finding(at)


@pytest.mark.starter
def test_base_and_cpt_read_a_sentence_of_the_students_own(starter: tuple[str, ...], opened: Open) -> None:
    at = opened(LEARN, {"step": "2", "read": "chai peeni hai kya"})
    assert not at.exception and not at.error
    assert at.selectbox(key="hide-own").options[0] == "1 · chai"
    assert "Pseudo-perplexity: base **" in finding(at)


def test_the_density_turned_here_is_that_of_the_lab(opened: Open) -> None:
    assert opened(LEARN, {"step": "5"}).slider(key="keep").value == 20
    at = opened(LEARN, {"step": "5", "density": "0.3"})
    assert at.slider(key="keep").value == 30
    at.slider(key="keep").set_value(10).run()
    assert at.session_state["density"] == pytest.approx(0.1)
    assert "the largest **10%** stay" in finding(at)


def test_the_election_by_hand() -> None:
    table = signs.election([[4, -3, 1, 0.5], [2, 1, -1, -2]], 1.0, ["τ₁", "τ₂"])
    assert table.loc["sum"].tolist() == ["6", "−2", "0", "−1.5"]
    assert table.loc["elected sign"].tolist() == ["+", "−", "+", "−"]
    assert table.loc["disjoint mean"].tolist() == ["3", "−3", "1", "−2"]
    assert table.loc["plain average"].tolist() == ["3", "−1", "0", "−0.75"]
    trimmed = signs.election([[4, -3, 1, 0.5], [2, 1, -1, -2]], 0.5, ["τ₁", "τ₂"])
    assert trimmed.loc["τ₁ after trim"].tolist() == ["4", "−3", "0", "0"]
    assert trimmed.loc["τ₂ after trim"].tolist() == ["2", "0", "0", "−2"]


def test_the_election_on_the_page_follows_the_address(opened: Open) -> None:
    eight = "4 -3 1 0.5 1 1 1 1; 2 1 -1 -2 1 1 1 1; 1 1 1 1 1 1 1 1"
    at = opened(LEARN, {"step": "6", "elected": "true", "changes": eight, "vectors": "3"})
    assert not at.exception
    assert any("τ₃ after trim" in part.proto.body for part in at.get("html"))
    at = opened(LEARN, {"step": "6", "changes": "1 2 3"})
    assert "three rows of eight numbers" in at.error[0].value


@pytest.mark.parametrize("bad", ["", "1", "nan " * 8 + ";" + "1 " * 8 + ";" + "1 " * 8, "a;b;c"])
def test_no_other_numbers_are_taken(bad: str) -> None:
    with pytest.raises(SpecError, match="eight numbers"):
        signs.changes(bad)


def test_words_are_whole_and_links_set_dials_that_exist() -> None:
    labels = {method.label for method in MergeMethod}
    for step in steps():
        assert step.link.page in PAGES
        assert 0 <= step.quiz.answer < len(step.quiz.options)
        query = step.link.query
        assert query.get("method", "TIES") in labels
        assert set(query.get("adapted", STARTER[1])) <= set(STARTER[1])
        assert set(query.get("tasks", [])) <= set(starter_tasks("sentiment"))


def test_text_of_students_is_never_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    assert "<img" not in mixing.words_html([(evil, "en"), (evil, "hi")], {"en": "English", "hi": "Hindi"})
    assert "<img" not in cpt.cloze_html([evil, evil], 0)
    assert "<img" not in cpt.guesses_html("base", ((evil, 0.5),), evil)
    assert "<img" not in signs.votes_html(pd.DataFrame({evil: [evil]}, index=[evil]))


def test_only_gains_beyond_chance_are_called_so() -> None:
    def row(task: str, low: float, high: float) -> lessons.Carried:
        return lessons.Carried(task, 1.0, 100, 0.5, 0.4, 0.6, (low + high) / 2, low, high)

    said = transfer.finding([row("en-hi", -1, 1), row("en-ta", -0.02, 0.06), row("en-ml", 0.01, 0.09)])
    assert "1 of these 2 intervals leave out zero" in said
    assert "nothing is shown" in transfer.finding([row("en-hi", 0.1, 0.2), row("en-ta", -0.02, 0.06)])


def test_two_checkpoints_on_the_bench_get_a_lesson_of_their_own(
    bench: dict[str, str],
    make_adapted: Callable[..., Path],
    opened: Open,
    queue: JobQueue,
    do_next: Callable[[], Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = opened(LEARN, {**bench, "adapted": [bench["adapted"], str(make_adapted(seed=2))], "step": "3"})
    assert not at.exception
    at.button(key="own-lesson").click().run()
    monkeypatch.setattr(lessons, "SHARES", (0.0, 1.0))
    monkeypatch.setattr(lessons, "HEARD", 2)
    job = do_next()
    assert job.state is JobState.DONE, job.error
    at.run()
    assert not at.exception
    assert "4 merges" in charts(at)[0]
    assert not [button for button in at.button if button.key == "own-lesson"]


def test_steps_with_shipped_numbers_do_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "for step in (2, 3, 5, 7):\n"
        "    at = AppTest.from_file('app.py', default_timeout=60); at.switch_page('pages/5_Learn.py')\n"
        "    at.query_params['step'] = str(step); at.run(); assert not at.exception\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    )
    script = tmp_path / "look.py"
    script.write_text(code.replace("'app.py'", repr(str(Path(__file__).parents[2] / "app.py"))))
    said = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]
