"""Real sets open with no option, and their splits are those that were published."""

import pytest

from codemix_lab.text.corpora import open_corpus
from codemix_lab.text.profile import profile
from codemix_lab.text.readers import open_table, read_lines, read_table
from codemix_lab.text.readers.conll import read_sentences
from codemix_lab.text.tasks import open_task

pytestmark = pytest.mark.real

FIRE = {"Positive", "Negative", "Mixed_feelings", "unknown_state"}
SENTIMENT = {"negative", "neutral", "positive"}
PUBLISHED = {
    "en-hi.sentiment.sentimix2020": ((13_542, 3_000, 3_000), SENTIMENT),
    "en-hi.sentiment.sail2017": ((9_782, 1_260, 870), SENTIMENT),
    "en-hi.hate.bohra2018": ((3_180, 437, 939), {"hate", "none"}),
    "en-es.sentiment.vilares2016": ((1_844, 231, 0), SENTIMENT),
    "en-es.sentiment.sentimix2020": ((10_335, 1_442, 2_928), SENTIMENT),
    "en-ta.sentiment.fire2020": ((11_125, 1_260, 3_118), FIRE | {"not-Tamil"}),
    "en-ml.sentiment.fire2020": ((4_824, 540, 1_321), FIRE | {"not-malayalam"}),
    "en.sentiment.umsab": ((1_839, 324, 870), SENTIMENT),
}
RAW = {
    "bohra2018.en-hi.hate.tsv": ("tsv", 333, {"no": 259, "yes": 74}),
    "gluecos.en-es.sentiment.txt": ("tsv", 231, {"negative": 58, "neutral": 105, "positive": 68}),
    "sentimix2020.en-hi.conll.txt": ("sentimix", 246, {"negative": 78, "neutral": 83, "positive": 85}),
    "sentimix2020.en-es.conll.txt": ("sentimix", 393, {"negative": 118, "neutral": 165, "positive": 110}),
    "fire2020.en-ml.sentiment.tsv": (
        "tsv",
        540,
        {"Mixed_feelings": 44, "Negative": 51, "Positive": 224, "not-malayalam": 60, "unknown_state": 161},
    ),
    "fire2020.en-ta.sentiment.tsv": (
        "tsv",
        561,
        {"Mixed_feelings": 62, "Negative": 83, "Positive": 381, "not-Tamil": 14, "unknown_state": 21},
    ),
}
LINES = {
    "cpt/en-hi.cmudog": 7_709,
    "cpt/en-hi.top": 9_681,
    "cpt/en-hi.hinglid": 12_574,
    "cpt/en-hi.hinglishnorm": 10_638,
    "cpt/en-hi.swami2018": 8_718,
    "cpt/en-hi.trac1": 10_562,
    "cpt/en-es.bangor": 35_231,
    "cpt/en-es.calcs": 28_434,
    "cpt/en-es.lid": 7_162,
    "mono/en": 80_743,
    "mono/es": 16_485,
    "mono/hi": 39_716,
    "mono/ta": 3_412,
    "mono/ml": 3_303,
}
PARALLEL = {
    "en-hi.top.en_codemixed": 4_017,
    "en-hi.cmudog": 7_533,
    "en-hi.indian": 3_166,
    "en-ta.indian": 4_073,
    "en-ml.indian": 3_687,
}
TOKENS = {
    "en-hi.lid": (2_098, 500),
    "en-hi.pos": (1_294, 197),
    "en-hi.ner": (2_458, 306),
    "en-es.lid": (7_192, 824),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_task_opens_with_no_option(real_data, name):
    task = open_task(str(real_data / "tasks" / f"{name}.tsv.gz"))
    counts, labels = PUBLISHED[name]
    assert tuple((task.frame["split"] == split).sum() for split in ("train", "dev", "test")) == counts
    assert set(task.labels) == labels
    assert (task.name, task.pair) == (name, name.split(".")[0])


def test_no_file_is_left_out(real_data):
    assert {path.name.removesuffix(".tsv.gz") for path in (real_data / "tasks").iterdir()} == set(PUBLISHED)
    assert {path.name for path in (real_data / "raw").iterdir()} == set(RAW)


@pytest.mark.parametrize("name", RAW)
def test_a_set_as_it_is_distributed_is_recognised_and_opens(real_data, name):
    kind, rows, labels = RAW[name]
    found = profile(str(real_data / "raw" / name))
    assert (found.format, found.rows, found.labels, found.use) == (kind, rows, labels, "task")
    task = open_task(str(real_data / "raw" / name))
    pair = name.split(".")[1]
    assert task.pair == found.pair == pair and len(task.frame) == rows
    assert set(task.frame["split"]) == {"train", "dev", "test"}


def test_a_plain_tsv_with_stray_quotes_loses_nothing(real_data):
    for name in PUBLISHED:
        path = real_data / "tasks" / f"{name}.tsv.gz"
        table = open_table(path)
        assert not table.recognised.quoted and table.recognised.header
        assert len(read_table(path)) == sum(PUBLISHED[name][0])


def test_mojibake_of_sentimix_is_mended(real_data):
    task = open_task(str(real_data / "tasks" / "en-hi.sentiment.sentimix2020.tsv.gz"))
    assert any("with mojibake mended" in warning for warning in task.warnings)
    left = task.frame["text"].str.contains("ðŸ")
    assert left.sum() <= 1, "all but one, which was cut in the middle of a character"


@pytest.mark.parametrize("name", LINES)
def test_running_text_is_read_line_by_line(real_data, name):
    path = real_data / f"{name}.txt.gz"
    assert len(read_lines(path)) == len(open_corpus(str(path))) == LINES[name]


@pytest.mark.parametrize("name", PARALLEL)
def test_parallel_text_is_two_columns_without_header(real_data, name):
    assert read_table(real_data / "parallel" / f"{name}.tsv.gz").shape == (PARALLEL[name], 2)


@pytest.mark.parametrize("name", TOKENS)
def test_token_files_are_sentences_whose_tokens_all_have_tags(real_data, name):
    for split, count in zip(("train", "dev"), TOKENS[name], strict=True):
        path = real_data / "tokens" / f"{name}.gluecos.{split}.conll.gz"
        found = read_sentences(path)
        assert len(found) == len(read_table(path)) == count
        assert all(tag for one in found for tag in one.tags)
