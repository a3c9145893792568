"""Opening tasks: good files, and every bad one said clearly."""

import gzip
import json

import pandas as pd
import pytest

from codemix_lab.config import TaskSpec
from codemix_lab.errors import DataError
from codemix_lab.text.tasks import open_task, shared_labels

GOOD = [
    ("train", "ek accha din", "positive"),
    ("train", "do bura din", "negative"),
    ("dev", "teen theek", "positive"),
    ("test", "chaar bas", "negative"),
]


@pytest.fixture
def table(tmp_path):
    def write(rows, columns=("split", "text", "label"), name="my.en-hi.tsv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join("\t".join(map(str, row)) for row in [columns, *rows]) + "\n")
        return str(path)

    return write


def many(count, labels=("a", "b")):
    return [(f"sentence number {place}", labels[place % len(labels)]) for place in range(count)]


def refusal(spec):
    with pytest.raises(DataError) as caught:
        open_task(spec)
    return str(caught.value)


def test_a_good_file_opens_with_no_option_and_no_warning(table):
    source = table(GOOD)
    task = open_task(source)
    assert task.frame.values.tolist() == [list(row) for row in GOOD]
    assert list(task.frame.columns) == ["split", "text", "label"] and isinstance(
        task.frame.index, pd.RangeIndex
    )
    assert (task.name, task.pair, task.source) == ("my.en-hi", "en-hi", source)
    assert task.labels == ("negative", "positive") and task.warnings == ()


def test_splits_are_told_apart_and_an_unknown_one_names_those_there_are(table):
    task = open_task(table(GOOD[:3]))
    assert task.split("dev").index.tolist() == [2]
    with pytest.raises(DataError, match="no split “test”; it has train, dev"):
        task.split("test")


def test_the_digest_knows_the_content_only(table):
    first = open_task(table(GOOD))
    elsewhere = open_task(table(GOOD, name="other.tsv"))
    columns = ("Text", "CATEGORY", "set", "n")
    reordered = open_task(table([(text, label, split.upper(), 1) for split, text, label in GOOD], columns))
    changed = open_task(table([*GOOD[:3], ("test", "chaar bas", "positive")]))
    assert first.digest == elsewhere.digest == reordered.digest and len(first.digest) == 64
    assert changed.digest != first.digest


@pytest.mark.parametrize("text", ["text", "Sentence", "TWEET", "content", "comment", " utterance "])
@pytest.mark.parametrize("label", ["label", "Labels", "sentiment", "Category", "class", "TARGET"])
def test_columns_are_found_by_name_whatever_the_case(table, text, label):
    assert open_task(table([row[1:] for row in GOOD], (text, label))).labels == ("negative", "positive")


def test_the_first_known_name_wins_and_a_told_column_wins_over_it(table):
    rows = [(text, "extra " + text, label, split) for split, text, label in GOOD]
    source = table(rows, ("tweet", "text", "label", "fold"))
    assert open_task(source).frame["text"][0] == "extra ek accha din"
    assert open_task(TaskSpec(source, text_column="Tweet")).frame["text"][0] == "ek accha din"


def test_split_values_are_read_in_their_usual_spellings(table):
    splits = ["Train", "training", "DEV", "val", "valid", "validation", "Test"]
    rows = [(split, f"text {place}", "ab"[place % 2]) for place, split in enumerate(splits)]
    assert open_task(table(rows)).frame["split"].tolist() == ["train"] * 2 + ["dev"] * 4 + ["test"]


class TestColumnsThatAreNotThere:
    def test_text(self, table):
        message = refusal(table([("x", "a"), ("y", "b")], ("review", "label")))
        assert "no text column" in message and "“review”, “label”" in message and "--text-column" in message

    def test_label(self, table):
        message = refusal(table([("x", "a"), ("y", "b")], ("text", "stars")))
        assert "no label column" in message and "“stars”" in message and "--label-column" in message

    def test_told(self, table):
        message = refusal(TaskSpec(table(GOOD), text_column="texte"))
        assert (
            "no column “texte”" in message
            and "Did you mean “text”?" in message
            and "--text-column" in message
        )

    def test_told_split(self, table):
        assert "--split-column" in refusal(TaskSpec(table(GOOD), split_column="part"))

    def test_the_same_column_twice(self, table):
        assert "both text and label" in refusal(TaskSpec(table(GOOD), text_column="label"))

    def test_a_long_header_is_shortened(self, table):
        message = refusal(table([["x"] * 300], ["c" * 500, *(f"c{place}" for place in range(299))]))
        assert "and 280 more" in message and len(message) < 1_000


class TestSplitsMadeByHash:
    def test_they_are_80_10_10_in_every_label(self, table):
        task = open_task(table(many(400), ("text", "label")))
        counts = task.frame.groupby(["label", "split"]).size().to_dict()
        assert counts == {
            (label, split): n for label in "ab" for split, n in [("train", 160), ("dev", 20), ("test", 20)]
        }
        assert any("No split column" in warning for warning in task.warnings)

    def test_row_order_does_not_matter(self, table):
        rows = many(100)
        one = open_task(table(rows, ("text", "label"))).frame.set_index("text")["split"]
        other = open_task(table(rows[::-1], ("text", "label"))).frame.set_index("text")["split"]
        assert one.sort_index().equals(other.sort_index())

    def test_equal_texts_stay_together_even_under_other_labels(self, table):
        rows = [
            (f"{'Kya  Baat' if copy else 'kya baat'} {place}", "abc"[copy])
            for place in range(60)
            for copy in range(3)
        ]
        task = open_task(table(rows, ("text", "label")))
        assert not any("found in" in warning for warning in task.warnings)

    def test_the_rarest_labels(self, table):
        rows = [*many(20), *((f"c {place}", "c") for place in range(3)), ("d 1", "d"), ("d 2", "d")]
        frame = open_task(table(rows, ("text", "label"))).frame
        assert set(frame.loc[frame["label"] == "c", "split"]) == {"train", "dev", "test"}
        assert set(frame.loc[frame["label"] == "d", "split"]) == {"train"}

    def test_a_fold_column_of_numbers_is_not_taken_for_splits(self, table):
        rows = [(place % 5, text, label) for place, (text, label) in enumerate(many(50))]
        source = table(rows, ("fold", "text", "label"))
        task = open_task(source)
        assert set(task.frame["split"]) == {"train", "dev", "test"} and "“0”, “1”, “2”" in task.warnings[0]
        assert "Only train, dev" in refusal(TaskSpec(source, split_column="fold"))

    def test_one_strange_split_among_good_ones_is_an_error(self, table):
        assert "“dve”" in refusal(table([*GOOD, ("dve", "paanch", "positive")]))
        assert "blank cells" in refusal(table([*GOOD, ("", "paanch", "positive")]))


class TestLabels:
    def test_one_class(self, table):
        message = refusal(table([("ek", "a"), ("do", "a")], ("text", "label")))
        assert "“a”" in message and "two labels or more" in message

    def test_fifty_are_enough_and_five_hundred_too_many(self, table):
        assert len(open_task(table(many(100, range(50)), ("text", "label"))).labels) == 50
        message = refusal(table(many(600, range(500)), ("text", "label")))
        assert "500 different values" in message and "--label-column" in message

    def test_blanks_are_dropped_and_counted(self, table):
        rows = [
            *GOOD,
            ("train", "paanch", " "),
            ("train", "chhe", ""),
            ("train", "  ", "positive"),
            ("train", "", ""),
        ]
        task = open_task(table(rows))
        assert len(task.frame) == 4 and task.frame.index.tolist() == [0, 1, 2, 3]
        assert task.warnings == ("2 rows without text dropped.", "2 rows without label dropped.")

    def test_nothing_but_blanks(self, table):
        assert "no row has both" in refusal(table([("ek", ""), ("", "a")], ("text", "label")))

    def test_a_few_floats_are_labels_and_many_are_scores(self, table, tmp_path):
        assert open_task(table(many(30, (0.0, 1.0, -1.0)), ("text", "label"))).labels == (
            "-1.0",
            "0.0",
            "1.0",
        )
        assert "scores" in refusal(table(many(90, [n / 7 for n in range(90)]), ("text", "label")))
        path = tmp_path / "floats.jsonl"
        path.write_text(
            "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in many(30, (0.5, 1)))
        )
        assert open_task(str(path)).labels == ("0.5", "1")

    def test_a_train_split_without_some_class_is_warned_of(self, table):
        rows = [("train", "ek", "a"), ("train", "do", "b"), ("test", "teen", "c"), ("test", "chaar", "a")]
        assert open_task(table(rows)).warnings == ("No train sentence has the label c.",)

    def test_test_only_tasks_are_welcome(self, table):
        assert open_task(table([("test", "ek", "a"), ("test", "do", "b")])).warnings == ()


def test_a_text_of_100_000_characters_is_cut_and_counted(table):
    task = open_task(table([*GOOD, ("train", "ह" * 100_000, "positive")]))
    assert task.frame["text"].str.len().max() == 5_000
    assert task.warnings == ("1 text longer than 5,000 characters cut there.",)


def test_duplicates_across_splits_are_warned_of_and_counted(table):
    rows = [
        *GOOD,
        ("test", "Ek  ACCHA din", "positive"),
        ("test", "do bura din", "negative"),
        ("dev", "chaar bas", "negative"),
    ]
    assert open_task(table(rows)).warnings == (
        "2 texts found in train and test: scores may be too good.",
        "1 text found in dev and test: scores may be too good.",
    )


class TestNames:
    @pytest.mark.parametrize(
        ("typed", "nearest"), [("en-hy", "en-hi"), ("EN_TA", "en-ta"), ("enes", "en-es")]
    )
    def test_an_unknown_starter_names_the_nearest(self, typed, nearest):
        message = refusal(typed)
        assert (
            nearest in message.split("Did you mean ")[1].split("?")[0]
            and "Starter tasks: en-hi, en-es" in message
        )

    @pytest.mark.parametrize("source", ["", "zzzzzzzz", "~nobody/here", "nul\0", "../no/such/place"])
    def test_names_that_resemble_nothing(self, source):
        assert "Starter tasks: en-hi" in refusal(source)

    def test_a_missing_file_is_said_to_be_missing(self, tmp_path):
        assert "does not exist" in refusal(str(tmp_path / "no.tsv"))

    def test_a_folder(self, tmp_path):
        assert refusal(str(tmp_path)).startswith(str(tmp_path))

    def test_a_path_object_in_a_spec(self, table, tmp_path):
        table(GOOD)
        assert open_task(TaskSpec(tmp_path / "my.en-hi.tsv")).name == "my.en-hi"

    def test_compressed_endings_leave_the_name(self, tmp_path):
        with gzip.open(tmp_path / "Reviews.CSV.gz", "wt") as out:
            out.write("text,label\nek,a\ndo,b\n")
        assert open_task(str(tmp_path / "Reviews.CSV.gz")).name == "Reviews"


class TestTransfer:
    def test_shared_labels_ignore_case(self, table):
        one = open_task(
            table([("ek", "Positive"), ("do", "Negative"), ("teen", "not-Tamil")], ("text", "label"))
        )
        other = open_task(
            table([("ek", "positive"), ("do", "negative"), ("teen", "neutral")], ("text", "label"))
        )
        assert shared_labels([one, other]) == ("negative", "positive")
        assert shared_labels([one]) == ("negative", "not-tamil", "positive") and shared_labels([]) == ()

    def test_a_restricted_task_keeps_only_these_labels_in_lower_case(self, table):
        task = open_task(
            table([("ek", "Positive"), ("do", "Neutral"), ("teen", "Negative")], ("text", "label"))
        )
        small = task.restricted_to(["negative", "POSITIVE"])
        assert small.labels == ("negative", "positive") and small.frame["text"].tolist() == ["ek", "teen"]
        assert small.digest != task.digest and small.frame.index.tolist() == [0, 1]
        with pytest.raises(DataError, match="its labels are Negative, Neutral, Positive"):
            task.restricted_to(["hate", "neutral"])
