"""The lab on show: nobody starts jobs, opens files or changes what is kept; and folders that files may come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.cli import house
from codemix_lab.config import MixSpec
from codemix_lab.errors import SpecError
from codemix_lab.experiments.jobs import Job, JobQueue, JobState
from codemix_lab.experiments.saved_slices import SavedSlices
from codemix_lab.ui import allowed, card, jobs, mixer, picker, slices

Open = Callable[..., AppTest]
PAGES = {
    "app.py": "base",
    "pages/0_Data.py": "data",
    "pages/1_Adapt.py": "corpora",
    "pages/2_Fine-tune.py": "base",
    "pages/3_Transfer.py": "models",
    "pages/4_Errors.py": "a",
    "pages/5_Learn.py": "base",
}
CHANGING = ("adapt", "compare", "test", "compare-two", "blame", "fetch-starter", "own-lesson", "mix-keep")


@pytest.fixture
def on_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowed.READ_ONLY, "1")


@pytest.fixture
def offered(bench: dict[str, str], workspace: Path) -> dict[str, str]:
    """The tiny models in the lab's own folders, the small task among the kept uploads."""
    places = {"base": workspace / "exports" / "base", "adapted": workspace / "adapted" / "one"}
    for name, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(bench[name])
    task = workspace / "uploads" / "1" / "small.en-hi.csv"
    task.parent.mkdir(parents=True)
    task.write_bytes(Path(bench["task"]).read_bytes())
    return {**{name: str(place) for name, place in places.items()}, "task": str(task)}


@pytest.mark.usefixtures("on_show")
@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_so_and_has_no_button_that_changes_anything(
    page: str, offered: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(page, offered)
    assert not at.exception
    assert any("on show" in info.value for info in at.info)
    assert not {button.key for button in at.button} & set(CHANGING)
    assert not any(button.label.startswith(("Export", "Cancel", "Try again")) for button in at.button)
    assert not at.get("file_uploader")
    assert not queue.list()


@pytest.mark.usefixtures("on_show")
@pytest.mark.parametrize("crafted", ["/etc", "../../etc/passwd", "org/model-from-the-hub"])
@pytest.mark.parametrize(("page", "name"), PAGES.items())
def test_an_address_opens_nothing_that_is_not_offered(
    page: str, name: str, crafted: str, offered: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    at = opened(page, {**offered, name: crafted})
    assert not at.exception
    shown = [str(widget.value) for kind in ("selectbox", "multiselect") for widget in at.get(kind)]
    refused = any("nothing but what its lists offer" in error.value for error in at.error)
    assert refused or crafted not in " ".join(shown)
    assert not any("no model" in error.value or "cannot be read" in error.value for error in at.error)


@pytest.mark.usefixtures("on_show")
def test_what_a_crafted_request_asks_for_is_refused(
    bench: dict[str, str], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for refused in (
        lambda: jobs.submit("export", {}, "x"),
        lambda: allowed.may_open("/etc", ["starter"]),
        lambda: allowed.may_open(bench["base"], ["starter"]),
        allowed.check_may_change,
    ):
        with pytest.raises(SpecError, match="on show"):
            refused()
    assert allowed.may_open("starter", ["starter"]) == "starter"
    assert picker.with_chosen(["a"], "base") == ["a"]
    assert not queue.list()


@pytest.mark.usefixtures("on_show")
def test_a_job_of_the_owner_is_shown_without_cancel(
    offered: dict[str, str], opened: Open, queue: JobQueue
) -> None:
    queue.submit("cpt", {}, "reading")
    at = opened("pages/1_Adapt.py", offered)
    assert not at.exception
    assert not [button for button in at.button if button.label == "Cancel"]
    assert queue.list()[0].state is JobState.QUEUED


@pytest.fixture
def compared(
    offered: dict[str, str], trained: list[str], opened: Open, do_next: Callable[[], Job]
) -> dict[str, str]:
    """The query of a comparison that is done, with a question and an opened sentence."""
    query = {**offered, "a": trained[0], "b": trained[1], "piles": "", "question": "words > 3", "row": "2"}
    opened("pages/4_Errors.py", query).button(key="compare-two").click().run()
    assert do_next().state is JobState.DONE
    SavedSlices().keep("mine", "words > 3")
    return query


def test_errors_on_show_keeps_no_note_and_no_slice_and_deletes_none(
    compared: dict[str, str], opened: Open, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(label: str) -> AppTest:
        at = opened("pages/4_Errors.py", compared)
        at.session_state["card-tabs"] = "Notes"
        at.run()
        at.text_input(key="slice-name").set_value("long ones")
        at.checkbox(key="slice-sure").check()
        next(area for area in at.text_area if area.label == "Note").set_value("irony?")
        monkeypatch.setenv(allowed.READ_ONLY, "1")
        at = next(button for button in at.button if button.label == label).click().run()
        monkeypatch.delenv(allowed.READ_ONLY)
        assert not at.exception
        return at

    writing = {"Keep", "Save", "Delete"}
    for label in writing:
        assert not writing & {button.label for button in press(label).button}
    for room in (card, slices):
        monkeypatch.setattr(room, "read_only", lambda: False)
    for label in writing:
        assert any("on show" in error.value for error in press(label).error), label
    assert SavedSlices().all() == {"mine": "words > 3"}
    assert not list((workspace / "annotations").glob("*"))


@pytest.mark.usefixtures("on_show")
def test_learn_and_data_on_show_start_and_keep_nothing(
    offered: dict[str, str], opened: Open, queue: JobQueue, workspace: Path, make_adapted: Callable[..., Path]
) -> None:
    second = workspace / "adapted" / "two"
    second.symlink_to(make_adapted(seed=2))
    at = opened("pages/5_Learn.py", {**offered, "adapted": [offered["adapted"], str(second)], "step": "3"})
    assert not at.exception and not at.error
    assert not [button for button in at.button if button.key == "own-lesson"]
    with pytest.raises(SpecError, match="on show"):
        mixer.kept(MixSpec(pair="en-hi"))
    assert not queue.list() and not (workspace / "corpora").exists()


def test_folders_confine_what_may_be_opened(
    bench: dict[str, str], opened: Open, tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    monkeypatch.setenv(allowed.FOLDERS, str(mine))
    for fine in (str(mine / "a.csv"), str(workspace / "exports" / "x"), "org/model", "starter:en-hi"):
        assert allowed.may_open(fine, []) == fine
    mine.mkdir()
    (mine / "way-out").symlink_to(other)
    (other / "trajectory" / "step-0000002").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for outside in (str(other), f"{mine}/../other", str(mine / "way-out" / "a"), "/etc", "./x", "other@2"):
        with pytest.raises(SpecError, match="outside of the folders"):
            allowed.may_open(outside, [])
    at = opened("app.py", {**bench, "base": "/etc"})
    assert not at.exception
    assert "outside of the folders" in at.error[0].value


def test_the_command_opens_it_on_show(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(
        house.subprocess, "call", lambda command, cwd, env: called.append((command, env)) or 0
    )
    code, _, err = run("app", "--read-only", "--folder", "/srv/a", "--folder", "/srv/b", "--server.port=9000")
    assert code == 0, err
    command, environment = called[0]
    assert environment[allowed.READ_ONLY] == "1" and environment[allowed.FOLDERS] == "/srv/a:/srv/b"
    assert command[-2:] == ["--server.maxUploadSize=1", "--server.port=9000"]
    run("app")
    assert called[1][1].get(allowed.READ_ONLY, "0") == "0"
