"""The page Data: what was recognised, tagged sentences, two corpora, the mixer, and the way to the bench."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from codemix_lab.text.readers import read_lines
from codemix_lab.ui import tagged
from codemix_lab.ui.data import measured
from codemix_lab.ui.figures import corpora
from codemix_lab.ui.uploads import keep_upload, kept_uploads

Open = Callable[..., AppTest]
PAGE = "pages/0_Data.py"


def titles(at: AppTest) -> list[str]:
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


def markup(at: AppTest) -> str:
    return " ".join(element.proto.body for element in at.get("html"))


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_a_task_is_shown_with_tags_labels_lengths_and_mixing(bench: dict[str, str], opened: Open) -> None:
    at = opened(PAGE, {**bench, "task": "en-ta", "data": "en-ta"})
    assert not at.exception
    assert not at.error
    assert [title.split(":")[0] for title in titles(at)[1:]] == ["Length", "Mixing"]
    assert "is the commonest label" in titles(at)[0]
    assert metrics(at)["Labels"] == "3" and float(metrics(at)["Code-mixing index"]) > 10
    assert '<span class="w1" title="ta">' in markup(at) and "English" in markup(at)
    assert any("column" not in d.value and "measure" in d.value for d in at.dataframe)


def test_a_file_goes_to_the_bench_by_one_button(
    bench: dict[str, str], small_task: Path, opened: Open
) -> None:
    at = opened(PAGE, {**bench, "task": "en-hi", "data": str(small_task)})
    assert any("CSV" in caption.value for caption in at.caption)
    at.button(key="use-this").click().run()
    assert not at.exception
    assert at.selectbox(key="task").value == str(small_task)
    assert at.button(key="use-this").disabled


@pytest.mark.parametrize("page", ["pages/2_Fine-tune.py", "pages/4_Errors.py"])
def test_the_task_is_there_on_the_next_page(
    bench: dict[str, str], small_task: Path, opened: Open, page: str
) -> None:
    kept = str(keep_upload("dropped.en-hi.csv", small_task.read_bytes()))
    at = opened(PAGE, {**bench, "task": "en-hi", "data": kept})
    at.button(key="use-this").click().run()
    at.switch_page(page).run()
    assert not at.exception
    assert at.selectbox(key="task").value == kept


def test_running_text_goes_to_adapt_by_an_address(
    bench: dict[str, str], tmp_path: Path, opened: Open
) -> None:
    path = tmp_path / "own & kept.en-hi.txt"
    path.write_text("yaar kal milte hain at the station\nthoda late ho jaunga sorry\n" * 20)
    at = opened(PAGE, {**bench, "data": str(path)})
    assert not at.exception and not any(button.key == "use-this" for button in at.button)
    way = next(m for m in (element.proto.body for element in at.get("html")) if "./Adapt?" in m)
    address = html.unescape(way.split('href="')[1].split('"')[0])
    query = parse_qs(urlsplit(address).query)
    assert query["corpora"] == [str(path)] and query["base"] == [bench["base"]]
    there = opened("pages/1_Adapt.py", {name: values[0] for name, values in query.items()})
    assert not there.exception
    assert there.multiselect(key="corpora").value == [str(path)]


def test_a_mixture_stands_beside_the_text_that_is_shown(bench: dict[str, str], opened: Open) -> None:
    at = opened(PAGE, {**bench, "data": "corpus:en-hi", "mix-pair": "en-hi"})
    assert not at.exception
    table = next(d.value for d in at.dataframe if "this mixture" in d.value)
    assert list(table.columns) == ["measure", "en-hi, unlabelled", "this mixture", "difference"]
    wanted = {"cmi", "m index", "i index", "burstiness", "matrix language en", "matrix language hi"}
    assert wanted <= set(table["measure"])
    other = opened(PAGE, {**bench, "data": "corpus:en-hi", "mix-pair": "en-es"})
    assert not any("this mixture" in d.value for d in other.dataframe)


def test_a_mixture_is_kept_for_adapt(bench: dict[str, str], opened: Open) -> None:
    at = opened(PAGE, {**bench, "data": "corpus:en-hi", "mix-pair": "en-es"})
    at.button(key="mix-keep").click().run()
    assert not at.exception
    (path,) = kept_uploads("corpora")
    assert quote_plus(path) in markup(at) and "en-es.alternation-0.25-0" in path
    assert len(read_lines(Path(path))) == 400
    adapt = opened("pages/1_Adapt.py", {**bench, "corpora": path})
    assert adapt.multiselect(key="corpora").value == [path]


def test_two_corpora_stand_side_by_side(bench: dict[str, str], opened: Open) -> None:
    at = opened(PAGE, {**bench, "data": "corpus:en-ml", "beside": "en-ml"})
    assert not at.exception
    assert [title.split(":")[0] for title in titles(at)] == ["Length", "Mixing"]
    table = next(d.value for d in at.dataframe if "difference" in d.value)
    assert list(table.columns) == ["measure", "en-ml, unlabelled", "en-ml", "difference"]
    assert metrics(at)["Labels"] == "none"


def test_markup_in_a_text_is_shown_and_not_obeyed(
    bench: dict[str, str], tmp_path: Path, opened: Open
) -> None:
    path = tmp_path / "bad.en-hi.txt"
    path.write_text("yeh <img src=x onerror=alert(1)> kya hai\n$x$ :red[theek] hai\n\u202eulta hai yaar\n")
    at = opened(PAGE, {**bench, "data": str(path)})
    assert not at.exception
    assert "<img" not in markup(at) and "&lt;" in markup(at)


def test_what_cannot_be_read_is_said(bench: dict[str, str], tmp_path: Path, opened: Open) -> None:
    at = opened(PAGE, {**bench, "data": str(tmp_path / "no.tsv")})
    assert not at.exception
    assert "does not exist" in at.error[0].value


def test_the_mixer_answers_its_dials(bench: dict[str, str], opened: Open) -> None:
    at = opened(PAGE, {**bench, "data": "corpus:en-es", "mix-pair": "en-es"})
    before = markup(at)
    at.slider(key="mix-index").set_value(0.05).run()
    assert not at.exception
    assert markup(at) != before
    assert any("Asked for an index of 0.05" in caption.value for caption in at.caption)


def test_words_are_escaped_and_marked_by_language() -> None:
    made = tagged.table([([("<b>", "other"), ("kya", "hi"), ("ok", "en")], ("CMI 50",))], ("en", "hi"))
    assert "&lt;b&gt;" in made and "<b>" not in made
    assert (
        '<span class="w1" title="hi">kya</span>' in made and '<span class="w0" title="en">ok</span>' in made
    )


def test_measures_become_a_table_with_their_difference() -> None:
    table = measured({"real": {"cmi": 20.0, "m_index": None}, "made": {"cmi": 22.5, "m_index": 0.5}})
    assert table["difference"].tolist()[0] == 2.5 and pd.isna(table["difference"].tolist()[1])


def test_a_spread_names_each_corpus() -> None:
    figure = corpora.shares({"<a>": [0.5, 0.5], "b": [1.0, 0.0]}, ["0", "1"], "Length", "words")
    assert [trace.name for trace in figure.data] == ["&lt;a&gt;", "b"]
