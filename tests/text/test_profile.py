"""What a file is taken for, counted in one pass: by hand on small files, and in bounded pieces."""

import json

import pytest

from codemix_lab.config import TaskSpec
from codemix_lab.errors import Cancelled, DataError
from codemix_lab.text import twins
from codemix_lab.text.duplicates import normalise
from codemix_lab.text.profile import profile
from codemix_lab.text.tasks import open_task
from codemix_lab.text.twins import Twins

LONG = "yeh film dekhne ke baad main {} ghar gaya"


@pytest.fixture
def write(tmp_path):
    def make(rows, columns=("id", "split", "text", "label"), name="t.en-hi.tsv"):
        path = tmp_path / name
        path.write_text("\n".join("\t".join(row) for row in [columns, *rows]) + "\n")
        return str(path)

    return make


ROWS = [
    ("1", "train", "Kya baat hai", "good"),
    ("2", "train", "kya  baat hai", "good"),
    ("3", "test", "kya baat hai", "good"),
    ("4", "train", LONG.format("seedha"), "bad"),
    ("5", "dev", LONG.format("seedha") + " dost", "bad"),
    ("5", "train", "@rahul tou ðŸ˜… dekho", "bad"),
    ("6", "train", " ", "bad"),
    ("7", "train", "bina label", ""),
]


def test_everything_is_counted(write):
    found = profile(write(ROWS)).to_dict()
    assert (found["use"], found["format"], found["rows"], found["pair"]) == ("task", "tsv", 8, "en-hi")
    assert found["labels"] == {"bad": 3, "good": 3}
    assert found["splits"] == {"dev": {"bad": 1}, "test": {"good": 1}, "train": {"bad": 2, "good": 2}}
    assert found["blank"] == {"text": 1, "label": 1} and found["splits_made"] is False
    assert found["repairs"] == {"mojibake": 1, "handles and links": 1}
    assert found["duplicates"] == {"within": {"train": 1}, "across": {"train+test": 1}}
    assert found["near_duplicates"] == {"checked": 7, "within": {}, "across": {"train+dev": 1}}
    assert found["leaks"] == {"exact": 2, "near": 1} and found["duplicate_ids"] == 1
    roles = {column["name"]: (column["role"], column["how"]) for column in found["columns"]}
    assert roles["text"] == ("text", "by name") and roles["id"] == ("id", "by name")
    assert json.loads(json.dumps(found)) == found


def test_opening_mends_and_drops_leaks_on_request(write):
    source = write(ROWS)
    task = open_task(TaskSpec(source, drop_leaks=True, mask=True))
    train = task.split("train")["text"].tolist()
    assert train == ["@user tou 😅 dekho"]
    assert "3 rows of train left out: the text also stands in dev or test, or nearly." in task.warnings
    assert "1 text with mojibake mended." in task.warnings
    assert len(open_task(source).split("train")) == 4


def test_a_mapping_is_told(write):
    found = profile(TaskSpec(write(ROWS), mapping=("good=positive", "bad=")))
    assert found.labels == {} and found.mapped_out == {"bad": 3} and "one label" in found.problem
    found = profile(TaskSpec(write(ROWS), mapping=("good=positive",)))
    assert found.labels == {"bad": 3, "positive": 3}


def test_running_text_scores_and_floats(write):
    text = [(LONG.format(place),) for place in range(8)]
    assert profile(write(text, ("text",), "t.txt")).use == "corpus"
    scores = [(LONG.format(place), str(place / 7)) for place in range(60)]
    found = profile(write(scores, ("text", "label")))
    assert found.use == "corpus" and "free text, ids or scores" in found.problem
    floats = [(LONG.format(place), f"{place % 3 - 1}.0") for place in range(30)]
    found = profile(write(floats, ("text", "label")))
    assert set(found.labels) == {"-1.0", "0.0", "1.0"} and found.splits_made
    assert {split: sum(n.values()) for split, n in found.splits.items()} == {"train": 24, "dev": 3, "test": 3}
    made = open_task(write(floats, ("text", "label"))).frame["split"].value_counts().to_dict()
    assert made == {"train": 24, "dev": 3, "test": 3}


def test_signs_of_all_kinds_are_texts(write):
    rows = [("😀😅", "a"), ("שלום עליכם", "b"), ("ह\u0902\u0903\u0301", "a"), ("=cmd()", "b")]
    found = profile(write(rows, ("text", "label")))
    assert found.rows == 4 and found.repairs == {} and found.words == {1: 3, 2: 1}


def test_the_screen_form_says_the_same(write):
    lines = profile(write(ROWS)).lines()
    assert lines[0].endswith("8 rows, read as task")
    assert "train rows that leak: exact 2, near 1" in lines and "ids that come again: all 1" in lines


def test_all_blank_text_and_cancel(write):
    with pytest.raises(DataError, match="no row has both"):
        open_task(write([(" ", "a"), (" ", "b")], ("text", "label")))
    assert profile(write([(" ", "a"), (" ", "b")], ("text", "label"))).blank == {"text": 2}
    with pytest.raises(Cancelled):
        profile(write(ROWS), should_stop=lambda: True)


def test_folders_of_splits_are_one_task(tmp_path):
    for name, rows in {"train": "a\tx\nb\ty\n", "validation": "c\tx\n", "test": "d\ty\n"}.items():
        (tmp_path / f"{name}.tsv").write_text(f"text\tlabel\n{rows}")
    (tmp_path / "README.md").write_text("hello")
    task = open_task(str(tmp_path))
    assert task.frame["split"].tolist() == ["test", "train", "train", "dev"]
    found = profile(str(tmp_path))
    assert (found.format, found.use, found.rows) == ("folder", "task", 4)


def test_what_datasets_saved_opens_with_label_names(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"tweet": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    parts = {
        split: datasets.Dataset.from_dict(
            {"tweet": [f"ek {split}", "do"], "label": [0, 1]}, features=features
        )
        for split in ("train", "validation")
    }
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "saved"))
    task = open_task(str(tmp_path / "saved"))
    assert task.labels == ("bad", "good") and task.frame["split"].tolist() == ["train"] * 2 + ["dev"] * 2
    (tmp_path / "saved" / "train" / "state.json").write_text("{")
    with pytest.raises(DataError, match="damaged dataset"):
        open_task(str(tmp_path / "saved"))


def test_a_hub_id_without_network_says_so():
    with pytest.raises(DataError, match="not in the local cache"):
        open_task("nobody/no-such-set:config@main")


class TestTwins:
    def test_more_texts_than_are_kept_are_sampled_the_same_way_each_time(self):
        held = []
        for order in (1, -1):
            many = Twins(kept=50)
            for place in range(1_000)[::order]:
                many.add(LONG.format(place), "")
            assert not many.complete and many.checked == 50
            held.append({text for _, text, _, _ in many.sample()})
        assert len(held[0]) == 50 and held[0] == held[1]

    def test_normalising_is_that_of_the_duplicates(self):
        some = Twins()
        for text in ("Ek  DO", "ek do", "\uff25k do"):
            some.add(text, "train")
        assert normalise("\uff25k do") == "ek do"
        assert some.exact() == ({"train": 2}, {}) and some.exact_leaks() == 0
        assert twins.KEPT == 50_000
