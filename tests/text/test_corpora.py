"""The corpora that come with the lab: their shape, their cleanness, and what is held out."""

import pytest

from codemix_lab.errors import DataError
from codemix_lab.text import corpora
from codemix_lab.text.corpora import held_out, starter_corpora, starter_corpus, training_lines
from codemix_lab.text.duplicates import exact_duplicates, near_duplicates, normalise
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.tasks import STARTER, open_task, starter_tasks

SENTIMENT = ("negative", "neutral", "positive")
SIZES = {
    "en-hi": {"train": 500, "dev": 200, "test": 200},
    "en-es": {"train": 50, "dev": 30, "test": 70},
    "en-ta": {"train": 140, "dev": 60, "test": 100},
    "en-ml": {"train": 140, "dev": 60, "test": 100},
}


def near_duplicate_share(texts):
    return len({pair.second for pair in near_duplicates(texts, 0.6)}) / len(texts)


@pytest.mark.parametrize("name", SIZES)
class TestStarterTasks:
    def test_counts_labels_and_splits(self, name):
        task = open_task(name)
        assert task.frame["split"].value_counts().to_dict() == SIZES[name]
        assert set(task.labels) <= set(SENTIMENT) and {"negative", "positive"} <= set(task.labels)
        assert (task.name, task.pair, task.source, task.warnings) == (name, name, name, ())

    def test_every_split_has_every_label(self, name):
        task = open_task(name)
        assert all(set(task.split(split)["label"]) == set(task.labels) for split in SIZES[name])

    def test_few_near_duplicates_and_no_exact_ones(self, name):
        texts = open_task(name).frame["text"].tolist()
        assert exact_duplicates(texts) == [] and near_duplicate_share(texts) < 0.02


def test_the_tasks_are_those_promised():
    assert starter_tasks() == tuple(SIZES)


@pytest.mark.parametrize("name", starter_corpora())
def test_corpora_are_clean(name):
    lines = starter_corpus(name)
    assert exact_duplicates(lines) == [] and near_duplicate_share(lines) < 0.02
    assert all(line == line.strip() and "\t" not in line for line in lines)


def test_the_unlabelled_corpus_has_1500_lines():
    assert len(starter_corpus("en-hi")) == 1_500


def test_unlabelled_text_holds_no_dev_or_test_text():
    lines = starter_corpus("en-hi")
    frame = open_task("en-hi").frame
    scored = frame.loc[frame["split"] != "train", "text"].tolist()
    assert not {normalise(line) for line in lines} & {normalise(text) for text in scored}
    border = len(lines)
    assert [pair for pair in near_duplicates(lines + scored, 0.6) if pair.first < border <= pair.second] == []


@pytest.mark.parametrize("pair", [*PAIRS, None])
def test_held_out_is_64_distinct_sentences_of_each_kind_and_always_the_same(pair):
    held = held_out(pair)
    for sentences in (held.code_mixed, held.monolingual):
        assert len(sentences) == len(set(sentences)) == 64
    assert held_out(pair) == held


def test_what_is_held_out_is_not_trained_on():
    for pair in [*PAIRS, None]:
        held = held_out(pair)
        for name in starter_corpora():
            assert not set(training_lines(name)) & {*held.code_mixed, *held.monolingual}


def test_little_is_lost_to_holding_out():
    assert len(training_lines("en-hi")) == len(starter_corpus("en-hi")) - 64


class TestWithSmallCorpora:
    """The rules of `held_out` on made-up files, whatever the shipped corpora are."""

    @pytest.fixture(autouse=True)
    def small(self, tmp_path, monkeypatch):
        monkeypatch.setattr(corpora, "STARTER", tmp_path)
        for name in ("en-hi.unlabelled", "mono.en", "mono.es", "mono.hi", "mono.hi-latn"):
            (tmp_path / f"{name}.txt").write_text("".join(f"{name} {place}\n" for place in range(80)))

    def test_monolingual_text_comes_in_equal_parts(self):
        kinds = [line.split()[0] for line in held_out("en-hi").monolingual]
        assert kinds[:4] == ["mono.en", "mono.hi", "mono.hi-latn", "mono.en"]
        assert [kinds.count(kind) for kind in ("mono.en", "mono.hi", "mono.hi-latn")] == [22, 21, 21]

    def test_line_order_does_not_matter(self, tmp_path):
        before = held_out("en-hi")
        file = tmp_path / "en-hi.unlabelled.txt"
        file.write_text("\n".join(reversed(file.read_text().split("\n"))))
        assert held_out("en-hi") == before

    def test_training_lines_keep_their_order(self):
        lines = training_lines("mono.en")
        assert len(lines) == 16 and lines == sorted(lines, key=lambda line: int(line.split()[1]))

    def test_unknown_names_are_told_the_nearest(self):
        with pytest.raises(DataError, match=r"Did you mean mono\.(en|es).*Starter corpora: en-hi"):
            starter_corpus("mono.ens")
        with pytest.raises(DataError, match="Choose one of en-hi"):
            held_out("en-fr")

    def test_a_missing_file_is_a_data_error(self, tmp_path):
        (tmp_path / "mono.es.txt").unlink()
        with pytest.raises(DataError, match="does not exist"):
            starter_corpus("mono.es")


def test_the_folder_is_inside_the_package():
    assert STARTER.is_dir()
