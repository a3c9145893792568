"""Real sets open with no option, and their splits are those that were published."""

import pytest

from codemix_lab.text.readers import read_lines
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
LINES = {"cpt/en-hi.top": 9_681, "cpt/en-es.bangor": 35_231, "mono/hi": 39_716, "mono/en": 80_743}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_task_opens_with_no_option(real_data, name):
    task = open_task(str(real_data / "tasks" / f"{name}.tsv.gz"))
    counts, labels = PUBLISHED[name]
    assert tuple((task.frame["split"] == split).sum() for split in ("train", "dev", "test")) == counts
    assert set(task.labels) == labels
    assert (task.name, task.pair) == (name, name.split(".")[0])


def test_no_task_file_is_left_out(real_data):
    assert {path.name.removesuffix(".tsv.gz") for path in (real_data / "tasks").iterdir()} == set(PUBLISHED)


@pytest.mark.parametrize("name", ["fire2020.en-ta.sentiment.tsv", "fire2020.en-ml.sentiment.tsv"])
def test_a_set_as_it_is_distributed_opens_too(real_data, name):
    task = open_task(str(real_data / "raw" / name))
    assert task.pair == name.split(".")[1] and set(task.labels) >= {"Positive", "Negative"}
    assert set(task.frame["split"]) == {"train", "dev", "test"}


@pytest.mark.parametrize("name", LINES)
def test_running_text_is_read_line_by_line(real_data, name):
    assert len(read_lines(real_data / f"{name}.txt.gz")) == LINES[name]
