"""The data commands: JSON as their last line, refusals as one sentence."""

import json

import pytest

from codemix_lab import cli

ROWS = "".join(f"yeh film number {place} thi\t{'ab'[place % 2]}\n" for place in range(20))


@pytest.fixture
def ask(monkeypatch, capsys):
    def run(*words, code=0):
        monkeypatch.setattr("sys.argv", ["codemix-lab", "data", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said

    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "reviews.en-ta.txt"
    path.write_text(ROWS)
    return str(path)


def last(said):
    return json.loads(said.out.strip().split("\n")[-1])


def test_check_says_what_was_recognised(ask, file):
    found = last(ask("check", file, "--json"))
    assert set(found) >= {
        "format",
        "columns",
        "labels",
        "splits",
        "leaks",
        "near_duplicates",
        "duplicates",
        "repairs",
    }
    assert (found["format"], found["labels"], found["pair"]) == ("tsv", {"a": 10, "b": 10}, "en-ta")
    assert "column 2”: label (by content)" in ask("check", file).out


def test_added_then_listed_shown_and_opened(ask, file):
    added = last(ask("add", file, "--name", "mine", "--mapping", "a=positive", "--json"))
    assert added["labels"] == "b, positive" and added["rows"] == 20
    rows = {row["name"]: row for row in last(ask("list", "--json"))["table"]}
    assert rows["mine"]["from"] == "yours" and rows["en-hi"]["from"] == "starter"
    shown = last(ask("show", "mine", "--json"))
    assert shown["pair"] == "en-ta" and [row["split"] for row in shown["table"]] == ["dev", "test", "train"]
    assert "note: No split column" in ask("show", "mine").out
    assert "exists already" in ask("add", file, "--name", "mine", code=1).err


def test_refusals_are_one_sentence(ask, tmp_path):
    assert "does not exist" in ask("check", str(tmp_path / "no.tsv"), code=1).err
    assert "No task is called" in ask("show", "nothing-like-it", code=1).err
    assert "OLD=NEW" in ask("check", "en-hi", "--mapping", "x", code=2).err
