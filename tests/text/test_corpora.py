"""The corpora that come with the lab: their shape, their cleanness, and what is held out."""

import pytest

from codemix_lab.errors import DataError
from codemix_lab.text import corpora
from codemix_lab.text.corpora import (
    held_out,
    open_corpus,
    starter_corpora,
    starter_corpus,
    starter_parallel,
    starter_sentences,
    training_lines,
)
from codemix_lab.text.duplicates import exact_duplicates, near_duplicates, normalise
from codemix_lab.text.pairs import PAIRS
from codemix_lab.text.readers import read_lines, read_table
from codemix_lab.text.readers.conll import read_sentences
from codemix_lab.text.tasks import STARTER, open_task, starter_tasks

LABELS = {"sentiment": {"negative", "neutral", "positive"}, "hate": {"hate", "none"}}
MIXED_PAIRS = [pair for pair in PAIRS if pair != "en"]
WANTED = {
    "en-hi.sentiment.tsv": 900,
    "en-es.sentiment.tsv": 450,
    "en-ta.sentiment.tsv": 300,
    "en-ml.sentiment.tsv": 300,
    "en.sentiment.tsv": 450,
    "en-hi.hate.tsv": 300,
    "en-es.hate.tsv": 200,
    "en-hi.unlabelled.txt": 1_500,
    "en-es.unlabelled.txt": 1_500,
    "en-ta.unlabelled.txt": 600,
    "en-ml.unlabelled.txt": 600,
    **{f"{pair}.tokens.tsv": 150 for pair in MIXED_PAIRS},
    **{f"{pair}.parallel.tsv": 400 for pair in MIXED_PAIRS},
}


def kind_of(name):
    return "hate" if name.endswith(".hate") else "sentiment"


def near_duplicate_share(texts):
    return len({pair.second for pair in near_duplicates(texts, 0.6)}) / len(texts)


@pytest.mark.parametrize("name", starter_tasks())
class TestStarterTasks:
    def test_it_opens_clean_with_the_labels_of_its_kind(self, name):
        task = open_task(name)
        assert set(task.labels) == LABELS[kind_of(name)]
        assert (task.name, task.pair, task.source) == (name, name.removesuffix(".hate"), name)
        assert task.warnings == ()
        assert task.card is not None and task.card.licence == "Apache-2.0"

    def test_every_split_has_every_label(self, name):
        task = open_task(name)
        for split in task.frame["split"].unique():
            assert set(task.split(split)["label"]) == set(task.labels)

    def test_few_near_duplicates_and_no_exact_ones(self, name):
        texts = open_task(name).frame["text"].tolist()
        assert exact_duplicates(texts) == [] and near_duplicate_share(texts) < 0.02


def test_the_tasks_of_the_pairs_come_first():
    assert starter_tasks("sentiment") == ("en-hi", "en-es", "en-ta", "en-ml", "en")
    assert starter_tasks()[:5] == starter_tasks("sentiment")
    assert set(starter_tasks("hate")) == {f"{pair}.hate" for pair in ("en-hi", "en-es")}


@pytest.mark.parametrize("name", WANTED)
def test_every_starter_file_holds_as_much_as_was_asked_for(name):
    if name.endswith(".tokens.tsv"):
        count = len(read_sentences(STARTER / name))
    else:
        count = len(read_lines(STARTER / name) if name.endswith(".txt") else read_table(STARTER / name))
    assert count >= WANTED[name]


@pytest.mark.parametrize("pair", MIXED_PAIRS)
class TestCompanions:
    def test_every_token_has_a_tag_of_the_pair(self, pair):
        found = starter_sentences(pair)
        assert {tag for one in found for tag in one.tags} == {"en", pair[3:], "other"}
        assert all(" " not in token and token for one in found for token in one.tokens)
        assert exact_duplicates([" ".join(one.tokens) for one in found]) == []

    def test_parallel_sentences_are_full_rows_and_no_row_is_there_twice(self, pair):
        frame = starter_parallel(pair)
        columns = ["english", "spanish"] if pair == "en-es" else ["english", "romanised", "native"]
        assert list(frame.columns) == columns
        assert (frame.map(str.strip) != "").all(axis=None)
        assert exact_duplicates(frame["english"].tolist()) == []
        if pair != "en-es":
            assert frame["romanised"].map(str.isascii).mean() > 0.9
            assert not frame["native"].map(str.isascii).any()


def test_a_companion_that_is_not_there_names_those_that_are():
    with pytest.raises(DataError, match="no tokens of “en”.*en-hi"):
        starter_sentences("en")


class TestOpenCorpus:
    def test_a_starter_name_or_any_file(self, tmp_path):
        assert open_corpus("en-hi") == starter_corpus("en-hi")
        (tmp_path / "t.jsonl").write_text('{"tweet": "kya baat"}\n{"tweet": " "}\n{"tweet": "bas"}\n')
        assert open_corpus(str(tmp_path / "t.jsonl")) == ["kya baat", "bas"]
        (tmp_path / "t.csv").write_text("id,n\n1,2\n")
        with pytest.raises(DataError, match="no text column"):
            open_corpus(str(tmp_path / "t.csv"))

    def test_a_task_is_a_corpus_too(self):
        assert open_corpus("en") == open_task("en").frame["text"].tolist()


@pytest.mark.parametrize("name", starter_corpora())
def test_corpora_are_clean(name):
    lines = starter_corpus(name)
    assert exact_duplicates(lines) == [] and near_duplicate_share(lines) < 0.02
    assert all(line == line.strip() and "\t" not in line for line in lines)


@pytest.mark.parametrize("pair", [name for name in starter_corpora() if name in PAIRS])
def test_unlabelled_text_holds_no_dev_or_test_text(pair):
    lines = starter_corpus(pair)
    tasks = [open_task(name).frame for name in starter_tasks() if name.split(".")[0] == pair]
    scored = [text for frame in tasks for text in frame.loc[frame["split"] != "train", "text"]]
    assert not {normalise(line) for line in lines} & {normalise(text) for text in scored}
    border = len(lines)
    assert [one for one in near_duplicates(lines + scored, 0.6) if one.first < border <= one.second] == []


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
        with pytest.raises(DataError, match="No starter corpus is called “mono.es”"):
            starter_corpus("mono.es")


def test_the_folder_is_inside_the_package():
    assert STARTER.is_dir()
